package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** What a clone leaves when it is interrupted: see {@link SnapshotScenario}. */
@Tag("slow")
class CloneCrashTest {
    /** The first call is random, so 25 seeds meet every call some times; {@code campaign} puts a fault at each. */
    private static final int STRIDE = 6;

    @Seeds(25)
    void aPowerCutLeavesAllOrNothing(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(25)
    void aKillLeavesAllOrNothing(long seed) {
        explore(Fault.KILL, seed);
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new SnapshotScenario(seed, SnapshotScenario.Kind.CLONE));
    }
}
