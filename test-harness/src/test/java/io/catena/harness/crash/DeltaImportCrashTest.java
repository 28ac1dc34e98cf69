package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** What an import of changes leaves when it is interrupted: see {@link DeltaImportScenario}. */
@Tag("slow")
class DeltaImportCrashTest {
    private static final int STRIDE = 5;

    @Seeds(8)
    void aPowerCutLeavesAllOrNothing(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(8)
    void aKillLeavesAllOrNothing(long seed) {
        explore(Fault.KILL, seed);
    }

    @Seeds(2)
    void anIoErrorLeavesAllOrNothing(long seed) {
        explore(Fault.IO_ERROR, seed);
    }

    @Seeds(2)
    void aFullDiskLeavesAllOrNothing(long seed) {
        explore(Fault.DISK_FULL, seed);
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new DeltaImportScenario(seed, call -> true));
    }
}
