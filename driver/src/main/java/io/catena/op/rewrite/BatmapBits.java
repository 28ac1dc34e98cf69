package io.catena.op.rewrite;

import io.catena.format.Batmap;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Which blocks a batmap says are full. A batmap that cannot be trusted says so of none, which is always right. */
final class BatmapBits {
    private static final int MAX_BYTES = 16 << 20;

    private final ByteBuffer bits;

    private BatmapBits(ByteBuffer bits) {
        this.bits = bits;
    }

    static BatmapBits of(BlockFile file, Batmap header, SparseLayout layout) throws IOException {
        boolean sane = header.version() == Batmap.VERSION_1_2
                && header.offset() >= layout.tableEnd() + Batmap.SIZE
                && header.mapBytes() <= MAX_BYTES
                && header.offset() <= file.size() - header.mapBytes();
        if (!sane) {
            return new BatmapBits(ByteBuffer.allocate(0));
        }
        ByteBuffer bits = ByteBuffer.allocate((int) header.mapBytes());
        file.readFully(header.offset(), bits);
        bits.flip();
        boolean valid = Batmap.checksum(bits, Batmap.checkedBytes(layout.sizeBytes())) == header.checksum();
        return new BatmapBits(valid ? bits : ByteBuffer.allocate(0));
    }

    /** Returns the map for a disk of another size: the bits of blocks that stay are right wherever they will stand. */
    ByteBuffer resized(BlockTable table, SparseLayout resized) {
        ByteBuffer map = ByteBuffer.allocate((int) resized.batmapBytes());
        long blocks = Math.min(Math.min(table.blocks(), resized.blocks()), bits.limit() * 8L);
        for (int block = 0; block < blocks; block++) {
            int bit = 0x80 >> block % 8;
            if (table.isAllocated(block) && (bits.get(block / 8) & bit) != 0) {
                map.put(block / 8, (byte) (map.get(block / 8) | bit));
            }
        }
        return map;
    }
}
