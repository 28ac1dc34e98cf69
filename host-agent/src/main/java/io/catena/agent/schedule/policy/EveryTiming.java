package io.catena.agent.schedule.policy;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Every so many minutes, whatever the clocks of people show.
 *
 * @param anchor one of the due instants
 */
record EveryTiming(Duration period, Instant anchor) implements Timing {
    @Override
    public Optional<Instant> next(Instant after) {
        long periods = Math.floorDiv(Duration.between(anchor, after).toMillis(), period.toMillis());
        return Optional.of(anchor.plus(period.multipliedBy(periods + 1)));
    }
}
