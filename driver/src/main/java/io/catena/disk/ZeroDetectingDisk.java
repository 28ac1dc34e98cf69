package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A disk on which a write of nothing but zeros takes no room: it is served as one of zeroes that may deallocate.
 *
 * <p>Only writes of whole pages count, so that file systems get back what they can use.
 */
public final class ZeroDetectingDisk implements BlockDevice {
    static final int PAGE_BYTES = 4096;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    private final BlockDevice disk;

    public ZeroDetectingDisk(BlockDevice disk) {
        this.disk = disk;
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        int length = source.remaining();
        if (length > 0 && offset % PAGE_BYTES == 0 && length % PAGE_BYTES == 0 && isZero(source)) {
            disk.writeZeroes(offset, length, true);
            source.position(source.limit());
        } else {
            disk.write(offset, source);
        }
    }

    /** Most data shows in its first bytes that it is none. */
    private static boolean isZero(ByteBuffer source) {
        if (source.getLong(source.position()) != 0) {
            return false;
        }
        for (int at = source.position(); at < source.limit(); at += ZEROS.capacity()) {
            int length = Math.min(ZEROS.capacity(), source.limit() - at);
            if (source.slice(at, length).mismatch(ZEROS.slice(0, length)) >= 0) {
                return false;
            }
        }
        return true;
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
