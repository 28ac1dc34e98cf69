package io.catena.agent.guest;

import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Lets guests run again that were paused because a request to one of our disks failed.
 *
 * <p>When an agent ends, qemu 7.2 without a reconnect delay fails the next request, and pauses the guest. Once resumed it
 * fails that request again, but connects meanwhile; only the second resume succeeds. Hence several attempts, with pauses
 * in between. A guest that is paused again and again, for instance because the SR is full, is left alone in the end.
 *
 * <p><b>Threads.</b> Safe for use by many threads; guests are resumed on threads of {@code timer}.
 */
final class GuestResumer {
    private static final Logger LOG = Logger.getLogger(GuestResumer.class.getName());

    private final Hypervisor hypervisor;
    private final ScheduledExecutorService timer;
    private final LongSupplier nanoTime;
    private final Pace pace;

    /** Guarded by itself. */
    private final Map<UUID, Attempts> attempts = new HashMap<>();

    /**
     * When to resume.
     *
     * @param pause how long to wait before an attempt
     * @param most how many attempts there are
     * @param calm after how long without one the attempts are counted anew
     */
    record Pace(Duration pause, int most, Duration calm) {
        static final Pace DEFAULT = new Pace(Duration.ofMillis(700), 10, Duration.ofSeconds(60));
    }

    /**
     * @param pending whether the next look at the guest is scheduled
     */
    private record Attempts(int count, long lastNanos, boolean pending) {}

    GuestResumer(Hypervisor hypervisor, ScheduledExecutorService timer, LongSupplier nanoTime, Pace pace) {
        this.hypervisor = hypervisor;
        this.timer = timer;
        this.nanoTime = nanoTime;
        this.pace = pace;
    }

    /** Looks at a guest soon, and resumes it if it is still paused. Returns at once. */
    void paused(UUID guest) {
        synchronized (attempts) {
            Attempts before = attempts.get(guest);
            if (before != null && before.pending) {
                return;
            }
            long now = nanoTime.getAsLong();
            int count = before == null || now - before.lastNanos > pace.calm.toNanos() ? 0 : before.count;
            attempts.put(guest, new Attempts(count, now, true));
        }
        ScheduledFuture<?> unused = timer.schedule(() -> look(guest), pace.pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void look(UUID guest) {
        boolean resumed = false;
        try {
            Guest now = hypervisor.guest(guest);
            resumed = now.state() == Guest.State.PAUSED_BY_IO_ERROR && resume(now);
        } catch (SrException e) {
            LOG.log(Level.WARNING, LogLine.of("guest-resume-failed", "guest", guest), e);
        } finally {
            ended(guest, resumed);
        }
    }

    private boolean resume(Guest guest) {
        int count = count(guest.guest());
        if (count >= pace.most) {
            LOG.severe(LogLine.of(
                    "guest-left-paused",
                    "name",
                    guest.name(),
                    "guest",
                    guest.guest(),
                    "attempts",
                    count,
                    "correction",
                    "its disks fail again and again: see this log for why, then virsh resume " + guest.name()));
            return false;
        }
        hypervisor.resume(guest.guest());
        LOG.info(LogLine.of("guest-resumed", "name", guest.name(), "guest", guest.guest(), "attempt", count + 1));
        return true;
    }

    private int count(UUID guest) {
        synchronized (attempts) {
            Attempts before = attempts.get(guest);
            return before == null ? 0 : before.count;
        }
    }

    /** Looks once more after a resume: the event that tells of the next pause may have come while this was pending. */
    private void ended(UUID guest, boolean resumed) {
        synchronized (attempts) {
            int count = count(guest) + (resumed ? 1 : 0);
            attempts.put(guest, new Attempts(count, nanoTime.getAsLong(), false));
        }
        if (resumed && !timer.isShutdown()) {
            paused(guest);
        }
    }
}
