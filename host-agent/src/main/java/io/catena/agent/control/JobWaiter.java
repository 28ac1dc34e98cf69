package io.catena.agent.control;

import io.catena.api.Job;
import java.time.Duration;

/** Waits for long work. Safe for use by many threads. */
@FunctionalInterface
public interface JobWaiter {
    /** Waits until a job has ended, but not longer than {@code atMost}; returns it as it stands then. */
    Job waitFor(long id, Duration atMost);
}
