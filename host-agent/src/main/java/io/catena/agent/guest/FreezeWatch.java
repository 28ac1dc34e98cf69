package io.catena.agent.guest;

import io.catena.agent.guest.GuestAgentException.Kind;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Freezes guests and sees to it that each is thawed: by who froze it, by a timer if that takes too long, and by the next
 * agent if this one dies. A guest whose agent does not answer is asked until it does or the guest is gone, for it may
 * yet come to the freeze that it was sent.
 *
 * <ol>
 *   <li>The guest is marked, on disk.
 *   <li>It is frozen.
 *   <li>It is thawed.
 *   <li>The mark is removed: before, the guest could stay frozen for ever after a crash.
 * </ol>
 *
 * <p><b>Threads.</b> Safe for use by many threads; the timer thaws on threads of {@code timer}.
 */
final class FreezeWatch {
    private static final Logger LOG = Logger.getLogger(FreezeWatch.class.getName());
    private static final Duration FIRST_RETRY = Duration.ofSeconds(1);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

    private final Hypervisor hypervisor;
    private final FreezeMarks marks;
    private final ScheduledExecutorService timer;
    private final Limits limits;

    /**
     * How long things may take.
     *
     * @param answer how long a guest's agent may take to answer
     * @param hold how long a guest is held frozen at most
     */
    record Limits(Duration answer, Duration hold) {
        /** Windows ends a freeze after ten seconds by itself. */
        static final Limits DEFAULT = new Limits(Duration.ofSeconds(5), Duration.ofSeconds(10));
    }

    FreezeWatch(Hypervisor hypervisor, FreezeMarks marks, ScheduledExecutorService timer, Limits limits) {
        this.hypervisor = hypervisor;
        this.marks = marks;
        this.timer = timer;
        this.limits = limits;
    }

    /**
     * Freezes a guest. The caller closes what is returned, soon.
     *
     * @throws GuestAgentException if the guest's agent cannot; what it froze is thawed then, now or as soon as it answers
     * @throws SrException {@link SrError#TRY_AGAIN} if the guest is frozen already
     */
    Frozen freeze(UUID guest) throws GuestAgentException {
        if (!marks.add(guest)) {
            throw new SrException(SrError.TRY_AGAIN, "Guest " + guest + " is frozen, or was and did not thaw yet")
                    .correction("Try again when it has thawed; if its agent hangs, start it again in the guest.");
        }
        int filesystems;
        try {
            filesystems = hypervisor.freeze(guest, limits.answer);
        } catch (GuestAgentException e) {
            if (e.kind() == Kind.ABSENT || e.kind() == Kind.HELD) {
                marks.remove(guest);
            } else {
                thawUntilDone(guest);
            }
            throw e;
        } catch (SrException e) {
            thawUntilDone(guest);
            throw e;
        }
        return new Frozen(guest, filesystems);
    }

    /** Thaws what the last agent may have left frozen. Returns at once. */
    void recover() {
        for (UUID guest : marks.all()) {
            LOG.warning(LogLine.of("guest-left-frozen", "guest", guest));
            thawUntilDone(guest);
        }
    }

    private void thawUntilDone(UUID guest) {
        timer.execute(() -> thawOrRetry(guest, FIRST_RETRY));
    }

    private void thawOrRetry(UUID guest, Duration pause) {
        try {
            int filesystems = hypervisor.thaw(guest, limits.answer);
            marks.remove(guest);
            LOG.info(LogLine.of("guest-thawed", "guest", guest, "filesystems", filesystems));
        } catch (GuestAgentException e) {
            retry(guest, pause, e);
        } catch (SrException e) {
            if (e.error() == SrError.GUEST_MISSING) {
                marks.remove(guest);
            } else {
                retry(guest, pause, e);
            }
        }
    }

    private void retry(UUID guest, Duration pause, Exception reason) {
        LOG.log(Level.WARNING, LogLine.of("thaw-failed", "guest", guest, "retry-ms", pause.toMillis()), reason);
        Duration next = pause.multipliedBy(2).compareTo(LONGEST_RETRY) < 0 ? pause.multipliedBy(2) : LONGEST_RETRY;
        if (!timer.isShutdown()) {
            ScheduledFuture<?> unused =
                    timer.schedule(() -> thawOrRetry(guest, next), pause.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** A guest that holds still until this is closed, or the time is up. */
    final class Frozen implements Closeable {
        private final UUID guest;
        private final int filesystems;
        private final ScheduledFuture<?> watchdog;

        /** Guarded by this. */
        private boolean thawed;

        /** Whether the file systems were frozen until this was closed. Guarded by this. */
        private boolean held;

        private Frozen(UUID guest, int filesystems) {
            this.guest = guest;
            this.filesystems = filesystems;
            watchdog = timer.schedule(this::timeIsUp, limits.hold.toMillis(), TimeUnit.MILLISECONDS);
        }

        int filesystems() {
            return filesystems;
        }

        /** Whether no file system was thawed before this was closed. */
        synchronized boolean held() {
            return held;
        }

        private synchronized void timeIsUp() {
            if (!thawed) {
                LOG.warning(LogLine.of("freeze-too-long", "guest", guest, "ms", limits.hold.toMillis()));
                thaw();
            }
        }

        @Override
        public synchronized void close() {
            watchdog.cancel(false);
            if (!thawed) {
                held = thaw() >= filesystems;
            }
        }

        /** Returns how many file systems were frozen until now, as far as is known. */
        private int thaw() {
            thawed = true;
            try {
                int count = hypervisor.thaw(guest, limits.answer);
                marks.remove(guest);
                return count;
            } catch (GuestAgentException | SrException e) {
                LOG.log(Level.WARNING, LogLine.of("thaw-failed", "guest", guest), e);
                thawUntilDone(guest);
                return 0;
            }
        }
    }
}
