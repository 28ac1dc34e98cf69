package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Moving a leaf's blocks to its parent beside flushes loses nothing, whenever it is interrupted: see {@link DrainScenario}. */
@Tag("slow")
class DrainCrashTest {
    private static final int STRIDE = 6;

    @Test
    void blocksAreCopiedGivenUpAndGivenBackBetweenTheCallsOfAFlush() throws IOException {
        Set<String> met = new TreeSet<>();
        for (long seed = 1; seed <= 50 && met.size() < 4; seed++) {
            DrainScenario scenario = new DrainScenario(seed, call -> true);
            scenario.begin(new Machine(seed)).act();
            met.addAll(scenario.metInFlush);
        }
        assertThat(met).containsExactly("copying", "giving back", "giving up", "writing");
    }

    @Seeds(20)
    void aPowerCutHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new DrainScenario(seed, call -> true));
    }

    @Seeds(20)
    void aKillHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new DrainScenario(seed, call -> true));
    }
}
