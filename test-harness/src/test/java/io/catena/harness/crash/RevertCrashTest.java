package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** What giving a disk the content of a snapshot leaves when it is interrupted: see {@link RevertScenario}. */
@Tag("slow")
class RevertCrashTest {
    private static final int STRIDE = 3;

    @Seeds(25)
    void aPowerCutLeavesAllOrNothing(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(25)
    void aKillLeavesAllOrNothing(long seed) {
        explore(Fault.KILL, seed);
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new RevertScenario(seed, call -> true));
    }
}
