package io.catena.sr.gc;

import io.catena.api.GcStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which nodes garbage collection failed with. A node is tried three times, with longer and longer waits between,
 * and is left alone then until somebody asks.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class GcFailures {
    static final int MOST_TRIES = 3;
    private static final List<Duration> WAITS = List.of(Duration.ofSeconds(30), Duration.ofMinutes(5));

    private final Clock clock;

    /** Guarded by this. */
    private final Map<String, Failure> failures = new TreeMap<>();

    GcFailures(Clock clock) {
        this.clock = clock;
    }

    private record Failure(
            int tries, String reason, @Nullable Instant nextTry) {}

    /** Notes that a node failed once more. */
    synchronized GcStatus.SetAside failed(String node, String reason) {
        Failure before = failures.get(node);
        int tries = before == null ? 1 : before.tries + 1;
        Instant next = tries >= MOST_TRIES ? null : clock.instant().plus(WAITS.get(tries - 1));
        failures.put(node, new Failure(tries, reason, next));
        return new GcStatus.SetAside(node, tries, reason, next);
    }

    synchronized void succeeded(String node) {
        failures.remove(node);
    }

    /** Gives all nodes another chance. */
    synchronized void forget() {
        failures.clear();
    }

    /** Returns why a node is not to be tried now; empty if it may be. */
    synchronized Optional<String> refusal(String node) {
        Failure failure = failures.get(node);
        if (failure == null) {
            return Optional.empty();
        }
        Instant next = failure.nextTry;
        if (next != null && !clock.instant().isBefore(next)) {
            return Optional.empty();
        }
        return Optional.of("set aside after " + failure.tries + " of " + MOST_TRIES + " tries"
                + (next == null ? "" : ", next at " + next) + ": " + failure.reason);
    }

    /** Returns when the next of them is to be tried again. */
    synchronized Optional<Instant> nextTry() {
        return failures.values().stream()
                .map(Failure::nextTry)
                .flatMap(next -> Optional.ofNullable(next).stream())
                .min(Instant::compareTo);
    }

    synchronized List<GcStatus.SetAside> all() {
        return failures.entrySet().stream()
                .map(e -> new GcStatus.SetAside(
                        e.getKey(), e.getValue().tries, e.getValue().reason, e.getValue().nextTry))
                .toList();
    }
}
