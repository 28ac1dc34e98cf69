package io.catena.lease;

import java.io.InterruptedIOException;

/**
 * Measures durations on one host, also those in which it was suspended: CLOCK_BOOTTIME, not {@link System#nanoTime}, which
 * stops then.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public interface BootClock {
    /** Returns how many ns have passed since a fixed moment on this host. */
    long nanos();

    /**
     * Waits for at least {@code nanos} ns.
     *
     * @throws InterruptedIOException if the thread is to end
     */
    void sleep(long nanos) throws InterruptedIOException;
}
