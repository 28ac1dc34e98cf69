package io.catena.tool;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.format.Batmap;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What the tables of a dynamic or differencing disk say.
 *
 * @param blockSizeBytes bytes of data in a block
 * @param tableEntries number of blocks that the BAT has room for
 * @param blocks number of blocks of the disk
 * @param allocated number of blocks that the file holds
 * @param batmap whether blktap's map of full blocks follows the BAT
 */
public record BlockInfo(int blockSizeBytes, int tableEntries, long blocks, long allocated, boolean batmap) {
    private static final int PIECE_BYTES = 64 << 10;

    /** Reads the tables; a BAT that the file cuts off counts as far as it goes. */
    static BlockInfo of(BlockFile file, Footer footer, DynamicHeader header) throws IOException {
        SparseLayout layout = SparseLayout.of(footer, header);
        return new BlockInfo(
                header.blockSize(),
                header.maxEntries(),
                layout.blocks(),
                allocated(file, layout),
                hasBatmap(file, footer, layout));
    }

    private static long allocated(BlockFile file, SparseLayout layout) throws IOException {
        long end = layout.tableOffset() + Math.min(layout.blocks(), layout.maxEntries()) * Integer.BYTES;
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES).order(BIG_ENDIAN);
        long count = 0;
        for (long offset = layout.tableOffset(); offset < Math.min(end, file.size()); offset += PIECE_BYTES) {
            piece.clear().limit((int) Math.min(PIECE_BYTES, end - offset));
            file.read(offset, piece);
            count += allocated(piece.flip());
        }
        return count;
    }

    private static int allocated(ByteBuffer entries) {
        int count = 0;
        while (entries.remaining() >= Integer.BYTES) {
            count += entries.getInt() == SparseLayout.UNALLOCATED ? 0 : 1;
        }
        return count;
    }

    private static boolean hasBatmap(BlockFile file, Footer footer, SparseLayout layout) throws IOException {
        if (!footer.creator().mayHaveBatmap() || layout.tableEnd() > file.size() - Batmap.SIZE) {
            return false;
        }
        ByteBuffer header = ByteBuffer.allocate(Batmap.SIZE);
        file.readFully(layout.tableEnd(), header);
        return Batmap.isBatmap(header.flip());
    }
}
