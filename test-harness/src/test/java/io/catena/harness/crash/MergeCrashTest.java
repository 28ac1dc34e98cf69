package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;

/** Merging and deleting nodes changes no disk's content, whenever it is interrupted: see {@link MergeScenario}. */
class MergeCrashTest {
    /** The first call is random, so 50 seeds meet every call many times; a fault at each would take minutes. */
    private static final int STRIDE = 6;

    @Seeds(50)
    void aPowerCutHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new MergeScenario(seed, call -> true));
    }

    @Seeds(50)
    void aKillHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new MergeScenario(seed, call -> true));
    }
}
