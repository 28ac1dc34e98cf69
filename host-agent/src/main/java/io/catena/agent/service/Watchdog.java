package io.catena.agent.service;

import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Logger;

/**
 * Tells the service manager that the agent lives, as long as all its loops answer. One that does not, or that keeps the
 * question waiting, silences the watchdog, and the manager ends the process when its time is over.
 *
 * <p>Probes must not touch storage: a file server that hangs is not mended by another agent.
 *
 * <p><b>Threads.</b> Asks in one thread of its own, one probe after another.
 */
public final class Watchdog implements Closeable {
    private static final Logger LOG = Logger.getLogger(Watchdog.class.getName());

    /** Signs of life in the time that the manager allows between two. */
    private static final int SIGNS = 3;

    private final ServiceManager manager;
    private final List<Probe> probes;
    private final CountDownLatch closed = new CountDownLatch(1);

    private Watchdog(ServiceManager manager, List<Probe> probes) {
        this.manager = manager;
        this.probes = List.copyOf(probes);
    }

    /**
     * A loop of the agent.
     *
     * @param name for the log
     * @param question throws, or does not return, if the loop does not run
     */
    public record Probe(String name, Question question) {}

    /** Asks a loop for a sign of life. */
    @FunctionalInterface
    public interface Question {
        void ask() throws IOException;
    }

    /** Gives signs of life from now on; none, if the manager expects none. */
    public static Watchdog start(ServiceManager manager, List<Probe> probes) {
        Watchdog watchdog = new Watchdog(manager, probes);
        manager.watchdog().ifPresent(time -> {
            Thread thread = new Thread(() -> watchdog.run(time.dividedBy(SIGNS)), "watchdog");
            thread.setDaemon(true);
            thread.start();
        });
        return watchdog;
    }

    private void run(Duration pause) {
        try {
            do {
                if (probes.stream().allMatch(Watchdog::answers)) {
                    manager.alive();
                }
            } while (!closed.await(pause.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean answers(Probe probe) {
        try {
            probe.question().ask();
            return true;
        } catch (IOException | RuntimeException e) {
            LOG.severe(LogLine.of("watchdog-no-answer", "loop", probe.name(), "cause", e));
            return false;
        }
    }

    /** Ends without waiting for a question that is being asked. */
    @Override
    public void close() {
        closed.countDown();
    }
}
