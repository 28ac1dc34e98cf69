package io.catena.sr.live;

import io.catena.vhd.Layer;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Stands for a file that had to be closed and could not be opened again: every request fails, and says why. What was
 * answered before is in the file, or in its redo log.
 */
final class UnopenedLayer implements Layer {
    private final long sizeBytes;
    private final IOException reason;

    UnopenedLayer(long sizeBytes, IOException reason) {
        this.sizeBytes = sizeBytes;
        this.reason = reason;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public long run(long offset, long maxBytes) throws IOException {
        throw failure();
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        throw failure();
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        throw failure();
    }

    @Override
    public boolean givesSpaceBack() {
        return false;
    }

    @Override
    public long blockBytes() {
        return 0;
    }

    @Override
    public void zero(long offset, long length) throws IOException {
        throw failure();
    }

    @Override
    public void giveUp(long offset) throws IOException {
        throw failure();
    }

    @Override
    public void flush() throws IOException {
        throw failure();
    }

    @Override
    public void close() {}

    /** Returns why requests fail, and what to do. */
    IOException failure() {
        return new IOException(
                "the disk's file could not be opened again after a change; detach the disk and attach it again. It"
                        + " failed because: " + reason.getMessage(),
                reason);
    }
}
