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

    /** As {@link #write}, of sectors that another disk lies under: zeros have to be told. */
    static void writeOver(VdiImport target, long offset, ByteBuffer piece) {
        write(target, offset, piece);
        int from = -1;
        for (int at = 0; at < piece.limit(); at += UNIT_BYTES) {
            int end = Math.min(piece.limit(), at + UNIT_BYTES);
            boolean zero = isZero(piece.slice(at, end - at));
            if (zero && from < 0) {
                from = at;
            }
            if (from >= 0 && (!zero || end == piece.limit())) {
                target.zero(offset + from, (zero ? end : at) - from);
                from = -1;
            }
        }
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
