package io.catena.check.raw;

import java.nio.ByteBuffer;

/** Finds what is not zero. */
public final class Zeros {
    private Zeros() {}

    /** Returns the index of the first byte from {@code from} to before {@code to} that is not zero, or -1. */
    public static int firstOther(ByteBuffer bytes, int from, int to) {
        int i = from;
        while (i + Long.BYTES <= to && bytes.getLong(i) == 0) {
            i += Long.BYTES;
        }
        while (i < to && bytes.get(i) == 0) {
            i++;
        }
        return i < to ? i : -1;
    }
}
