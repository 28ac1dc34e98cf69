package io.catena.harness.explore;

import io.catena.harness.sim.Machine;
import java.io.IOException;

/** Something that is done again and again, each time with a fault at another call. Must do the same each time. */
@FunctionalInterface
public interface Scenario {
    /** Prepares a new machine, without faults. */
    Run begin(Machine machine) throws IOException;

    /** The scenario on one machine. */
    interface Run {
        /** Does what is to be examined. A fault happens during this. */
        void act() throws IOException;

        /**
         * Goes on after a crash, on a machine that runs again; may be interrupted by another crash, and is then called once
         * more. After an I/O error this is not called.
         *
         * @param powerWasCut whether the power was cut at any time, else the process was only killed
         */
        void recover(boolean powerWasCut) throws IOException;

        /**
         * Compares what is there with what may be there, and sees that work can go on.
         *
         * @param fault what happened; the worst if there were several
         * @param happened false if the scenario came to its end before the fault
         * @throws AssertionError if something is wrong
         */
        void check(Fault fault, boolean happened) throws IOException;
    }
}
