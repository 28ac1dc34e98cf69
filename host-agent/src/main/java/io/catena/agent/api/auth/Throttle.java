package io.catena.agent.api.auth;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts who came with a wrong token: after some failures within a minute, an address is not listened to for the rest of it.
 * Safe for use by many threads.
 */
final class Throttle {
    static final int MOST_FAILURES = 10;

    private static final long MINUTE_NANOS = 60_000_000_000L;

    /** An attacker with many addresses must not fill the memory. */
    private static final int MOST_ADDRESSES = 10_000;

    private final LongSupplier nanoTime;

    /** Guarded by this. */
    private final Map<String, Failures> byAddress = new HashMap<>();

    private static final class Failures {
        final long since;
        int count;

        Failures(long since) {
            this.since = since;
        }
    }

    Throttle(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Returns for how many seconds more an address is not listened to; 0 if it is. */
    synchronized long secondsToWait(String address) {
        Failures failures = byAddress.get(address);
        if (failures == null || failures.count < MOST_FAILURES) {
            return 0;
        }
        long left = MINUTE_NANOS - (nanoTime.getAsLong() - failures.since);
        if (left <= 0) {
            byAddress.remove(address);
            return 0;
        }
        return left / 1_000_000_000L + 1;
    }

    synchronized void failed(String address) {
        long now = nanoTime.getAsLong();
        byAddress.values().removeIf(failures -> now - failures.since > MINUTE_NANOS);
        if (byAddress.size() < MOST_ADDRESSES || byAddress.containsKey(address)) {
            byAddress.computeIfAbsent(address, a -> new Failures(now)).count++;
        }
    }
}
