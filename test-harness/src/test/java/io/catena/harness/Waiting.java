package io.catena.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waits for what comes about by itself in another process or thread. */
public final class Waiting {
    /** Longer than a lease takes to run out and an SR to be recovered, on a busy machine. */
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final long PAUSE_MILLIS = 10;

    private Waiting() {}

    /** What may come about. */
    @FunctionalInterface
    public interface Condition {
        /** Returns whether it has; is asked often. */
        boolean holds() throws IOException;
    }

    /**
     * Returns when a condition holds, and fails if it does not in three minutes.
     *
     * @param what the condition in words
     */
    public static void until(String what, Condition condition) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as("waited too long until " + what).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        }
    }
}
