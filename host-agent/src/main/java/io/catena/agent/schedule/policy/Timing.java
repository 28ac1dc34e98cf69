package io.catena.agent.schedule.policy;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** When something is due. Immutable. */
public interface Timing {
    /** Returns the first due instant after {@code after}; nothing if there is none within some years. */
    Optional<Instant> next(Instant after);

    /**
     * Due instants of a period.
     *
     * @param newest null if there are none
     * @param count how many there are, or {@link #MOST_COUNTED} if there are more
     */
    record Dues(@Nullable Instant newest, int count) {}

    /** Beyond this nobody counts: an agent that was away for years must start all the same. */
    int MOST_COUNTED = 10_000;

    /**
     * Returns the due instants after {@code after}, up to and including {@code upTo}.
     *
     * @param window if there are very many, the newest is looked for in this many seconds before {@code upTo} only
     */
    default Dues between(Instant after, Instant upTo, long window) {
        Instant newest = null;
        int count = 0;
        Optional<Instant> next = next(after);
        while (next.isPresent() && !next.get().isAfter(upTo)) {
            newest = next.get();
            count++;
            if (count == MOST_COUNTED) {
                Instant later = upTo.minusSeconds(window);
                return later.isAfter(newest)
                        ? new Dues(lastBetween(later.minusMillis(1), upTo, newest), MOST_COUNTED)
                        : new Dues(lastBetween(newest, upTo, newest), MOST_COUNTED);
            }
            next = next(newest);
        }
        return new Dues(newest, count);
    }

    private Instant lastBetween(Instant after, Instant upTo, Instant known) {
        Instant newest = known;
        Optional<Instant> next = next(after);
        while (next.isPresent() && !next.get().isAfter(upTo)) {
            newest = next.get();
            next = next(newest);
        }
        return newest;
    }
}
