package io.catena.lease;

import java.util.Optional;

/**
 * What is known of whether a host lives.
 *
 * @param silentNanos for how long it has shown no sign of life, in ns, as far as this host looked
 * @param note its last sign of life; empty if there is none
 */
public record Liveness(State state, long silentNanos, Optional<String> note) {
    /** What to think of a host. */
    public enum State {
        /** It has shown itself lately, or was never looked at before. */
        ALIVE,
        /** It has not, but may still answer. */
        SILENT,
        /** It answers no more. */
        DEAD
    }

    /** Whether it answers no more. */
    public boolean isDead() {
        return state == State.DEAD;
    }
}
