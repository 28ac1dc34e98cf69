package io.catena.lease;

import java.util.OptionalInt;

/**
 * Which versions of the protocol between agents a host speaks: all from the oldest to the newest.
 *
 * @param min the oldest
 * @param max the newest
 */
public record Protocols(int min, int max) {
    /** What this version of Catena speaks. */
    public static final Protocols OURS = new Protocols(1, 1);

    /** What two hosts speak with each other: the newest that both know; empty if there is none. */
    public OptionalInt common(Protocols other) {
        int newest = Math.min(max, other.max);
        return newest >= Math.max(min, other.min) ? OptionalInt.of(newest) : OptionalInt.empty();
    }

    /** Whether a host speaks a version. */
    public boolean include(int version) {
        return min <= version && version <= max;
    }

    /** Whether what this host lacks is what is newer, so that it is the one to be updated. */
    public boolean isOlderThan(Protocols other) {
        return max < other.min;
    }

    /** Returns the versions for humans. */
    public String text() {
        return min == max ? "version " + min : "versions " + min + " to " + max;
    }
}
