package io.catena.lease;

import java.time.Duration;

/**
 * How long a lease holds. All hosts of an SR must use the same.
 *
 * @param renewNanos a host renews this often, in ns
 * @param validNanos a host answers for so long after it has sent its last renewal that succeeded, in ns
 * @param deadNanos a host that others have seen silent for so long counts as dead, in ns
 */
public record LeaseTimes(long renewNanos, long validNanos, long deadNanos) {
    /** 2 s, 10 s and 12 s. */
    public static final LeaseTimes DEFAULT = ofMillis(2_000, 10_000, 12_000);

    /** By how much, in %, the rate of a clock may be wrong. */
    private static final int DRIFT_PERCENT = 1;

    /**
     * @throws IllegalArgumentException if a host could still answer when others hold it for dead
     */
    public LeaseTimes {
        if (renewNanos <= 0 || validNanos <= 2 * renewNanos) {
            throw new IllegalArgumentException("a lease of " + Duration.ofNanos(validNanos)
                    + " cannot be kept by renewals every " + Duration.ofNanos(renewNanos));
        }
        if (deadNanos * (100 - DRIFT_PERCENT) <= validNanos * (100 + DRIFT_PERCENT)) {
            throw new IllegalArgumentException("a host that answers for " + Duration.ofNanos(validNanos)
                    + " cannot count as dead after " + Duration.ofNanos(deadNanos));
        }
    }

    /** Returns times given in ms. */
    public static LeaseTimes ofMillis(long renew, long valid, long dead) {
        return new LeaseTimes(renew * 1_000_000, valid * 1_000_000, dead * 1_000_000);
    }
}
