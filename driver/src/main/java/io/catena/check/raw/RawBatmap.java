package io.catena.check.raw;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.nio.ByteBuffer;

/**
 * The 512 bytes where a batmap's header stands or should stand; {@link io.catena.format.Batmap} has the table of fields.
 *
 * @param offset where in the file they stand
 */
public record RawBatmap(long offset, ByteBuffer bytes) {
    public static final int SIZE = 512;
    public static final int MAP_OFFSET = 8;
    public static final int SECTORS = 16;
    public static final int VERSION = 20;
    public static final int CHECKSUM = 24;
    public static final int KEY_HASH = 29;
    public static final int RESERVED = 94;

    public static final int VERSION_1_1 = 0x0001_0001;
    public static final int VERSION_1_2 = 0x0001_0002;

    private static final long COOKIE = 0x74646261746d6170L; // "tdbatmap"

    boolean hasCookie() {
        return bytes.getLong(0) == COOKIE;
    }

    public long mapOffset() {
        return bytes.getLong(MAP_OFFSET);
    }

    public long mapBytes() {
        return Integer.toUnsignedLong(bytes.getInt(SECTORS)) * SparseLayout.SECTOR;
    }

    public int version() {
        return bytes.getInt(VERSION);
    }

    public int checksum() {
        return bytes.getInt(CHECKSUM);
    }

    /** Whether the map stands where one may stand. */
    public boolean hasSaneOffset() {
        return mapOffset() >= offset + SIZE && mapOffset() % SparseLayout.SECTOR == 0;
    }

    public boolean isWithin(long fileSize) {
        return hasSaneOffset() && mapBytes() > 0 && mapOffset() <= fileSize - mapBytes();
    }

    public Window map(BlockFile file) {
        return new Window(file, mapOffset());
    }
}
