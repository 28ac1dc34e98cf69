package io.catena.sr.job;

import java.time.Duration;

/** Does things later. Safe for use by many threads. */
@FunctionalInterface
public interface Timer {
    /** A timer that does nothing, ever. */
    Timer NEVER = (delay, work) -> () -> {};

    /** Does {@code work}, which must be short, after {@code delay}, unless what is returned is run before. */
    Runnable after(Duration delay, Runnable work);
}
