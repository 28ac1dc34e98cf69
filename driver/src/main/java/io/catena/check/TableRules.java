package io.catena.check;

import static io.catena.check.finding.Findings.range;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.RawImage.Region;
import io.catena.check.raw.Window;
import io.catena.format.SparseLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What must hold for the BAT: each block has a place of its own. Overlaps are found by sorting, in n log n.
 *
 * <p><b>Memory.</b> Four bytes per allocated block, up to a limit.
 */
final class TableRules {
    /** As many blocks of 2 MiB as eight files of 2 TiB can hold. */
    private static final int MAX_SORTED = 8 << 20;

    private static final int UNALLOCATED = SparseLayout.UNALLOCATED;

    private final RawImage image;
    private final Findings findings;
    private final Window table;
    private final List<Region> metadata;
    private final long metadataEnd;
    private int[] entries = new int[64];
    private int count;

    private TableRules(RawImage image, List<Region> metadata, Findings findings) {
        this.image = image;
        this.findings = findings;
        this.table = image.table();
        this.metadata = metadata;
        this.metadataEnd = metadata.stream().mapToLong(Region::end).max().orElse(0);
    }

    /** Checks the BAT of an image that has one. */
    static void check(RawImage image, Findings findings) throws IOException {
        List<Region> fixed = image.metadata();
        List<Region> all = new ArrayList<>(fixed);
        all.addAll(image.locatorPayloads());
        checkMetadata(fixed.size(), all, findings);
        TableRules rules = new TableRules(image, all, findings);
        rules.checkPlaces();
        rules.checkOverlaps();
        rules.checkBeyondSize();
    }

    private static void checkMetadata(int fixed, List<Region> regions, Findings findings) {
        for (int i = 0; i < regions.size(); i++) {
            for (int k = i + 1; k < regions.size(); k++) {
                Region a = regions.get(i);
                Region b = regions.get(k);
                if (a.overlaps(b.start(), b.end())) {
                    findings.add(
                            k < fixed ? Code.METADATA_OVERLAP : Code.LOCATOR_OVERLAP,
                            b.start(),
                            b.what() + " in " + range(b.start(), b.end()),
                            "not in " + range(a.start(), a.end()) + ", where " + a.what() + " stands");
                }
            }
        }
    }

    private void checkPlaces() throws IOException {
        for (long block = 0; block < image.blocks(); block++) {
            int entry = table.entry(block);
            if (entry != UNALLOCATED && isWithinData(block, entry)) {
                remember(entry);
            }
        }
    }

    private boolean isWithinData(long block, int entry) {
        long start = RawImage.blockStart(entry);
        long end = start + image.blockBytes();
        if (end > image.dataLimit()) {
            Code code = codeOfMissing(entry);
            add(code, block, start, "an end not behind byte " + image.dataLimit());
            return code == Code.BLOCK_WITHOUT_DATA;
        }
        if (start >= metadataEnd) {
            return true;
        }
        for (Region region : metadata) {
            if (region.overlaps(start, end)) {
                add(
                        Code.BLOCK_IN_METADATA,
                        block,
                        start,
                        "not in " + range(region.start(), region.end()) + ", where " + region.what() + " stands");
                return false;
            }
        }
        add(Code.BLOCK_BEFORE_METADATA, block, start, "a start not before byte " + metadataEnd);
        return true;
    }

    private Code codeOfMissing(int entry) {
        if (!image.lacksAllData(entry)) {
            return Code.BLOCK_PAST_END;
        }
        return image.lacksOnlyZeros(entry) ? Code.BLOCK_WITHOUT_DATA : Code.BLOCK_DATA_LOST;
    }

    private void remember(int entry) {
        if (count == MAX_SORTED) {
            if (!findings.has(Code.TABLE_TOO_LARGE)) {
                findings.add(
                        Code.TABLE_TOO_LARGE,
                        image.sparseHeader().tableOffset(),
                        "more than " + MAX_SORTED + " blocks",
                        "fewer");
            }
            return;
        }
        if (count == entries.length) {
            entries = Arrays.copyOf(entries, count * 2);
        }
        // Sorting is signed: flip the sign, so that unsigned sectors sort by their value.
        entries[count++] = entry ^ Integer.MIN_VALUE;
    }

    private void checkOverlaps() throws IOException {
        Arrays.sort(entries, 0, count);
        long sectors = image.blockBytes() / SparseLayout.SECTOR;
        for (int i = 1; i < count; i++) {
            if ((long) entries[i] - entries[i - 1] < sectors) {
                long first = RawImage.blockStart(entries[i - 1] ^ Integer.MIN_VALUE);
                long second = RawImage.blockStart(entries[i] ^ Integer.MIN_VALUE);
                findings.add(
                        Code.BLOCK_OVERLAP,
                        second,
                        "blocks at bytes " + first + " and " + second,
                        image.blockBytes() + " bytes apart");
            }
        }
    }

    private void checkBeyondSize() throws IOException {
        for (long block = image.blocks(); block < image.entries(); block++) {
            int entry = table.entry(block);
            if (entry != UNALLOCATED) {
                add(
                        Code.ENTRY_BEYOND_SIZE,
                        block,
                        RawImage.blockStart(entry),
                        "unallocated: the disk has " + image.blocks() + " blocks");
            }
        }
    }

    private void add(Code code, long block, long start, String expected) {
        if (findings.isFull(code)) {
            findings.count(code);
            return;
        }
        findings.add(
                code,
                image.sparseHeader().tableOffset() + block * Integer.BYTES,
                "block " + block + " in " + range(start, start + image.blockBytes()),
                expected);
    }
}
