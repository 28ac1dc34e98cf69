package io.catena.harness.sim;

import java.io.IOException;

/** Thrown by every call on a {@link Machine}'s storage from the moment its power is cut until it is restored. */
public final class PowerLossException extends IOException {
    private static final long serialVersionUID = 1;

    PowerLossException() {
        super("the simulated machine has no power");
    }
}
