package io.catena.check;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.check.raw.RawImage;
import io.catena.check.undo.Change;
import io.catena.check.undo.ChangeList;
import io.catena.format.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Gives up blocks that do not end within the file. */
final class TableRepair {
    private static final int ENTRIES_PER_SECTOR = SparseLayout.SECTOR / Integer.BYTES;

    private TableRepair() {}

    /** Adds the changes for an image that has a BAT. */
    static void plan(RawImage image, ChangeList changes) throws IOException {
        long tableOffset = image.sparseHeader().tableOffset();
        for (long first = 0; first < image.blocks(); first += ENTRIES_PER_SECTOR) {
            long offset = tableOffset + first * Integer.BYTES;
            ByteBuffer sector =
                    RawImage.read(image.file(), offset, SparseLayout.SECTOR).order(BIG_ENDIAN);
            StringBuilder dropped = new StringBuilder();
            long end = Math.min(first + ENTRIES_PER_SECTOR, image.blocks());
            for (long block = first; block < end; block++) {
                int at = (int) (block - first) * Integer.BYTES;
                if (isPastEnd(image, sector.getInt(at))) {
                    sector.putInt(at, SparseLayout.UNALLOCATED);
                    dropped.append(' ').append(block);
                }
            }
            if (dropped.length() > 0) {
                String why = "blocks given up, which do not end within the file:" + dropped;
                changes.replace(Change.Step.METADATA, offset, sector, why);
            }
        }
    }

    /** Whether a block does not end within the file. */
    static boolean isPastEnd(RawImage image, int entry) {
        return entry != SparseLayout.UNALLOCATED
                && RawImage.blockStart(entry) + image.blockBytes() > image.dataLimit()
                && !image.lacksOnlyZeros(entry);
    }
}
