package io.catena.agent.mirror;

import java.util.concurrent.locks.ReentrantLock;

/**
 * Locks of ranges of bytes: of two that overlap one waits for the other. Parts far from each other may share a lock.
 *
 * <p><b>Threads.</b> Safe for use by many threads, each of which holds one range at a time.
 */
final class RangeLocks {
    private static final int STRIPES = 256;

    private final long partBytes;
    private final ReentrantLock[] stripes = new ReentrantLock[STRIPES];

    /**
     * @param partBytes ranges in one part always exclude each other
     */
    RangeLocks(long partBytes) {
        this.partBytes = partBytes;
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new ReentrantLock();
        }
    }

    /** A range that is locked; closed by the thread that locked it. */
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits until nobody has a part of a range. */
    Held lock(long offset, long lengthBytes) {
        boolean[] wanted = wanted(offset, lengthBytes);
        for (int i = 0; i < STRIPES; i++) {
            if (wanted[i]) {
                stripes[i].lock();
            }
        }
        return () -> unlock(wanted);
    }

    private void unlock(boolean[] held) {
        for (int i = STRIPES - 1; i >= 0; i--) {
            if (held[i]) {
                stripes[i].unlock();
            }
        }
    }

    /** The stripes, which all take in the same order. */
    private boolean[] wanted(long offset, long lengthBytes) {
        boolean[] wanted = new boolean[STRIPES];
        long first = offset / partBytes;
        long last = (offset + Math.max(1, lengthBytes) - 1) / partBytes;
        for (long part = first; part <= last && part < first + STRIPES; part++) {
            wanted[(int) (part % STRIPES)] = true;
        }
        return wanted;
    }
}
