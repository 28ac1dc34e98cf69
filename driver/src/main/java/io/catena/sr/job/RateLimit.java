package io.catena.sr.job;

import java.util.function.LongSupplier;

/**
 * Says how long who copies has to wait, so that all together copy no more than so many bytes a second.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class RateLimit {
    private static final double NANOS = 1e9;

    /** The time in which a piece is copied counts; a longer time without copying is lost. */
    private static final long MOST_CREDIT_NANOS = 100_000_000;

    private final LongSupplier bytesPerSecond;
    private final LongSupplier nanoTime;

    /** When all that was copied so far would have been copied at the limit; guarded by this. */
    private long paidUntil;

    private boolean begun;

    /**
     * @param bytesPerSecond 0 for no limit; may change
     */
    public RateLimit(LongSupplier bytesPerSecond, LongSupplier nanoTime) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanoTime = nanoTime;
    }

    /** Notes that bytes were copied; returns how many nanoseconds to wait before the next. */
    synchronized long copied(long bytes) {
        long limit = bytesPerSecond.getAsLong();
        long now = nanoTime.getAsLong();
        if (limit <= 0) {
            begun = false;
            return 0;
        }
        long from = begun ? Math.max(paidUntil, now - MOST_CREDIT_NANOS) : now;
        begun = true;
        paidUntil = from + (long) (bytes * NANOS / limit);
        return paidUntil - now;
    }
}
