package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** What the making of a disk leaves when it is interrupted: the whole, empty disk, or none; see {@link CreateScenario}. */
@Tag("slow")
class CreateCrashTest {
    /** The first call is random, so 25 seeds meet every call some times; {@code campaign} puts a fault at each. */
    private static final int STRIDE = 6;

    @Seeds(25)
    void aPowerCutLeavesTheDiskOrNone(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new CreateScenario(seed, call -> true));
    }

    @Seeds(25)
    void aKillLeavesTheDiskOrNone(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new CreateScenario(seed, call -> true));
    }
}
