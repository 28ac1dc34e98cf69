package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** Any operations one after another, and in each other's way, can be interrupted anywhere: see {@link SequenceScenario}. */
@Tag("slow")
class SequenceCrashTest {
    /** The first call is random; the campaign has the time for a fault at each. */
    private static final int STRIDE = 24;

    @Seeds(25)
    void aPowerCutHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new SequenceScenario(seed, call -> true));
    }

    @Seeds(25)
    void aKillHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new SequenceScenario(seed, call -> true));
    }
}
