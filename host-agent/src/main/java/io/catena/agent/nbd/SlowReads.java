package io.catena.agent.nbd;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decides for a connection which reads go to other threads: with the data in memory it is two to three times faster to
 * answer one read after the other than to hand them over, while a disk wants many requests at a time.
 *
 * <p>It goes by how long the last reads took. One that had to wait for the disk weighs as much as {@value #SLOW_WEIGHT}
 * that had not, so that half an eighth of cold data is enough, and a single one, which may have waited for a processor
 * instead, is not. It works on every file system, and needs nothing that Java does not have.
 *
 * <p><b>Threads.</b> {@link #start} and {@link #awaitAll} for the connection's thread.
 */
final class SlowReads {
    /** How many reads of a connection are under way at a time. */
    private static final int MOST_AT_A_TIME = 32;

    private static final int SLOW_WEIGHT = 8;
    private static final int HEAVIEST = 32;

    /** What a read of nothing from memory takes at most, and a busy machine adds. */
    private static final long FAST_NANOS = 50_000;

    /** Copies are faster than this. */
    private static final long BYTES_PER_NANO = 2;

    private final Executor threads;
    private final Semaphore permits = new Semaphore(MOST_AT_A_TIME);
    private final AtomicInteger weight = new AtomicInteger();

    /**
     * @param threads refuses what it has no thread for
     */
    SlowReads(Executor threads) {
        this.threads = threads;
    }

    /** Whether reads are better handed over now, if there are several. */
    boolean areToBeExpected() {
        return weight.get() > SLOW_WEIGHT;
    }

    boolean areUnderWay() {
        return permits.availablePermits() < MOST_AT_A_TIME;
    }

    /** Lets another thread run {@code read}; returns false if there is none for it, so that the caller had better. */
    boolean start(Runnable read) {
        if (!permits.tryAcquire()) {
            return false;
        }
        try {
            threads.execute(() -> {
                try {
                    read.run();
                } finally {
                    permits.release();
                }
            });
            return true;
        } catch (RejectedExecutionException e) {
            permits.release();
            return false;
        }
    }

    /** Tells how long a read took, by whatever thread. */
    void took(long nanos, int lengthBytes) {
        boolean slow = nanos > FAST_NANOS + lengthBytes / BYTES_PER_NANO;
        if (slow || weight.get() > 0) {
            weight.updateAndGet(now -> slow ? Math.min(HEAVIEST, now + SLOW_WEIGHT) : Math.max(0, now - 1));
        }
    }

    /** Waits for all that was started; as long as the device takes. */
    void awaitAll() {
        permits.acquireUninterruptibly(MOST_AT_A_TIME);
        permits.release(MOST_AT_A_TIME);
    }
}
