package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A disk that does what another does, and each request within something: under a lock, or again if it was in vain. */
public abstract class EnclosingDevice extends ForwardingDevice {
    protected EnclosingDevice(BlockDevice disk) {
        super(disk);
    }

    /** A request. It can be made again: the buffers of its caller do not change before it has succeeded. */
    protected interface Request<T> {
        T make() throws IOException;
    }

    /** Makes a request. */
    protected abstract <T> T enclose(Request<T> request) throws IOException;

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        enclose(() -> {
            super.read(offset, target.duplicate());
            return offset;
        });
        target.position(target.limit());
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        enclose(() -> {
            super.write(offset, source.duplicate());
            return offset;
        });
        source.position(source.limit());
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        enclose(() -> {
            super.discard(offset, lengthBytes);
            return offset;
        });
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        enclose(() -> {
            super.writeZeroes(offset, lengthBytes, mayDeallocate);
            return offset;
        });
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        return enclose(() -> super.extent(offset, maxBytes));
    }

    @Override
    public void flush() throws IOException {
        enclose(() -> {
            super.flush();
            return this;
        });
    }
}
