package io.catena.agent.copy;

import java.util.function.LongConsumer;

/** Keeps what is sent to so many bytes a second. For use by one thread. */
public final class Pace {
    private static final double NANOS = 1e9;

    /** The time in which a piece is sent counts; a longer time without sending is lost. */
    private static final long MOST_CREDIT_NANOS = 100_000_000;

    private final long bytesPerSecond;
    private long paidUntil = System.nanoTime();

    /**
     * @param bytesPerSecond 0 for no limit
     */
    public Pace(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /**
     * Waits as long as the bytes that were sent just now should have taken.
     *
     * @param rest waits for so many nanoseconds
     */
    public void sent(long bytes, LongConsumer rest) {
        if (bytesPerSecond > 0) {
            long now = System.nanoTime();
            paidUntil = Math.max(paidUntil, now - MOST_CREDIT_NANOS) + (long) (bytes * NANOS / bytesPerSecond);
            if (paidUntil > now) {
                rest.accept(paidUntil - now);
            }
        }
    }
}
