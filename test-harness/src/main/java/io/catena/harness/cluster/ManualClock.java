package io.catena.harness.cluster;

import io.catena.lease.BootClock;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A clock that goes on when it is told to, or when somebody sleeps.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class ManualClock implements BootClock {
    private static final long SECOND_NANOS = 1_000_000_000;

    private final AtomicLong nanos = new AtomicLong();
    private volatile Task eachSecond = () -> {};

    /** What is done meanwhile. */
    public interface Task {
        void run() throws IOException;
    }

    @Override
    public long nanos() {
        return nanos.get();
    }

    @Override
    public void sleep(long duration) throws InterruptedIOException {
        for (long left = duration; left > 0; left -= SECOND_NANOS) {
            nanos.addAndGet(Math.min(left, SECOND_NANOS));
            try {
                eachSecond.run();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Does {@code task} in each second that somebody sleeps. */
    public void whileSleeping(Task task) {
        eachSecond = task;
    }

    /** Goes on by so many ms. */
    public void pass(long millis) {
        nanos.addAndGet(millis * 1_000_000);
    }
}
