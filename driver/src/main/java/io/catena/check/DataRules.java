package io.catena.check;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawBatmap;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.Window;
import io.catena.check.raw.Zeros;
import io.catena.format.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** What must hold between the sector bitmaps and what they speak of: the data, and the batmap. */
final class DataRules {
    /** So much data is compared in a tenth of a second or so, and therefore always. */
    private static final long LITTLE = 64 << 20;

    private static final int PIECE_SECTORS = 256;

    private final RawImage image;
    private final Findings findings;
    private final Window table;
    private final @Nullable Window map;
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE_SECTORS * SparseLayout.SECTOR);

    private DataRules(RawImage image, Findings findings) throws IOException {
        this.image = image;
        this.findings = findings;
        this.table = image.table();
        RawBatmap batmap = image.batmap();
        boolean usable = batmap != null && batmap.isWithin(image.size()) && !findings.has(Code.BATMAP_CHECKSUM);
        this.map = usable && batmap != null ? batmap.map(image.file()) : null;
    }

    /** Whether the file is so small that its data is always compared. */
    static boolean isLittle(RawImage image) {
        return image.size() <= LITTLE;
    }

    /** Checks all blocks of an image that has a BAT. */
    static void check(RawImage image, Findings findings) throws IOException {
        new DataRules(image, findings).checkBlocks();
    }

    /** Checks only the blocks that the batmap says are full, and only their bitmaps. */
    static void checkBatmap(RawImage image, Findings findings) throws IOException {
        DataRules rules = new DataRules(image, findings);
        Window map = rules.map;
        if (map == null) {
            return;
        }
        for (long block = 0; block < image.blocks(); block++) {
            int entry = map.bit(block) ? rules.table.entry(block) : SparseLayout.UNALLOCATED;
            if (rules.isWithin(entry)) {
                rules.checkBitmap(block, RawImage.blockStart(entry));
            }
        }
    }

    private boolean isWithin(int entry) {
        return entry != SparseLayout.UNALLOCATED
                && RawImage.blockStart(entry) + image.blockBytes() <= image.dataLimit();
    }

    private void checkBlocks() throws IOException {
        for (long block = 0; block < image.blocks(); block++) {
            int entry = table.entry(block);
            if (isWithin(entry)) {
                checkBlock(block, RawImage.blockStart(entry));
            }
        }
    }

    /** Compares a bitmap with the batmap; returns it. */
    private ByteBuffer checkBitmap(long block, long start) throws IOException {
        ByteBuffer bitmap = RawImage.read(image.file(), start, image.bitmapBytes());
        int sectors = sectorsOf(block);
        int clear = nextClear(bitmap, 0, sectors);
        if (clear < sectors && map != null && map.bit(block)) {
            findings.add(
                    Code.BATMAP_NOT_FULL,
                    start + clear / 8,
                    "sector " + clear + " of block " + block + " is not there",
                    "all are, as the batmap says");
        }
        return bitmap;
    }

    private void checkBlock(long block, long start) throws IOException {
        ByteBuffer bitmap = checkBitmap(block, start);
        int sectors = sectorsOf(block);
        int clear = nextClear(bitmap, 0, sectors);
        int strays = 0;
        int first = -1;
        while (clear < sectors) {
            int count = Math.min(PIECE_SECTORS, nextSet(bitmap, clear, sectors) - clear);
            int stray = firstStray(start, clear, count);
            if (stray >= 0) {
                first = first < 0 ? stray : first;
                strays++;
            }
            clear = nextClear(bitmap, stray < 0 ? clear + count : stray + 1, sectors);
        }
        if (strays > 0) {
            findings.add(
                    Code.STRAY_DATA,
                    start + image.bitmapBytes() + (long) first * SparseLayout.SECTOR,
                    "data in " + strays + " sectors of block " + block + ", the first is " + first,
                    "zeros");
        }
    }

    /** Returns the first sector of a range that is not zero, or -1. */
    private int firstStray(long start, int from, int count) throws IOException {
        piece.clear().limit(count * SparseLayout.SECTOR);
        image.file().readFully(start + image.bitmapBytes() + (long) from * SparseLayout.SECTOR, piece);
        int other = Zeros.firstOther(piece, 0, piece.limit());
        return other < 0 ? -1 : from + other / SparseLayout.SECTOR;
    }

    /** The disk may end inside its last block. */
    private int sectorsOf(long block) {
        long rest = image.sparseFooter().currentSize() / SparseLayout.SECTOR - block * image.sectorsPerBlock();
        return (int) Math.min(image.sectorsPerBlock(), rest);
    }

    private static int nextClear(ByteBuffer bitmap, int from, int end) {
        int sector = from;
        while (sector < end && isSet(bitmap, sector)) {
            boolean wholeByte = sector % 8 == 0 && bitmap.get(sector / 8) == -1;
            sector += wholeByte ? 8 : 1;
        }
        return Math.min(sector, end);
    }

    private static int nextSet(ByteBuffer bitmap, int from, int end) {
        int sector = from;
        while (sector < end && !isSet(bitmap, sector)) {
            boolean wholeByte = sector % 8 == 0 && bitmap.get(sector / 8) == 0;
            sector += wholeByte ? 8 : 1;
        }
        return Math.min(sector, end);
    }

    private static boolean isSet(ByteBuffer bitmap, int sector) {
        return (bitmap.get(sector / 8) & 0x80 >> sector % 8) != 0;
    }
}
