package io.catena.agent;

import io.catena.api.VdiId;
import io.catena.disk.RequestMeter;
import io.catena.log.LogLine;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.logging.Logger;

/**
 * Logs requests of a disk that take long, with where their time went; not more than a line in a while, for a disk that is slow
 * is so for many requests. Safe for use by many threads.
 */
final class SlowRequests implements RequestMeter {
    static final Duration LIMIT = Duration.ofSeconds(1);
    static final Duration PAUSE = Duration.ofSeconds(10);

    private static final Logger LOG = Logger.getLogger(SlowRequests.class.getName());

    private final VdiId vdi;
    private final RequestMeter next;
    private final LongSupplier nanoTime;
    private final AtomicLong nextLine;

    /** Slow ones since the last line. */
    private final AtomicLong unlogged = new AtomicLong();

    SlowRequests(VdiId vdi, RequestMeter next, LongSupplier nanoTime) {
        this.vdi = vdi;
        this.next = next;
        this.nanoTime = nanoTime;
        nextLine = new AtomicLong(nanoTime.getAsLong());
    }

    @Override
    public void answered(Operation operation, Outcome outcome, long bytes, long queuedNanos, long processedNanos) {
        next.answered(operation, outcome, bytes, queuedNanos, processedNanos);
        if (queuedNanos + processedNanos >= LIMIT.toNanos()) {
            slow(operation, bytes, queuedNanos, processedNanos);
        }
    }

    private void slow(Operation operation, long bytes, long queuedNanos, long processedNanos) {
        long now = nanoTime.getAsLong();
        long due = nextLine.get();
        if (now - due < 0 || !nextLine.compareAndSet(due, now + PAUSE.toNanos())) {
            unlogged.incrementAndGet();
            return;
        }
        LOG.info(LogLine.of(
                "slow-request",
                "vdi",
                vdi,
                "operation",
                operation.name().toLowerCase(Locale.ROOT),
                "bytes",
                bytes,
                "queued-ms",
                Duration.ofNanos(queuedNanos).toMillis(),
                "disk-ms",
                Duration.ofNanos(processedNanos).toMillis(),
                "more",
                unlogged.getAndSet(0)));
    }
}
