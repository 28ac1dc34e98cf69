package io.catena.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/** A regular file that {@link ConfinedFiles} has opened. Safe for use by many threads. */
public interface OpenFile extends Closeable {
    /** Returns the way to its bytes. Belongs to this. */
    FileChannel channel();

    /** Returns what was known of this very file when it was opened. */
    FileStat stat();

    /** Returns what punches holes into it or takes bytes from it; null if nothing can. Belongs to this. */
    @Nullable
    HolePunch punch();

    /**
     * Locks the file for this open file alone, until it is closed; who has it open without a lock is not disturbed.
     *
     * <p>The lock sits on the open file description that {@link #channel} writes through: a file server that gave the lock
     * to somebody else refuses what is still written here.
     *
     * @return false, and nothing has happened, if somebody else holds it, in this process or another
     */
    boolean tryLock() throws IOException;
}
