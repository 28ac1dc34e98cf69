package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** What a copy leaves when it is interrupted: see {@link CopyScenario}. */
@Tag("slow")
class CopyCrashTest {
    private static final int STRIDE = 3;

    @Seeds(25)
    void aPowerCutLeavesAllOrNothing(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(25)
    void aKillLeavesAllOrNothing(long seed) {
        explore(Fault.KILL, seed);
    }

    @Seeds(5)
    void anIoErrorLeavesAllOrNothing(long seed) {
        explore(Fault.IO_ERROR, seed);
    }

    @Seeds(5)
    void aFullDiskLeavesAllOrNothing(long seed) {
        explore(Fault.DISK_FULL, seed);
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new CopyScenario(seed, call -> true));
    }
}
