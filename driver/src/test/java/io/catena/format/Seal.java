package io.catena.format;

import java.nio.ByteBuffer;

/** Gives changed bytes a valid checksum again. */
public final class Seal {
    private Seal() {}

    public static ByteBuffer footer(ByteBuffer bytes) {
        return sealed(bytes, 64);
    }

    public static ByteBuffer header(ByteBuffer bytes) {
        return sealed(bytes, 36);
    }

    private static ByteBuffer sealed(ByteBuffer bytes, int checksumOffset) {
        return bytes.putInt(checksumOffset, Checksums.onesComplement(bytes, checksumOffset));
    }
}
