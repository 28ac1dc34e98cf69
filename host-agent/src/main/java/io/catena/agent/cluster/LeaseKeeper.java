package io.catena.agent.cluster;

import io.catena.lease.Ownership;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Renews on a thread of its own, as long as it is open. Another tells when guests' requests wait, since a renewal itself waits for
 * as long as a file server is away.
 */
final class LeaseKeeper implements Closeable {
    private static final Logger LOG = Logger.getLogger(LeaseKeeper.class.getName());
    private static final long PATIENCE_SECONDS = 5;

    private final String sr;
    private final Ownership ownership;
    private final long everyNanos;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private final Thread teller;
    private boolean held;

    private LeaseKeeper(String sr, Ownership ownership, long everyNanos) {
        this.sr = sr;
        this.ownership = ownership;
        this.everyNanos = everyNanos;
        thread = new Thread(() -> repeat(this::renew), "lease of " + sr);
        teller = new Thread(() -> repeat(this::tell), "lease teller of " + sr);
    }

    static LeaseKeeper start(String sr, Ownership ownership, long everyNanos) {
        LeaseKeeper keeper = new LeaseKeeper(sr, ownership, everyNanos);
        ownership.onLost(() -> LOG.severe(
                LogLine.of("sr-lost", "sr", sr, "cause", ownership.lossReason().orElse(""))));
        for (Thread each : List.of(keeper.thread, keeper.teller)) {
            each.setDaemon(true);
            each.start();
        }
        return keeper;
    }

    private void repeat(Runnable work) {
        try {
            while (!closing.await(everyNanos, TimeUnit.NANOSECONDS)) {
                work.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void renew() {
        try {
            ownership.tick();
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, LogLine.of("lease-late", "sr", sr, "cause", String.valueOf(e.getMessage())));
        }
    }

    private void tell() {
        boolean isHeld = !ownership.isValid();
        if (isHeld != held) {
            held = isHeld;
            LOG.warning(LogLine.of(isHeld ? "requests-held" : "requests-go-on", "sr", sr));
        }
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
