package io.catena.harness.explore;

import io.catena.harness.sim.Machine;
import java.io.IOException;

/** What happens to a machine at a call. */
public enum Fault {
    POWER_CUT,
    KILL,
    IO_ERROR,
    DISK_FULL;

    /** Plans this fault for the {@code n}-th call from now; 1 is the next. */
    public void plan(Machine machine, int n) {
        switch (this) {
            case POWER_CUT -> machine.cutPowerAtCall(n);
            case KILL -> machine.killAtCall(n);
            case IO_ERROR -> machine.failCall(n, new IOException("Input/output error"));
            case DISK_FULL -> machine.failCall(n, new IOException("No space left on device"));
        }
    }

    /** Whether the process is gone afterwards. */
    public boolean isCrash() {
        return this == POWER_CUT || this == KILL;
    }
}
