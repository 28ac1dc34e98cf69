package io.catena.agent.nbd.channel;

import java.time.Duration;

/**
 * Measures how long one side of a connection has been stuck in the middle of a message.
 *
 * <p><b>Threads.</b> One at a time begins and ends; any may ask.
 */
public final class StallClock {
    /** When the wait began, by {@link System#nanoTime}; guarded by {@link #waiting}, which is written after it. */
    private long since;

    private volatile boolean waiting;

    public void begin() {
        since = System.nanoTime();
        waiting = true;
    }

    public void end() {
        waiting = false;
    }

    /** Whether a wait has lasted longer than {@code patience}. */
    public boolean exceeds(Duration patience) {
        return waiting && System.nanoTime() - since > patience.toNanos();
    }
}
