package io.catena.tool;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Moves blocks of a disk to the end of its file, to make room for its headers. */
final class BlockMover {
    private final BlockFile file;
    private final VhdHeaders headers;
    private final BlockTable table;
    private final SparseLayout layout;
    private long dataEnd;

    BlockMover(BlockFile file, VhdHeaders headers, BlockTable table) {
        this.file = file;
        this.headers = headers;
        this.table = table;
        this.layout = table.layout();
        this.dataEnd = table.dataEnd();
    }

    /**
     * Moves all blocks that stand in a range.
     *
     * <ol>
     *   <li>Make sure that the copy of the footer is valid, then cut off the footer at the end, where blocks will stand.
     *   <li>For each block: copy it behind the others and sync; then change its entry and sync.
     * </ol>
     */
    void clear(long from, long to) throws IOException {
        dataEnd = Math.max(dataEnd, to);
        boolean first = true;
        for (int block = 0; block < table.blocks(); block++) {
            if (!stands(block, from, to)) {
                continue;
            }
            if (first) {
                cutOffFooter();
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

    private void cutOffFooter() throws IOException {
        file.write(0, headers.footer().encode());
        file.sync();
        file.truncate(dataEnd);
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
