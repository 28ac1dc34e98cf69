package io.catena.check.raw;

import io.catena.format.Checksums;
import io.catena.format.SparseLayout;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * The 512 bytes where a footer stands or should stand, whatever they are; {@link io.catena.format.Footer} has the table of
 * fields. Nothing here throws, and nothing is changed.
 *
 * @param offset where in the file they stand
 * @param foreign whether they are a footer of another disk: then no reader takes them for one, they may be a guest's data
 */
public record RawFooter(long offset, ByteBuffer bytes, boolean foreign) {
    public static final int SIZE = 512;
    public static final int FEATURES = 8;
    public static final int VERSION = 12;
    public static final int DATA_OFFSET = 16;
    public static final int TIMESTAMP = 24;
    static final int CREATOR = 28;
    public static final int CREATOR_VERSION = 32;
    public static final int ORIGINAL_SIZE = 40;
    public static final int CURRENT_SIZE = 48;
    public static final int GEOMETRY = 56;
    public static final int TYPE = 60;
    public static final int CHECKSUM = 64;
    public static final int UNIQUE_ID = 68;
    public static final int SAVED_STATE = 84;
    public static final int HIDDEN = 85;
    public static final int RESERVED = 86;

    public static final int VERSION_1 = 0x0001_0000;
    public static final int FIXED = 2;
    public static final int DYNAMIC = 3;
    public static final int DIFFERENCING = 4;

    private static final long COOKIE = 0x636f6e6563746978L; // "conectix"
    private static final long POISON = 0x765f706f69736f6eL; // "v_poison"
    private static final int TAP_PREFIX = 0x746170;
    private static final int QEM2 = 0x71656d32;

    public RawFooter(long offset, ByteBuffer bytes) {
        this(offset, bytes, false);
    }

    /** Returns these bytes as what they are if the file begins with {@code copy}, as {@link io.catena.vhd.VhdHeaders} tells. */
    RawFooter besides(RawFooter copy) {
        boolean other = copy.isUsable() && copy.isSparse() && isIntact() && !isOfSameDisk(copy);
        return other ? new RawFooter(offset, bytes, true) : this;
    }

    private boolean isOfSameDisk(RawFooter copy) {
        if (type() == FIXED) {
            return currentSize() == offset;
        }
        return uniqueId().equals(copy.uniqueId()) && type() == copy.type() && dataOffset() == copy.dataOffset();
    }

    public boolean hasCookie() {
        return bytes.getLong(0) == COOKIE;
    }

    public boolean isPoisoned() {
        return bytes.getLong(0) == POISON && hasChecksum();
    }

    public int computedChecksum() {
        return Checksums.onesComplement(bytes, CHECKSUM);
    }

    /** Old blktap did not compute the checksum anew when it set the hidden flag. */
    public boolean hasChecksum() {
        int stored = bytes.getInt(CHECKSUM);
        int computed = computedChecksum();
        boolean forgetful = isTap() && (creatorVersion() == 1 || creatorVersion() == 0x0001_0001);
        return stored == computed || (forgetful && stored == computed + unsigned(HIDDEN));
    }

    /** Whether the bytes are a footer as somebody wrote it; its values may still be wrong. */
    public boolean isIntact() {
        return !foreign && hasCookie() && hasChecksum();
    }

    /** Whether readers can make sense of it, so that they do not look for another one. */
    boolean isUsable() {
        boolean known = type() == FIXED || isSparse();
        return isIntact() && known && hasSaneSize() && bytes.getInt(VERSION) == VERSION_1;
    }

    public boolean isTap() {
        return bytes.getInt(CREATOR) >>> 8 == TAP_PREFIX;
    }

    /** Whether it is qemu with a size that was asked for, whatever geometry that makes. */
    public boolean isForcedQemu() {
        return bytes.getInt(CREATOR) == QEM2;
    }

    public int creatorVersion() {
        return bytes.getInt(CREATOR_VERSION);
    }

    /** Whether a batmap must follow the BAT; version 1.1 wrote it at times. */
    public boolean promisesBatmap() {
        return isTap() && Integer.compareUnsigned(creatorVersion(), 0x0001_0002) >= 0;
    }

    boolean mayHaveBatmap() {
        return isTap() && Integer.compareUnsigned(creatorVersion(), 0x0001_0001) >= 0;
    }

    public int type() {
        return bytes.getInt(TYPE);
    }

    public boolean isSparse() {
        return type() == DYNAMIC || type() == DIFFERENCING;
    }

    public long dataOffset() {
        return bytes.getLong(DATA_OFFSET);
    }

    public long currentSize() {
        return bytes.getLong(CURRENT_SIZE);
    }

    public boolean hasSaneSize() {
        return currentSize() >= 0 && currentSize() % SparseLayout.SECTOR == 0;
    }

    public UUID uniqueId() {
        return new UUID(bytes.getLong(UNIQUE_ID), bytes.getLong(UNIQUE_ID + 8));
    }

    /** Returns a copy of the bytes that may be changed. */
    public ByteBuffer copyOfBytes() {
        return ByteBuffer.allocate(SIZE).put(bytes.duplicate().clear()).rewind();
    }

    public int unsigned(int index) {
        return Byte.toUnsignedInt(bytes.get(index));
    }
}
