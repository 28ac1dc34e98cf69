package io.catena.check;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.nio.ByteBuffer;

/**
 * The 512 bytes where a batmap's header stands or should stand; {@link io.catena.format.Batmap} has the table of fields.
 *
 * @param offset where in the file they stand
 */
record RawBatmap(long offset, ByteBuffer bytes) {
    static final int SIZE = 512;
    static final int MAP_OFFSET = 8;
    static final int SECTORS = 16;
    static final int VERSION = 20;
    static final int CHECKSUM = 24;
    static final int KEY_HASH = 29;
    static final int RESERVED = 94;

    static final int VERSION_1_1 = 0x0001_0001;
    static final int VERSION_1_2 = 0x0001_0002;

    private static final long COOKIE = 0x74646261746d6170L; // "tdbatmap"

    boolean hasCookie() {
        return bytes.getLong(0) == COOKIE;
    }

    long mapOffset() {
        return bytes.getLong(MAP_OFFSET);
    }

    long mapBytes() {
        return Integer.toUnsignedLong(bytes.getInt(SECTORS)) * SparseLayout.SECTOR;
    }

    int version() {
        return bytes.getInt(VERSION);
    }

    int checksum() {
        return bytes.getInt(CHECKSUM);
    }

    /** Whether the map stands where one may stand. */
    boolean hasSaneOffset() {
        return mapOffset() >= offset + SIZE && mapOffset() % SparseLayout.SECTOR == 0;
    }

    boolean isWithin(long fileSize) {
        return hasSaneOffset() && mapBytes() > 0 && mapOffset() <= fileSize - mapBytes();
    }

    Window map(BlockFile file) {
        return new Window(file, mapOffset());
    }
}
