package io.catena.harness.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** What a disk holds. */
@FunctionalInterface
public interface DiskContent {
    /** So much is read at a time: it stays in the processor's cache, which arrays of whole disks do not. */
    int PIECE_BYTES = 64 << 10;

    /** Fills {@code target} with the bytes at {@code offset}. */
    void read(long offset, ByteBuffer target) throws IOException;

    /**
     * Returns the first byte that is not as expected, -1 if all are.
     *
     * @param expected behind it zeros are expected
     * @param lengthBytes how much is compared
     */
    default long mismatch(byte[] expected, long lengthBytes) throws IOException {
        byte[] found = new byte[PIECE_BYTES];
        byte[] zeros = new byte[PIECE_BYTES];
        for (long offset = 0; offset < lengthBytes; offset += PIECE_BYTES) {
            int length = (int) Math.min(PIECE_BYTES, lengthBytes - offset);
            Arrays.fill(found, (byte) 0xff);
            read(offset, ByteBuffer.wrap(found, 0, length));
            int from = (int) Math.min(offset, expected.length);
            int to = (int) Math.min(offset + length, expected.length);
            int at = Arrays.mismatch(found, 0, to - from, expected, from, to);
            if (at < 0) {
                int behind = Arrays.mismatch(found, to - from, length, zeros, 0, length - (to - from));
                at = behind < 0 ? -1 : to - from + behind;
            }
            if (at >= 0) {
                return offset + at;
            }
        }
        return -1;
    }
}
