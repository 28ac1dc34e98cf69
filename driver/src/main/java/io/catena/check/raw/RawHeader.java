package io.catena.check.raw;

import io.catena.format.Checksums;
import io.catena.format.DynamicHeader;
import io.catena.format.ParentName;
import io.catena.format.SparseLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The 1024 bytes where a dynamic header stands or should stand, whatever they are; {@link DynamicHeader} has the table of
 * fields. Nothing here throws, and nothing is changed.
 *
 * @param offset where in the file they stand
 */
public record RawHeader(long offset, ByteBuffer bytes) {
    public static final int SIZE = 1024;
    public static final int DATA_OFFSET = 8;
    public static final int TABLE_OFFSET = 16;
    public static final int VERSION = 24;
    public static final int MAX_ENTRIES = 28;
    public static final int BLOCK_SIZE = 32;
    public static final int CHECKSUM = 36;
    public static final int PARENT_ID = 40;
    public static final int PARENT_TIMESTAMP = 56;
    public static final int RESERVED_1 = 60;
    public static final int PARENT_NAME = 64;
    public static final int LOCATORS = 576;
    public static final int RESERVED_2 = 768;

    private static final long COOKIE = 0x6378737061727365L; // "cxsparse"
    private static final int MIN_BLOCK_SIZE = 4096;
    private static final int MAX_BLOCK_SIZE = 256 << 20;

    public boolean hasCookie() {
        return bytes.getLong(0) == COOKIE;
    }

    public int computedChecksum() {
        return Checksums.onesComplement(bytes, CHECKSUM);
    }

    /** Whether the bytes are a header as somebody wrote it; its values may still be wrong. */
    public boolean isIntact() {
        return hasCookie() && bytes.getInt(CHECKSUM) == computedChecksum();
    }

    public long tableOffset() {
        return bytes.getLong(TABLE_OFFSET);
    }

    /** Number of entries of the BAT. */
    public long maxEntries() {
        return Integer.toUnsignedLong(bytes.getInt(MAX_ENTRIES));
    }

    /** Where the BAT ends, padding included; makes sense only if {@link #tableIsWithin} a file. */
    public long tableEnd() {
        return tableOffset() + SparseLayout.roundUp(maxEntries() * Integer.BYTES, SparseLayout.SECTOR);
    }

    public boolean tableIsWithin(long end) {
        return tableOffset() > 0
                && tableOffset() % SparseLayout.SECTOR == 0
                && tableOffset() <= end
                && tableEnd() <= end;
    }

    public int blockSize() {
        return bytes.getInt(BLOCK_SIZE);
    }

    public boolean hasSaneBlockSize() {
        return Integer.bitCount(blockSize()) == 1 && blockSize() >= MIN_BLOCK_SIZE && blockSize() <= MAX_BLOCK_SIZE;
    }

    public UUID parentId() {
        return new UUID(bytes.getLong(PARENT_ID), bytes.getLong(PARENT_ID + 8));
    }

    public boolean hasRawParent() {
        return parentId().equals(DynamicHeader.NO_ID);
    }

    /** Returns the parent name; empty if the bytes are no text. */
    public Optional<String> parentName() {
        return ParentName.decode(bytes.slice(PARENT_NAME, LOCATORS - PARENT_NAME));
    }

    /** Whether the parent name's bytes are in the other order than the specification says. */
    public boolean hasLittleEndianName() {
        return ParentName.isLittleEndian(bytes.slice(PARENT_NAME, LOCATORS - PARENT_NAME));
    }

    public List<RawLocator> locators() {
        List<RawLocator> locators = new ArrayList<>();
        for (int slot = 0; slot < DynamicHeader.LOCATORS; slot++) {
            int at = LOCATORS + slot * RawLocator.SIZE;
            locators.add(new RawLocator(slot, offset + at, bytes.slice(at, RawLocator.SIZE)));
        }
        return locators;
    }

    /** Returns the index of the first byte of a range that is not zero, or -1. */
    public int firstNonZero(int from, int to) {
        return Zeros.firstOther(bytes, from, to);
    }
}
