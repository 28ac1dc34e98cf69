package io.catena.agent.schedule.policy;

import java.time.Duration;
import java.time.Instant;

/**
 * Tells whether the wall clock can be believed: it goes as the monotonic one does, and has for a while. After a start nobody knows
 * what it was before, so it has to prove itself, too. For one thread.
 */
public final class SteadyClock {
    private static final Duration JUMP = Duration.ofHours(1);
    private static final Duration PROOF = Duration.ofMinutes(10);

    private Instant lastWall;
    private long lastNanos;
    private long sinceNanos;

    public SteadyClock(Instant wall, long nanos) {
        lastWall = wall;
        lastNanos = nanos;
        sinceNanos = nanos;
    }

    /**
     * Looks at both clocks.
     *
     * @return by how much the wall clock jumped, forward or back; zero if that is less than an hour
     */
    public Duration look(Instant wall, long nanos) {
        Duration jump = Duration.between(lastWall, wall).minusNanos(nanos - lastNanos);
        lastWall = wall;
        lastNanos = nanos;
        if (jump.abs().compareTo(JUMP) < 0) {
            return Duration.ZERO;
        }
        sinceNanos = nanos;
        return jump;
    }

    /** Whether it has gone well for ten minutes. */
    public boolean isSteady() {
        return lastNanos - sinceNanos >= PROOF.toNanos();
    }
}
