package io.catena.tool;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.format.Batmap;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the tables of a dynamic or differencing disk say.
 *
 * @param blockSizeBytes bytes of data in a block
 * @param tableEntries number of blocks that the BAT has room for
 * @param blocks number of blocks of the disk
 * @param allocated number of blocks that the file holds
 * @param batmap whether blktap's map of full blocks follows the BAT
 * @param marker the toolstack's, 0 to 255, which stands in the batmap; null if there is none
 */
public record BlockInfo(
        int blockSizeBytes,
        int tableEntries,
        long blocks,
        long allocated,
        boolean batmap,
        @Nullable Integer marker) {
    private static final int PIECE_BYTES = 64 << 10;

    /** Reads the tables; a BAT that the file cuts off counts as far as it goes. */
    static BlockInfo of(BlockFile file, Footer footer, DynamicHeader header) throws IOException {
        SparseLayout layout = SparseLayout.of(footer, header);
        @Nullable Integer marker = marker(file, footer, layout);
        return new BlockInfo(
                header.blockSize(),
                header.maxEntries(),
                layout.blocks(),
                allocated(file, layout),
                marker != null,
                marker);
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

    /** Returns the marker in the batmap; null if there is no batmap. */
    static @Nullable Integer marker(BlockFile file, Footer footer, SparseLayout layout) throws IOException {
        boolean tableInFile = layout.tableOffset() < file.size();
        if (!footer.creator().mayHaveBatmap() || !tableInFile || layout.tableEnd() > file.size() - Batmap.SIZE) {
            return null;
        }
        ByteBuffer header = ByteBuffer.allocate(Batmap.SIZE);
        file.readFully(layout.tableEnd(), header);
        return Batmap.isBatmap(header.flip()) ? Batmap.decode(header).marker() : null;
    }
}
