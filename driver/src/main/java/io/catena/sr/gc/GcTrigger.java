package io.catena.sr.gc;

import io.catena.api.GcSettings;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides when garbage collection begins without being asked. A backup that deletes and takes snapshots all the time must
 * not make it start at each: it waits until it is quiet, but not for ever, and leaves a while between two runs. A chain
 * that comes near its limit does not wait for quiet.
 *
 * <p>A function of what was noted and of the times given; safe for use by many threads.
 */
final class GcTrigger {
    static final Duration QUIET = Duration.ofSeconds(60);
    static final Duration MOST_WAIT = Duration.ofMinutes(10);
    static final Duration BETWEEN_RUNS = Duration.ofMinutes(2);
    static final Duration BETWEEN_URGENT_RUNS = Duration.ofSeconds(20);
    static final Duration URGENT = Duration.ofSeconds(1);

    /** The first and the last change that no run has seen yet; guarded by this, as is all. */
    private @Nullable Instant first;

    private @Nullable Instant last;
    private @Nullable Instant urgentSince;
    private Instant lastEnd;

    /**
     * @param start when the SR was attached; what a run before that left is looked for after a while
     */
    GcTrigger(Instant start) {
        lastEnd = start;
        first = start;
        last = start;
    }

    /** Notes that something can be deleted or merged since {@code now}. */
    synchronized void changed(Instant now) {
        if (first == null) {
            first = now;
        }
        last = now;
    }

    /** Notes that a chain has come near its limit. */
    synchronized void deepened(Instant now) {
        changed(now);
        if (urgentSince == null) {
            urgentSince = now;
        }
    }

    /** Notes that a run begins, which sees all changes so far. */
    synchronized void begun() {
        first = null;
        last = null;
        urgentSince = null;
    }

    /** Notes that a run has ended. */
    synchronized void ended(Instant now) {
        lastEnd = now;
    }

    /**
     * Returns when the next run is due; empty if none is.
     *
     * @param retry when something that failed is to be tried again
     */
    synchronized Optional<Instant> due(GcSettings settings, Optional<Instant> retry) {
        if (!settings.gc() || settings.paused()) {
            return Optional.empty();
        }
        Optional<Instant> due = earliest(dueForChanges(), retry);
        if (settings.everyMinutes() > 0) {
            due = earliest(due, Optional.of(lastEnd.plus(Duration.ofMinutes(settings.everyMinutes()))));
        }
        return due.map(instant -> inWindow(instant, settings));
    }

    private Optional<Instant> dueForChanges() {
        Instant since = first;
        Instant latest = last;
        if (since == null || latest == null) {
            return Optional.empty();
        }
        Instant quiet = min(latest.plus(QUIET), since.plus(MOST_WAIT));
        Instant due = max(quiet, lastEnd.plus(BETWEEN_RUNS));
        Instant urgent = urgentSince;
        return Optional.of(
                urgent == null ? due : min(due, max(urgent.plus(URGENT), lastEnd.plus(BETWEEN_URGENT_RUNS))));
    }

    private static Instant inWindow(Instant due, GcSettings settings) {
        LocalDateTime time = LocalDateTime.ofInstant(due, ZoneOffset.UTC);
        if (settings.isOpenAt(time.toLocalTime())) {
            return due;
        }
        LocalDateTime opens = time.toLocalDate().atTime(settings.opensAt());
        return (opens.isBefore(time) ? opens.plusDays(1) : opens).toInstant(ZoneOffset.UTC);
    }

    private static Optional<Instant> earliest(Optional<Instant> a, Optional<Instant> b) {
        return a.isPresent() && b.isPresent() ? Optional.of(min(a.get(), b.get())) : a.or(() -> b);
    }

    private static Instant min(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private static Instant max(Instant a, Instant b) {
        return a.isBefore(b) ? b : a;
    }
}
