package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A disk on which a write of nothing but zeros takes no room: it is served as one of zeroes that may deallocate.
 *
 * <p>Only writes of whole pages count, so that file systems get back what they can use.
 */
public final class ZeroDetectingDisk extends ForwardingDevice {
    static final int PAGE_BYTES = 4096;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(64 << 10).asReadOnlyBuffer();

    public ZeroDetectingDisk(BlockDevice disk) {
        super(disk);
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        int length = source.remaining();
        if (length > 0 && offset % PAGE_BYTES == 0 && length % PAGE_BYTES == 0 && isZero(source)) {
            writeZeroes(offset, length, true);
            source.position(source.limit());
        } else {
            super.write(offset, source);
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
}
