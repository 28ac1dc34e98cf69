package io.catena.agent.state;

import io.catena.log.LogLine;
import java.io.Closeable;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** One thread that does small things again and again. Safe for use by many threads. */
public final class Ticker implements Closeable {
    private static final Logger LOG = Logger.getLogger(Ticker.class.getName());

    private final ScheduledExecutorService executor;

    /**
     * @param name of the thread
     */
    public Ticker(String name) {
        executor = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Does {@code task} again and again, with a rest between; a failure is logged, and keeps it from nothing.
     *
     * @return what ends that
     */
    public Runnable every(Duration rest, Runnable task) {
        ScheduledFuture<?> ticks = executor.scheduleWithFixedDelay(
                () -> run(task), rest.toMillis(), rest.toMillis(), TimeUnit.MILLISECONDS);
        return () -> ticks.cancel(false);
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("tick-failed"), e);
        }
    }

    @Override
    public void close() {
        // Without an interrupt, which would close the file that a task is using; what was to come does not.
        executor.shutdown();
    }
}
