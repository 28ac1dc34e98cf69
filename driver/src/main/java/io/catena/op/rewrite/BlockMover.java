package io.catena.op.rewrite;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Moves blocks of a disk to the end of its file, to make room for its headers. */
final class BlockMover {
    private final BlockFile file;
    private final BlockTable table;
    private final SparseLayout layout;

    /** Where the next block may stand: behind all blocks, and all headers, old and new. */
    private long dataEnd;

    /**
     * @param headersEnd where the headers end, the present ones and those to come
     */
    BlockMover(BlockFile file, BlockTable table, long headersEnd) {
        this.file = file;
        this.table = table;
        this.layout = table.layout();
        this.dataEnd = Math.max(table.dataEnd(), headersEnd);
    }

    /**
     * Moves all blocks that stand in a range.
     *
     * <ol>
     *   <li>Cut off the footer at the end, where blocks will stand. Its copy, which is known to be valid, serves meanwhile.
     *   <li>For each block: copy it behind the others and sync; then change its entry and sync. What the entry pointed to
     *       before is still there, so a cut in between leaves the block where it was.
     * </ol>
     */
    void clear(long from, long to) throws IOException {
        boolean first = true;
        for (int block = 0; block < table.blocks(); block++) {
            if (!stands(block, from, to)) {
                continue;
            }
            if (first) {
                file.truncate(dataEnd);
                first = false;
            }
            move(block);
        }
    }

    private boolean stands(int block, long from, long to) {
        return table.isAllocated(block)
                && layout.bitmapOffset(table.entry(block)) < to
                && layout.blockEnd(table.entry(block)) > from;
    }

    private void move(int block) throws IOException {
        int entry = layout.entryAfter(dataEnd);
        if (entry == SparseLayout.UNALLOCATED) {
            throw new IOException(file.name() + ": the file would grow beyond 2 TiB");
        }
        ByteBuffer bytes = ByteBuffer.allocate(layout.bitmapBytes() + layout.blockSize());
        file.readFully(layout.bitmapOffset(table.entry(block)), bytes);
        file.write(layout.bitmapOffset(entry), bytes.flip());
        file.sync();
        table.set(block, entry);
        table.write(file, block);
        file.sync();
        dataEnd = layout.blockEnd(entry);
    }
}
