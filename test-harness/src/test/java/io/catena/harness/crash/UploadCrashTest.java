package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** What is left of an upload that a crash interrupts: see {@link UploadScenario}. */
@Tag("slow")
class UploadCrashTest {
    private static final int STRIDE = 3;

    @Seeds(4)
    void itGoesOnAfterAPowerCut(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(2)
    void itGoesOnAfterAKill(long seed) {
        explore(Fault.KILL, seed);
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new UploadScenario(seed, call -> true));
    }
}
