package io.catena.vhd;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A raw file or a fixed disk: all sectors are present, each at its own offset. */
public final class FlatLayer implements Layer {
    private final BlockFile file;
    private final long sizeBytes;

    /** Whether something was written that no flush followed. */
    private volatile boolean changed;

    /**
     * @param file closed by {@link #close}
     * @param sizeBytes size of the virtual disk; what the file holds behind it is left alone
     */
    public FlatLayer(BlockFile file, long sizeBytes) {
        this.file = file;
        this.sizeBytes = sizeBytes;
    }

    /** Returns the same file as a larger disk, which takes the place of this; in memory, while nothing else is done with it. */
    public FlatLayer grown(long largerBytes) {
        FlatLayer larger = new FlatLayer(file, largerBytes);
        larger.changed = changed;
        return larger;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public long run(long offset, long maxBytes) {
        return maxBytes;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        int length = target.remaining();
        file.read(offset, target);
        int missing = target.remaining();
        boolean isEndOfDisk = offset + length == sizeBytes;
        if (missing >= SparseLayout.SECTOR || !isEndOfDisk) {
            file.readFully(offset + length - missing, target);
        }
        // A raw file need not fill its last sector.
        target.put(new byte[target.remaining()]);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        changed = true;
        file.write(offset, source);
    }

    @Override
    public Place place(long offset) {
        return new Place(file, offset);
    }

    @Override
    public BlockFile.Taken takeFrom(Place source, long offset, int lengthBytes) throws IOException {
        changed = true;
        return file.takeFrom(source.file(), source.offset(), offset, lengthBytes);
    }

    @Override
    public void zero(long offset, long lengthBytes) throws IOException {
        changed = true;
        file.punchHole(offset, lengthBytes);
    }

    @Override
    public boolean givesSpaceBack() {
        return file.punchesHoles();
    }

    @Override
    public long blockBytes() {
        return 0;
    }

    @Override
    public void giveUp(long offset) {
        throw new UnsupportedOperationException(file.name() + " has no blocks");
    }

    @Override
    public void flush() throws IOException {
        changed = false;
        file.sync();
    }

    @Override
    public void complete() {
        if (changed) {
            try {
                flush();
            } catch (IOException e) {
                changed = true;
            }
        }
    }

    @Override
    public void close() throws IOException {
        try (file) {
            if (changed) {
                flush();
            }
        }
    }
}
