package io.catena.harness.explore;

import java.nio.ByteBuffer;

/**
 * A call that changes or syncs something.
 *
 * @param file the name of the file; of a rename the old one, of a link the one that it has already; empty if all names are synced
 * @param to the new name of a rename or a link, else empty
 * @param offset where a write or a hole begins, or the new size of a truncate, else 0
 * @param bytes what a write writes, else nothing
 */
public record Call(Kind kind, String file, String to, long offset, ByteBuffer bytes) {
    /** What it does. */
    public enum Kind {
        CREATE,
        RENAME,
        LINK,
        DELETE,
        SYNC_NAMES,
        WRITE,
        TRUNCATE,
        PUNCH,
        SYNC
    }

    static Call of(Kind kind, String file) {
        return new Call(kind, file, "", 0, ByteBuffer.allocate(0));
    }
}
