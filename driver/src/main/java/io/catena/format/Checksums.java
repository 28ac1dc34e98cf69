package io.catena.format;

import java.nio.ByteBuffer;

/** The checksum that the footer, the dynamic header and the batmap header share. */
public final class Checksums {
    private Checksums() {}

    /** Returns the ones' complement of the sum of {@code bytes}, the four bytes at {@code checksumOffset} left out. */
    public static int onesComplement(ByteBuffer bytes, int checksumOffset) {
        int sum = 0;
        for (int i = 0; i < bytes.limit(); i++) {
            if (i < checksumOffset || i - checksumOffset >= Integer.BYTES) {
                sum += Byte.toUnsignedInt(bytes.get(i));
            }
        }
        return ~sum;
    }
}
