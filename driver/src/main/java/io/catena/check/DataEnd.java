package io.catena.check;

import io.catena.check.raw.RawImage;
import io.catena.check.raw.Window;
import io.catena.format.SparseLayout;
import java.io.IOException;

/** Finds the end of all that a file must keep. */
final class DataEnd {
    private DataEnd() {}

    /** Returns where metadata and blocks end; blocks that do not end within the file do not count. */
    static long of(RawImage image) throws IOException {
        long end = 0;
        for (RawImage.Region region : image.metadata()) {
            end = Math.max(end, region.end());
        }
        for (RawImage.Region region : image.locatorPayloads()) {
            end = Math.max(end, region.end());
        }
        Window table = image.table();
        for (long block = 0; block < image.entries(); block++) {
            int entry = table.entry(block);
            if (entry == SparseLayout.UNALLOCATED) {
                continue;
            }
            long blockEnd = RawImage.blockStart(entry) + image.blockBytes();
            if (blockEnd <= image.dataLimit() || image.lacksOnlyZeros(entry)) {
                end = Math.max(end, blockEnd);
            }
        }
        return end;
    }
}
