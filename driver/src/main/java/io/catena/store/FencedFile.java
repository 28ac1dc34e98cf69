package io.catena.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A file of a {@link FencedStorage}, open for writing. */
final class FencedFile implements BlockFile {
    private final BlockFile file;
    private final FencedStorage fence;

    FencedFile(BlockFile file, FencedStorage fence) {
        this.file = file;
        this.fence = fence;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        file.read(offset, target);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        fence.checkKnown();
        file.write(offset, source);
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public void truncate(long size) throws IOException {
        fence.checkKnown();
        file.truncate(size);
    }

    @Override
    public void punchHole(long offset, long lengthBytes) throws IOException {
        fence.checkKnown();
        file.punchHole(offset, lengthBytes);
    }

    @Override
    public boolean punchesHoles() {
        return file.punchesHoles();
    }

    @Override
    public Taken takeFrom(BlockFile source, long sourceOffset, long offset, long lengthBytes) throws IOException {
        fence.checkKnown();
        return file.takeFrom(
                source instanceof FencedFile other ? other.file : source, sourceOffset, offset, lengthBytes);
    }

    @Override
    public boolean writeOut(long offset, long lengthBytes) throws IOException {
        return file.writeOut(offset, lengthBytes);
    }

    @Override
    public void sync() throws IOException {
        fence.check();
        file.sync();
    }

    @Override
    public String name() {
        return file.name();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
