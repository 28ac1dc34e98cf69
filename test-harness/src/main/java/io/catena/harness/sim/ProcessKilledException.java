package io.catena.harness.sim;

import java.io.IOException;

/** Thrown by every call on a {@link Machine}'s storage from the moment its process is killed until it is restarted. */
public final class ProcessKilledException extends IOException {
    private static final long serialVersionUID = 1;

    ProcessKilledException() {
        super("the simulated process was killed");
    }
}
