package io.catena.harness.bench.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;

/**
 * The disks of a benchmark, the same for all servers: large, with data at the start only, in the hot range.
 *
 * @param sizeBytes of the virtual disk
 * @param hotBytes how much of it has data, from its start on
 */
record Disks(long sizeBytes, long hotBytes) {
    /** What a layer above the first changes at a place: a whole cluster of qcow2, a small part of a block of a VHD. */
    private static final int PIECE_BYTES = 64 << 10;

    private static final int LARGE_PIECE_BYTES = 1 << 20;

    /** Takes what a disk is to hold. */
    @FunctionalInterface
    interface Writer {
        void write(long offset, ByteBuffer source) throws IOException;
    }

    /** Fills the hot range. */
    void fill(Writer disk) throws IOException {
        byte[] data = new byte[LARGE_PIECE_BYTES];
        new Random(0).nextBytes(data);
        for (long offset = 0; offset < hotBytes; offset += data.length) {
            disk.write(offset, ByteBuffer.wrap(data));
        }
    }

    /** Writes what one of {@code depth} layers holds: as much as falls to each of them, here and there. */
    void change(Writer disk, int layer, int depth) throws IOException {
        Random random = new Random(layer);
        byte[] data = new byte[PIECE_BYTES];
        random.nextBytes(data);
        int pieces = Math.toIntExact(hotBytes / PIECE_BYTES);
        for (int i = 0; i < pieces / depth; i++) {
            disk.write((long) random.nextInt(pieces) * PIECE_BYTES, ByteBuffer.wrap(data));
        }
    }
}
