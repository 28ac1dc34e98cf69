package io.catena.check;

import static io.catena.check.finding.Findings.hex;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawBatmap;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.Window;
import io.catena.check.raw.Zeros;
import io.catena.format.SparseLayout;
import java.io.IOException;

/** What must hold for blktap's batmap, if the creator promises one. */
final class BatmapRules {
    /** As much as the largest disk that is opened has. */
    private static final long MOST_CHECKED_BYTES = 256 << 20;

    private BatmapRules() {}

    /** Checks the batmap of an image that has a BAT. */
    static void check(RawImage image, Findings findings) throws IOException {
        RawBatmap batmap = image.batmap();
        if (batmap == null) {
            checkMissing(image, findings);
            return;
        }
        if (checkHeader(image, batmap, findings)) {
            checkBits(image, batmap, findings);
        }
    }

    private static void checkMissing(RawImage image, Findings findings) {
        if (!image.sparseFooter().promisesBatmap()) {
            return;
        }
        long at = image.sparseHeader().tableEnd();
        boolean room = at <= image.size() - RawBatmap.SIZE;
        findings.add(
                room ? Code.BATMAP_MISSING : Code.BATMAP_PAST_END,
                at,
                room ? "no cookie" : "the file ends at byte " + image.size(),
                "\"tdbatmap\"");
    }

    private static boolean checkHeader(RawImage image, RawBatmap batmap, Findings findings) throws IOException {
        long at = batmap.offset();
        if (batmap.version() != RawBatmap.VERSION_1_2 && batmap.version() != RawBatmap.VERSION_1_1) {
            findings.add(Code.BATMAP_VERSION, at + RawBatmap.VERSION, hex(batmap.version()), "1.1 or 1.2");
        }
        int other = Zeros.firstOther(batmap.bytes(), RawBatmap.RESERVED, RawBatmap.SIZE);
        if (other >= 0) {
            findings.add(Code.BATMAP_RESERVED, at + other, hex(batmap.bytes().get(other) & 0xff), "0");
        }
        if (batmap.bytes().get(RawBatmap.KEY_HASH) != 0) {
            findings.add(Code.KEY_HASH, at + RawBatmap.KEY_HASH, "a key hash", "none in a disk that is not encrypted");
        }
        return checkPlace(image, batmap, findings) && checkChecksum(image, batmap, findings);
    }

    private static boolean checkPlace(RawImage image, RawBatmap batmap, Findings findings) {
        if (!batmap.hasSaneOffset()) {
            findings.add(
                    Code.BATMAP_OFFSET,
                    batmap.offset() + RawBatmap.MAP_OFFSET,
                    Long.toUnsignedString(batmap.mapOffset()),
                    "a multiple of 512, at least " + (batmap.offset() + RawBatmap.SIZE));
            return false;
        }
        long bits = batmap.mapBytes() * 8;
        if (bits < image.sparseHeader().maxEntries() || bits == 0) {
            findings.add(
                    Code.BATMAP_SIZE,
                    batmap.offset() + RawBatmap.SECTORS,
                    bits + " bits",
                    "at least " + Math.max(1, image.sparseHeader().maxEntries()));
            return false;
        }
        if (batmap.mapOffset() > image.dataLimit() - batmap.mapBytes()) {
            findings.add(
                    Code.BATMAP_PAST_END,
                    batmap.mapOffset(),
                    batmap.mapBytes() + " bytes",
                    "an end not behind byte " + image.dataLimit());
            return false;
        }
        return true;
    }

    private static boolean checkChecksum(RawImage image, RawBatmap batmap, Findings findings) throws IOException {
        long checked = Math.min(
                Math.min(MOST_CHECKED_BYTES, batmap.mapBytes()),
                Math.max(512, SparseLayout.roundUp(image.sparseFooter().currentSize() >> 24, 512)));
        Window map = batmap.map(image.file());
        int computed = map.checksum(checked, false);
        boolean matches = computed == batmap.checksum()
                || (batmap.version() == RawBatmap.VERSION_1_1 && map.checksum(checked, true) == batmap.checksum());
        if (!matches) {
            findings.add(
                    Code.BATMAP_CHECKSUM, batmap.offset() + RawBatmap.CHECKSUM, hex(batmap.checksum()), hex(computed));
        }
        return matches;
    }

    private static void checkBits(RawImage image, RawBatmap batmap, Findings findings) throws IOException {
        Window map = batmap.map(image.file());
        Window table = image.table();
        for (long block = 0; block < image.blocks(); block++) {
            boolean lie = map.bit(block) && table.entry(block) == SparseLayout.UNALLOCATED;
            if (lie && findings.isFull(Code.BATMAP_UNALLOCATED)) {
                findings.count(Code.BATMAP_UNALLOCATED);
            } else if (lie) {
                findings.add(
                        Code.BATMAP_UNALLOCATED,
                        batmap.mapOffset() + block / 8,
                        "the bit of block " + block + " is set, which is not allocated",
                        "clear");
            }
        }
    }
}
