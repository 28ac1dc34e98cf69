package io.catena.vhd.map;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What redo logs may hold together: they are memory of the host. When it is used up, logs that are not short ask for a flush,
 * which empties them.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class RedoBudget {
    /** For the logs of this process; an answered flush empties a log, so few are long at a time. */
    static final RedoBudget PROCESS = new RedoBudget(64L << 20);

    /** Replaying this much takes a moment only. */
    private static final long LONG_BYTES = 1 << 20;

    /** A page of tmpfs. */
    private static final long SHORT_BYTES = 4096;

    private final long mostBytes;
    private final AtomicLong held = new AtomicLong();

    RedoBudget(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** Notes that a log grew, or became shorter. */
    void add(long bytes) {
        held.addAndGet(bytes);
    }

    long heldBytes() {
        return held.get();
    }

    /** Whether a log of this length is to be emptied. */
    boolean isTooLong(long bytes) {
        return bytes >= (held.get() < mostBytes ? LONG_BYTES : SHORT_BYTES);
    }
}
