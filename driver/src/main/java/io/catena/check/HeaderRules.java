package io.catena.check;

import static io.catena.check.finding.Findings.hex;
import static io.catena.check.finding.Findings.range;

import io.catena.check.finding.Code;
import io.catena.check.finding.Findings;
import io.catena.check.raw.RawFooter;
import io.catena.check.raw.RawHeader;
import io.catena.check.raw.RawImage;
import io.catena.format.DynamicHeader;
import io.catena.format.SparseLayout;

/** What must hold for the dynamic header, apart from its parent locators. */
final class HeaderRules {
    private static final int VERSION_1 = 0x0001_0000;
    private static final long OLD_QEMU_DATA_OFFSET = 0xFFFF_FFFFL;
    private static final long CLOCK_TOLERANCE_SECONDS = 1800;

    private final long latestTimestamp;
    private final boolean ignoreTimestamps;

    /**
     * @param timestamp the time now, as {@link io.catena.format.VhdTime} counts
     */
    HeaderRules(long timestamp, boolean ignoreTimestamps) {
        this.latestTimestamp = timestamp + CLOCK_TOLERANCE_SECONDS;
        this.ignoreTimestamps = ignoreTimestamps;
    }

    /** Checks the header of a dynamic or differencing disk. */
    void check(RawImage image, Findings findings) {
        RawFooter footer = image.sparseFooter();
        RawHeader header = image.header();
        long pointer = footer.offset() + RawFooter.DATA_OFFSET;
        if (header == null) {
            findings.add(
                    Code.FOOTER_DATA_OFFSET,
                    pointer,
                    Long.toUnsignedString(footer.dataOffset()),
                    "a place for 1024 bytes behind byte 512, in a file of " + image.size());
            return;
        }
        if (header.offset() % SparseLayout.SECTOR != 0) {
            findings.add(Code.FOOTER_DATA_OFFSET, pointer, Long.toString(header.offset()), "a multiple of 512");
        }
        if (!header.hasCookie()) {
            findings.add(Code.HEADER_COOKIE, header.offset(), hex(header.bytes().getLong(0)), "\"cxsparse\"");
        } else if (!header.isIntact()) {
            findings.add(
                    Code.HEADER_CHECKSUM,
                    header.offset() + RawHeader.CHECKSUM,
                    hex(header.bytes().getInt(RawHeader.CHECKSUM)),
                    hex(header.computedChecksum()));
        } else {
            checkValues(image, header, findings);
            checkParentFields(footer, header, findings);
        }
    }

    private static void checkValues(RawImage image, RawHeader header, Findings findings) {
        long at = header.offset();
        int version = header.bytes().getInt(RawHeader.VERSION);
        if (version != VERSION_1) {
            findings.add(Code.HEADER_VERSION, at + RawHeader.VERSION, hex(version), hex(VERSION_1));
        }
        long next = header.bytes().getLong(RawHeader.DATA_OFFSET);
        if (next != -1) {
            Code code = next == OLD_QEMU_DATA_OFFSET ? Code.HEADER_DATA_OFFSET_OLD_QEMU : Code.HEADER_DATA_OFFSET;
            findings.add(code, at + RawHeader.DATA_OFFSET, hex(next), "all ones");
        }
        if (!header.tableIsWithin(image.dataLimit())) {
            findings.add(
                    Code.TABLE_OFFSET,
                    at + RawHeader.TABLE_OFFSET,
                    header.maxEntries() + " entries from byte " + Long.toUnsignedString(header.tableOffset()),
                    "a multiple of 512, the end not behind byte " + image.dataLimit());
        }
        checkBlockSize(image, header, findings);
        checkTableSize(image, header, findings);
        checkReserved(header, RawHeader.RESERVED_1, RawHeader.PARENT_NAME, findings);
        checkReserved(header, RawHeader.RESERVED_2, RawHeader.SIZE, findings);
    }

    private static void checkBlockSize(RawImage image, RawHeader header, Findings findings) {
        long at = header.offset() + RawHeader.BLOCK_SIZE;
        String found = Integer.toUnsignedString(header.blockSize()) + " bytes";
        if (!header.hasSaneBlockSize()) {
            findings.add(Code.BLOCK_SIZE, at, found, "a power of two from 4 KiB to 256 MiB");
            return;
        }
        if (header.blockSize() != DynamicHeader.DEFAULT_BLOCK_SIZE) {
            findings.add(Code.BLOCK_SIZE_UNUSUAL, at, found, DynamicHeader.DEFAULT_BLOCK_SIZE + " bytes");
        }
        if (image.sparseFooter().hasSaneSize() && image.blocksNeeded() > header.maxEntries()) {
            findings.add(
                    Code.TABLE_TOO_SMALL,
                    header.offset() + RawHeader.MAX_ENTRIES,
                    header.maxEntries() + " entries",
                    "at least " + image.blocksNeeded());
        }
    }

    private static void checkTableSize(RawImage image, RawHeader header, Findings findings) {
        if (!image.hasTable()) {
            return;
        }
        long at = header.offset() + RawHeader.MAX_ENTRIES;
        if (image.isTooLarge()) {
            findings.add(
                    Code.TOO_MANY_BLOCKS,
                    at,
                    image.blocksNeeded() + " blocks, a BAT with " + header.maxEntries() + " entries",
                    "at most " + SparseLayout.MAX_BLOCKS + " blocks and " + Integer.MAX_VALUE + " entries");
        } else if (header.maxEntries() > image.entries()) {
            findings.add(
                    Code.TABLE_TOO_LARGE,
                    at,
                    header.maxEntries() + " entries",
                    "at most " + image.entries() + ", which are checked");
        }
    }

    private static void checkReserved(RawHeader header, int from, int to, Findings findings) {
        int other = header.firstNonZero(from, to);
        if (other >= 0) {
            findings.add(
                    Code.HEADER_RESERVED,
                    header.offset() + other,
                    hex(header.bytes().get(other) & 0xff),
                    "0");
        }
    }

    private void checkParentFields(RawFooter footer, RawHeader header, Findings findings) {
        if (footer.type() == RawFooter.DYNAMIC) {
            checkNoParent(header, findings);
            return;
        }
        long timestamp = Integer.toUnsignedLong(header.bytes().getInt(RawHeader.PARENT_TIMESTAMP));
        if (!ignoreTimestamps && timestamp > latestTimestamp) {
            findings.add(
                    Code.PARENT_TIME_IN_FUTURE,
                    header.offset() + RawHeader.PARENT_TIMESTAMP,
                    timestamp + " seconds since 2000",
                    "at most " + latestTimestamp);
        }
        if (header.parentName().isEmpty()) {
            findings.add(Code.PARENT_NAME, header.offset() + RawHeader.PARENT_NAME, "no UTF-16", "a file's name");
        } else if (header.hasLittleEndianName()) {
            findings.add(
                    Code.PARENT_NAME_LITTLE_ENDIAN,
                    header.offset() + RawHeader.PARENT_NAME,
                    "\"" + header.parentName().get() + "\" in little-endian UTF-16",
                    "big-endian");
        }
    }

    private static void checkNoParent(RawHeader header, Findings findings) {
        int id = header.firstNonZero(RawHeader.PARENT_ID, RawHeader.RESERVED_1);
        int name = id >= 0 ? id : header.firstNonZero(RawHeader.PARENT_NAME, RawHeader.LOCATORS);
        int other = name >= 0 ? name : firstOfLocators(header);
        if (other < 0) {
            LocatorRules.checkUnused(header, findings);
        } else {
            findings.add(
                    Code.STRAY_PARENT,
                    header.offset() + other,
                    hex(header.bytes().get(other) & 0xff),
                    "0 in all of " + range(header.offset() + RawHeader.PARENT_ID, header.offset() + 768));
        }
    }

    /** Returns where in the header the first locator stands that is not empty, or -1. */
    private static int firstOfLocators(RawHeader header) {
        return header.locators().stream()
                .filter(locator -> locator.isUsed() || !locator.isZeroButForPlace())
                .mapToInt(locator ->
                        header.firstNonZero((int) (locator.offset() - header.offset()), RawHeader.RESERVED_2))
                .findFirst()
                .orElse(-1);
    }
}
