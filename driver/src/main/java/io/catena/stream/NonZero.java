package io.catena.stream;

import io.catena.api.VdiImport;
import java.nio.ByteBuffer;

/** Writes what is not zero to a new disk; what is never written to it is zero and takes no space. */
final class NonZero {
    private static final int UNIT_BYTES = 64 << 10;
    private static final ByteBuffer ZEROS =
            ByteBuffer.allocateDirect(UNIT_BYTES).asReadOnlyBuffer();

    private NonZero() {}

    /** Writes the units of {@code piece} that are not zero, neighbours at once. */
    static void write(VdiImport target, long offset, ByteBuffer piece) {
        int from = 0;
        for (int at = 0; at < piece.limit(); at += UNIT_BYTES) {
            int end = Math.min(piece.limit(), at + UNIT_BYTES);
            if (isZero(piece.slice(at, end - at))) {
                writeRun(target, offset, piece, from, at);
                from = end;
            }
        }
        writeRun(target, offset, piece, from, piece.limit());
    }

    private static void writeRun(VdiImport target, long offset, ByteBuffer piece, int from, int to) {
        if (from < to) {
            target.write(offset + from, piece.slice(from, to - from));
        }
    }

    private static boolean isZero(ByteBuffer unit) {
        return unit.mismatch(ZEROS.duplicate().limit(unit.remaining())) < 0;
    }
}
