package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A disk that does what another does; what stands between a disk and its export changes some of the methods. */
public abstract class ForwardingDevice implements BlockDevice {
    private final BlockDevice disk;

    protected ForwardingDevice(BlockDevice disk) {
        this.disk = disk;
    }

    @Override
    public long sizeBytes() {
        return disk.sizeBytes();
    }

    @Override
    public boolean readOnly() {
        return disk.readOnly();
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        disk.read(offset, target);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        disk.write(offset, source);
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        disk.discard(offset, lengthBytes);
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        disk.writeZeroes(offset, lengthBytes, mayDeallocate);
    }

    @Override
    public boolean zeroesFast() {
        return disk.zeroesFast();
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        return disk.extent(offset, maxBytes);
    }

    @Override
    public void flush() throws IOException {
        disk.flush();
    }
}
