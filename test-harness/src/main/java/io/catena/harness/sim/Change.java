package io.catena.harness.sim;

import java.io.IOException;
import java.util.Random;

/** What a call does to a {@link Machine}'s storage, if it comes to its end, and if it does not. */
@FunctionalInterface
interface Change {
    void whole() throws IOException;

    /** What may have happened when the call is interrupted by a power cut; all or nothing unless overridden. */
    default void scattered(Random random) throws IOException {
        if (random.nextBoolean()) {
            whole();
        }
    }

    /** What may have happened when the call fails or its process dies; all or nothing unless overridden. */
    default void upToSomewhere(Random random) throws IOException {
        if (random.nextBoolean()) {
            whole();
        }
    }
}
