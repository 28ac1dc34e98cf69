package io.catena.vhd.map;

import io.catena.format.CorruptVhdException;
import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The places in a file that a table gives to blocks, as a whole: where they end, whether two overlap, what is between them.
 *
 * <p><b>Threads.</b> For one that nobody changes the table under.
 */
final class BlockPlaces {
    private final SparseLayout layout;
    private final BlockTable table;

    BlockPlaces(SparseLayout layout, BlockTable table) {
        this.layout = layout;
        this.table = table;
    }

    /** Returns where the last block ends, or {@code headersEnd} if there is none. */
    long dataEnd(long headersEnd) {
        return allocated().mapToLong(layout::blockEnd).reduce(headersEnd, Math::max);
    }

    /** As {@link BlockMap#check}. */
    void check(BlockFile file, long headersEnd, boolean complete) throws IOException {
        long fileSize = file.size();
        boolean mayLackData = !complete && endsBehindABitmap(fileSize) && LastBlock.isZeros(file, layout);
        for (int block = 0; block < layout.blocks(); block++) {
            int entry = table.get(block);
            if (entry == SparseLayout.UNALLOCATED) {
                continue;
            }
            boolean fits = layout.blockEnd(entry) <= fileSize || (mayLackData && layout.dataOffset(entry) == fileSize);
            if (layout.bitmapOffset(entry) < headersEnd || !fits) {
                throw new CorruptVhdException(
                        file.name(),
                        layout.tableOffset() + 4L * block,
                        "block " + block + " stands at bytes " + layout.bitmapOffset(entry) + " to "
                                + layout.blockEnd(entry) + ", outside the data from " + headersEnd + " to " + fileSize);
            }
        }
        long overlap = overlap();
        if (overlap >= 0) {
            throw new CorruptVhdException(file.name(), overlap * SparseLayout.SECTOR, "two blocks overlap here");
        }
    }

    private boolean endsBehindABitmap(long fileSize) {
        return allocated().anyMatch(entry -> layout.dataOffset(entry) == fileSize);
    }

    /** Returns the sector in which a block begins that lies within the block before; -1 if there is none. */
    long overlap() {
        long blockSectors = (layout.bitmapBytes() + (long) layout.blockSize()) / SparseLayout.SECTOR;
        long[] starts = starts();
        for (int i = 1; i < starts.length; i++) {
            if (starts[i] - starts[i - 1] < blockSectors) {
                return starts[i];
            }
        }
        return -1;
    }

    /** Returns the first places between the blocks that are large enough for one. */
    List<Integer> gaps(long headersEnd, int most) {
        List<Integer> gaps = new ArrayList<>();
        long end = headersEnd;
        for (long start : starts()) {
            int entry = layout.entryAfter(end);
            while (layout.blockEnd(entry) <= start * SparseLayout.SECTOR && gaps.size() < most) {
                gaps.add(entry);
                entry = layout.entryAfter(layout.blockEnd(entry));
            }
            end = layout.blockEnd((int) start);
        }
        return gaps;
    }

    /** Returns the sectors in which blocks begin, sorted. */
    private long[] starts() {
        return allocated().mapToLong(Integer::toUnsignedLong).sorted().toArray();
    }

    private IntStream allocated() {
        return IntStream.range(0, (int) layout.blocks())
                .map(table::get)
                .filter(entry -> entry != SparseLayout.UNALLOCATED);
    }
}
