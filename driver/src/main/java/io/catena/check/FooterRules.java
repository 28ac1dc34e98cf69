package io.catena.check;

import static io.catena.check.finding.Findings.hex;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawImage;
import io.catena.check.raw.Zeros;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.Geometry;
import io.catena.format.SparseLayout;
import java.util.Arrays;

/** What must hold for the footer and its copy, each on its own and both together, and for a fixed disk's size. */
final class FooterRules {
    private static final long CLOCK_TOLERANCE_SECONDS = 1800;
    private static final int TEMPORARY = 1;
    private static final int RESERVED_FEATURE = 2;
    private static final int NEWEST_TAP = 0x0001_0003;
    private static final int LITTLE_ENDIAN_TAP = 0x0000_0001;
    private static final int SHORT = 511;

    private final long latestTimestamp;
    private final boolean ignoreTimestamps;

    /**
     * @param timestamp the time now, as {@link io.catena.format.VhdTime} counts
     */
    FooterRules(long timestamp, boolean ignoreTimestamps) {
        this.latestTimestamp = timestamp + CLOCK_TOLERANCE_SECONDS;
        this.ignoreTimestamps = ignoreTimestamps;
    }

    void check(RawImage image, Findings findings) {
        checkFileSize(image, findings);
        if (image.isPoisoned()) {
            RawFooter poisoned = image.trailing().isPoisoned() ? image.trailing() : image.copy();
            findings.add(Code.FOOTER_POISONED, poisoned.offset(), "cookie \"v_poison\"", "\"conectix\"");
            return;
        }
        RawFooter footer = image.footer();
        checkIntact(image.trailing(), findings);
        if (footer == null) {
            findings.add(Code.NO_FOOTER, 0, "no valid footer, neither at the end nor at the start", "two");
            return;
        }
        checkValues(footer, findings);
        if (footer.type() == RawFooter.FIXED) {
            checkFixedSize(image, footer, findings);
        } else if (footer.isSparse()) {
            checkIntact(image.copy(), findings);
            checkPair(image, findings);
        }
    }

    private static void checkFileSize(RawImage image, Findings findings) {
        long rest = image.size() % SparseLayout.SECTOR;
        if (rest == SHORT && image.trailing().isIntact() && image.trailing().offset() == image.size() - SHORT) {
            findings.add(Code.SHORT_FOOTER, image.trailing().offset(), "511 bytes", "512");
        } else if (rest != 0) {
            findings.add(Code.FILE_SIZE_UNALIGNED, image.size() - rest, image.size() + " bytes", "a multiple of 512");
        }
    }

    private static void checkIntact(RawFooter footer, Findings findings) {
        if (footer.foreign()) {
            findings.add(Code.FOOTERS_DIFFER, footer.offset(), "a footer of another disk", "as at byte 0");
        } else if (!footer.hasCookie()) {
            findings.add(
                    Code.FOOTER_COOKIE,
                    footer.offset(),
                    "cookie " + hex(footer.bytes().getLong(0)),
                    "\"conectix\"");
        } else if (!footer.hasChecksum()) {
            findings.add(
                    Code.FOOTER_CHECKSUM,
                    footer.offset() + RawFooter.CHECKSUM,
                    hex(footer.bytes().getInt(RawFooter.CHECKSUM)),
                    hex(footer.computedChecksum()));
        }
    }

    /** The values of the one that does not count are not looked at: it is made equal, not repaired on its own. */
    private void checkPair(RawImage image, Findings findings) {
        RawFooter trailing = image.trailing();
        RawFooter copy = image.copy();
        if (!trailing.isIntact() || !copy.isIntact()) {
            return;
        }
        int difference = trailing.bytes().mismatch(copy.bytes());
        boolean oldTap = trailing.isTap() && Integer.compareUnsigned(trailing.creatorVersion(), 0x0001_0001) <= 0;
        if (difference >= 0 && !(oldTap && differOnlyInHidden(trailing, copy))) {
            RawFooter right = image.sparseFooter();
            RawFooter wrong = right.offset() == 0 ? trailing : copy;
            findings.add(
                    Code.FOOTERS_DIFFER,
                    wrong.offset() + difference,
                    hex(wrong.unsigned(difference)),
                    hex(right.unsigned(difference)) + ", as at byte " + (right.offset() + difference));
        }
    }

    private static boolean differOnlyInHidden(RawFooter a, RawFooter b) {
        byte[] first = maskedHidden(a);
        byte[] second = maskedHidden(b);
        return Arrays.equals(first, second);
    }

    private static byte[] maskedHidden(RawFooter footer) {
        byte[] bytes = new byte[RawFooter.SIZE];
        footer.bytes().duplicate().get(bytes);
        bytes[RawFooter.HIDDEN] = 0;
        Arrays.fill(bytes, RawFooter.CHECKSUM, RawFooter.UNIQUE_ID, (byte) 0);
        return bytes;
    }

    private void checkValues(RawFooter footer, Findings findings) {
        long at = footer.offset();
        checkFeatures(footer, findings);
        int version = footer.bytes().getInt(RawFooter.VERSION);
        if (version != RawFooter.VERSION_1) {
            findings.add(Code.FOOTER_VERSION, at + RawFooter.VERSION, hex(version), hex(RawFooter.VERSION_1));
        }
        if (footer.type() == RawFooter.FIXED && footer.dataOffset() != Footer.NO_DYNAMIC_HEADER) {
            findings.add(Code.FOOTER_DATA_OFFSET, at + RawFooter.DATA_OFFSET, hex(footer.dataOffset()), "all ones");
        }
        long timestamp = Integer.toUnsignedLong(footer.bytes().getInt(RawFooter.TIMESTAMP));
        if (!ignoreTimestamps && timestamp > latestTimestamp) {
            findings.add(
                    Code.FOOTER_TIME_IN_FUTURE,
                    at + RawFooter.TIMESTAMP,
                    timestamp + " seconds since 2000",
                    "at most " + latestTimestamp);
        }
        checkCreator(footer, findings);
        checkSize(footer, findings);
        if (footer.type() != RawFooter.FIXED && !footer.isSparse()) {
            findings.add(Code.DISK_TYPE, at + RawFooter.TYPE, Integer.toString(footer.type()), "2, 3 or 4");
        }
        checkFlags(footer, findings);
        if (footer.uniqueId().equals(DynamicHeader.NO_ID)) {
            findings.add(Code.NULL_ID, at + RawFooter.UNIQUE_ID, "zero", "a unique id");
        }
    }

    private static void checkFeatures(RawFooter footer, Findings findings) {
        int features = footer.bytes().getInt(RawFooter.FEATURES);
        long at = footer.offset() + RawFooter.FEATURES;
        if ((features & RESERVED_FEATURE) == 0) {
            findings.add(Code.FOOTER_RESERVED_FEATURE, at, hex(features), "bit 1 set");
        }
        if ((features & ~(RESERVED_FEATURE | TEMPORARY)) != 0) {
            findings.add(Code.FOOTER_FEATURES, at, hex(features), "bits 0 and 1 only");
        }
    }

    private static void checkCreator(RawFooter footer, Findings findings) {
        if (!footer.isTap()) {
            return;
        }
        long at = footer.offset() + RawFooter.CREATOR_VERSION;
        if (footer.creatorVersion() == LITTLE_ENDIAN_TAP) {
            findings.add(Code.CREATOR_LITTLE_ENDIAN, at, "0.1", "1.1 to 1.3");
        } else if (Integer.compareUnsigned(footer.creatorVersion(), NEWEST_TAP) > 0) {
            findings.add(Code.CREATOR_VERSION, at, hex(footer.creatorVersion()), "at most " + hex(NEWEST_TAP));
        }
    }

    private static void checkSize(RawFooter footer, Findings findings) {
        long size = footer.currentSize();
        long at = footer.offset() + RawFooter.CURRENT_SIZE;
        if (!footer.hasSaneSize()) {
            findings.add(Code.DISK_SIZE, at, Long.toUnsignedString(size) + " bytes", "a multiple of 512, below 2^63");
            return;
        }
        if (size > Footer.MAX_DISK_BYTES) {
            findings.add(Code.DISK_SIZE_ABOVE_LIMIT, at, size + " bytes", "at most " + Footer.MAX_DISK_BYTES);
        }
        long original = footer.bytes().getLong(RawFooter.ORIGINAL_SIZE);
        if (original != size) {
            findings.add(
                    Code.ORIGINAL_SIZE,
                    footer.offset() + RawFooter.ORIGINAL_SIZE,
                    Long.toUnsignedString(original) + " bytes",
                    size + " bytes");
        }
        checkGeometry(footer, findings);
    }

    /**
     * blktap wants no more than the specification computes, which refuses disks whose size qemu was made to keep; for
     * those of others the geometry may round the size up to a cylinder.
     */
    private static void checkGeometry(RawFooter footer, Findings findings) {
        int stored = footer.bytes().getInt(RawFooter.GEOMETRY);
        int computed = Geometry.of(footer.currentSize());
        long heads = footer.unsigned(RawFooter.GEOMETRY + 2);
        long cylinderBytes = heads * footer.unsigned(RawFooter.GEOMETRY + 3) * SparseLayout.SECTOR;
        long product = (stored >>> 16) * cylinderBytes;
        boolean tooLarge = footer.isTap()
                ? Integer.compareUnsigned(stored, computed) > 0
                : !footer.isForcedQemu() && product - footer.currentSize() >= Math.max(1, cylinderBytes);
        if (tooLarge || stored != computed) {
            findings.add(
                    tooLarge ? Code.GEOMETRY_TOO_LARGE : Code.GEOMETRY_UNUSUAL,
                    footer.offset() + RawFooter.GEOMETRY,
                    describe(stored),
                    describe(computed));
        }
    }

    private static String describe(int geometry) {
        return (geometry >>> 16) + "/" + (geometry >>> 8 & 0xff) + "/" + (geometry & 0xff);
    }

    private static void checkFlags(RawFooter footer, Findings findings) {
        int saved = footer.unsigned(RawFooter.SAVED_STATE);
        if (saved > 1) {
            findings.add(Code.SAVED_STATE, footer.offset() + RawFooter.SAVED_STATE, Integer.toString(saved), "0 or 1");
        }
        int hidden = footer.unsigned(RawFooter.HIDDEN);
        if (hidden > 1) {
            findings.add(Code.HIDDEN, footer.offset() + RawFooter.HIDDEN, Integer.toString(hidden), "0 or 1");
        }
        int other = Zeros.firstOther(footer.bytes(), RawFooter.RESERVED, RawFooter.SIZE);
        if (other >= 0) {
            findings.add(Code.FOOTER_RESERVED, footer.offset() + other, hex(footer.unsigned(other)), "0");
        }
    }

    private static void checkFixedSize(RawImage image, RawFooter footer, Findings findings) {
        if (!footer.hasSaneSize()) {
            return;
        }
        long excess = footer.offset() - footer.currentSize();
        if (excess != 0) {
            findings.add(
                    excess < 0 ? Code.FIXED_TOO_SHORT : Code.FIXED_TOO_LONG,
                    footer.offset(),
                    footer.offset() + " bytes before the footer, in a file of " + image.size(),
                    Long.toString(footer.currentSize()));
        }
    }
}
