package io.catena.sr.live;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Failures of several things, each of which is tried whatever became of the others. */
final class Failures {
    private Failures() {}

    static IOException merge(@Nullable IOException first, IOException next) {
        if (first == null) {
            return next;
        }
        first.addSuppressed(next);
        return first;
    }
}
