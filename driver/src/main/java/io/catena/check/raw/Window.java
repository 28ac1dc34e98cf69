package io.catena.check.raw;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A table in a file, read piece by piece as it is asked for, so that its size does not matter. What lies beyond the file
 * reads as zeros. Not safe for use by several threads.
 */
public final class Window {
    private static final int PIECE = 64 << 10;

    private final BlockFile file;
    private final long offset;
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE).order(BIG_ENDIAN);
    private long pieceStart = -1;

    /**
     * @param offset where the table begins
     */
    public Window(BlockFile file, long offset) {
        this.file = file;
        this.offset = offset;
    }

    /** Returns a BAT's entry. */
    public int entry(long index) throws IOException {
        return piece.getInt(load(index * Integer.BYTES));
    }

    /** Returns a map's bit, the most significant one of the first byte being the first. */
    public boolean bit(long index) throws IOException {
        return (piece.get(load(index / 8)) & 0x80 >> (int) (index % 8)) != 0;
    }

    /** Returns the ones' complement of the sum of the first bytes; {@code signed} as blktap 1.1 took them. */
    public int checksum(long bytes, boolean signed) throws IOException {
        int sum = 0;
        for (long i = 0; i < bytes; i++) {
            byte value = piece.get(load(i));
            sum += signed ? value : Byte.toUnsignedInt(value);
        }
        return ~sum;
    }

    private int load(long position) throws IOException {
        long start = position / PIECE * PIECE;
        if (start != pieceStart) {
            piece.clear();
            file.read(offset + start, piece);
            while (piece.hasRemaining()) {
                piece.put((byte) 0);
            }
            pieceStart = start;
        }
        return (int) (position - start);
    }
}
