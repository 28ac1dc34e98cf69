package io.catena.format;

import java.time.Instant;

/** Time as VHD files hold it: unsigned 32-bit seconds since 2000-01-01T00:00:00Z. */
public final class VhdTime {
    private static final long EPOCH_2000 = 946_684_800;
    private static final long MAX = 0xFFFF_FFFFL;

    private VhdTime() {}

    /** Returns the time stamp for {@code epochSeconds} since 1970, the nearest one if it cannot be expressed. */
    public static int fromEpochSeconds(long epochSeconds) {
        return (int) Math.max(0, Math.min(MAX, epochSeconds - EPOCH_2000));
    }

    /** Returns when {@code timestamp} is. */
    public static Instant toInstant(int timestamp) {
        return Instant.ofEpochSecond(EPOCH_2000 + Integer.toUnsignedLong(timestamp));
    }
}
