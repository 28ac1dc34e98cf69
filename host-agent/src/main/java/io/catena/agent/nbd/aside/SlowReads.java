package io.catena.agent.nbd.aside;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides for a connection which reads go to other threads: with the data in memory it is two to three times faster to
 * answer one read after the other than to hand them over, while a disk wants many requests at a time.
 *
 * <p>It goes by how long the last reads took. One that had to wait for the disk weighs as much as {@value #SLOW_WEIGHT}
 * that had not, so that half an eighth of cold data is enough, and a single one, which may have waited for a processor
 * instead, is not. It works on every file system, and needs nothing that Java does not have.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class SlowReads {
    private static final int SLOW_WEIGHT = 8;
    private static final int HEAVIEST = 32;

    /** What a read of nothing from memory takes at most, and a busy machine adds. */
    private static final long FAST_NANOS = 50_000;

    /** Copies are faster than this. */
    private static final long BYTES_PER_NANO = 2;

    private final AtomicInteger weight = new AtomicInteger();

    /** Whether reads are better handed over now, if there are several. */
    public boolean areToBeExpected() {
        return weight.get() > SLOW_WEIGHT;
    }

    /** Tells how long a read took, by whatever thread. */
    public void took(long nanos, int lengthBytes) {
        boolean slow = nanos > FAST_NANOS + lengthBytes / BYTES_PER_NANO;
        if (slow || weight.get() > 0) {
            weight.updateAndGet(now -> slow ? Math.min(HEAVIEST, now + SLOW_WEIGHT) : Math.max(0, now - 1));
        }
    }
}
