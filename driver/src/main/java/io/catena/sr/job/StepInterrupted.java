package io.catena.sr.job;

import java.io.Serial;

/** Tells that a step of garbage collection shall stop where it is, to be continued later; nothing failed. */
public final class StepInterrupted extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    StepInterrupted(String reason) {
        super(reason, null, false, false);
    }
}
