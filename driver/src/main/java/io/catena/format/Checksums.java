package io.catena.format;

import java.nio.ByteBuffer;

/** The checksum that the footer, the dynamic header and the batmap header share. */
public final class Checksums {
    private static final long EVERY_OTHER_BYTE = 0x00FF_00FF_00FF_00FFL;

    private Checksums() {}

    /** Returns the ones' complement of the sum of {@code bytes}, the four bytes at {@code checksumOffset} left out. */
    public static int onesComplement(ByteBuffer bytes, int checksumOffset) {
        int end = bytes.limit();
        int sum = 0;
        int i = 0;
        for (; i <= end - Long.BYTES; i += Long.BYTES) {
            sum += sumOfBytes(bytes.getLong(i));
        }
        for (; i < end; i++) {
            sum += Byte.toUnsignedInt(bytes.get(i));
        }
        for (int left = checksumOffset; left < end && left < checksumOffset + Integer.BYTES; left++) {
            sum -= Byte.toUnsignedInt(bytes.get(left));
        }
        return ~sum;
    }

    /** An SR's files are looked at before the JVM has compiled this: eight bytes at once are six times as fast then. */
    private static int sumOfBytes(long bytes) {
        long pairs = (bytes & EVERY_OTHER_BYTE) + ((bytes >>> Byte.SIZE) & EVERY_OTHER_BYTE);
        return (int) ((pairs * 0x0001_0001_0001_0001L) >>> 48);
    }
}
