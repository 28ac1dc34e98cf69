package io.catena.vhd;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A raw file or a fixed disk: all sectors are present, each at its own offset. */
public final class FlatLayer implements Layer {
    private final BlockFile file;
    private final long sizeBytes;

    /** Whether something was written that no flush followed. */
    private volatile boolean changed;

    /** Why what was written may not be there any more, though it is read; null if all syncs succeeded. */
    private volatile @Nullable IOException lost;

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
        larger.lost = lost;
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

    /**
     * Makes durable what was written. After a sync that failed the system may have dropped what it could not write, so that the next would
     * succeed without it: all flushes fail from then on, until the file is opened anew.
     */
    @Override
    public void flush() throws IOException {
        IOException earlier = lost;
        if (earlier != null) {
            throw new IOException(
                    file.name()
                            + ": what was written before could not be made durable; detach the disk and attach it"
                            + " again: " + earlier.getMessage(),
                    earlier);
        }
        changed = false;
        try {
            file.sync();
        } catch (IOException e) {
            lost = e;
            throw e;
        }
    }

    @Override
    public void complete() {
        try {
            if (changed) {
                flush();
            }
        } catch (IOException e) {
            // Told when it is closed.
        }
    }

    @Override
    public void close() throws IOException {
        try (file) {
            if (changed || lost != null) {
                flush();
            }
        }
    }
}
