package io.catena.harness.crash;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;

/** D1 and D2 of one layer, at every call of random writes, flushes, seals and closes, and inside the replay. */
@Tag("slow")
class BlockAllocationCrashTest {
    /** The first call is random, so 25 seeds meet every call some times; {@code campaign} puts a fault at each. */
    private static final int STRIDE = 6;

    @Seeds(25)
    void aDynamicDiskKeepsWhatWasFlushedWhenThePowerIsCut(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new LayerScenario(seed, false));
    }

    @Seeds(25)
    void aDynamicDiskKeepsWhatWasAnsweredWhenTheProcessIsKilled(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new LayerScenario(seed, false));
    }

    @Seeds(10)
    void noBlockShowsWhatAnotherHasInThePlaceThatItGaveUp(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(LayerScenario.reusingPlaces(seed));
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(LayerScenario.reusingPlaces(seed));
    }

    @Seeds(25)
    void aDifferencingDiskKeepsWhatWasFlushedWhenThePowerIsCut(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new LayerScenario(seed, true));
    }

    @Seeds(25)
    void aDifferencingDiskKeepsWhatWasAnsweredWhenTheProcessIsKilled(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new LayerScenario(seed, true));
    }
}
