package io.catena.vhd.map;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Whether what a redo log tells of can have been done to a file as it is.
 *
 * <p>The file may be ahead of the log's beginning, if a flush wrote what the log has not forgotten yet. So of each block only the
 * records count that follow its last giving up: they tell all of it.
 */
final class RedoFit {
    private final BlockFile file;
    private final SparseLayout layout;
    private final long headersEnd;

    RedoFit(BlockFile file, SparseLayout layout, long headersEnd) {
        this.file = file;
        this.layout = layout;
        this.headersEnd = headersEnd;
    }

    /**
     * Returns the records that count, in their order.
     *
     * @param table the BAT of the file; is not changed
     * @throws RedoMisfitException if one of them does not fit the file
     */
    List<RedoLog.Entry> check(List<RedoLog.Entry> survivors, BlockTable table) throws IOException {
        List<RedoLog.Entry> valid = sinceGivenUp(survivors);
        BlockTable places = table.copy();
        long fileSize = file.size();
        for (RedoLog.Entry entry : valid) {
            check(entry, places, fileSize);
            places.set(entry.block(), entry.isGivenUp() ? SparseLayout.UNALLOCATED : entry.batEntry());
        }
        long overlap = new BlockPlaces(layout, places).overlap();
        if (overlap >= 0) {
            throw misfit("a second block at sector " + overlap);
        }
        return valid;
    }

    private static List<RedoLog.Entry> sinceGivenUp(List<RedoLog.Entry> survivors) {
        Map<Integer, Integer> first = new HashMap<>();
        for (int i = 0; i < survivors.size(); i++) {
            if (survivors.get(i).isGivenUp()) {
                first.put(survivors.get(i).block(), i);
            }
        }
        return IntStream.range(0, survivors.size())
                .filter(i -> i >= first.getOrDefault(survivors.get(i).block(), 0))
                .mapToObj(survivors::get)
                .toList();
    }

    private void check(RedoLog.Entry entry, BlockTable places, long fileSize) throws RedoMisfitException {
        if (!isInDisk(entry)) {
            throw misfit(entry);
        }
        if (entry.isGivenUp()) {
            return;
        }
        int place = places.get(entry.block());
        boolean fits = place == SparseLayout.UNALLOCATED
                ? layout.bitmapOffset(entry.batEntry()) >= headersEnd
                : place == entry.batEntry();
        if (!fits || dataEnd(entry) > fileSize) {
            throw misfit(entry);
        }
    }

    /** The data was in the file before the record was written. */
    private long dataEnd(RedoLog.Entry entry) {
        return layout.dataOffset(entry.batEntry())
                + (long) (entry.firstSector() + entry.sectors()) * SparseLayout.SECTOR;
    }

    private boolean isInDisk(RedoLog.Entry entry) {
        return entry.block() >= 0
                && entry.block() < layout.blocks()
                && entry.firstSector() >= 0
                && entry.sectors() >= 0
                && (long) entry.firstSector() + entry.sectors() <= layout.sectorsPerBlock();
    }

    private RedoMisfitException misfit(Object what) {
        return new RedoMisfitException(file.name(), what.toString());
    }
}
