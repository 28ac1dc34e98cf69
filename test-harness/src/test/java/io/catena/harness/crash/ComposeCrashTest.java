package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What putting a disk upon another leaves when it is interrupted: see {@link ComposeScenario}. */
@Tag("slow")
class ComposeCrashTest {
    private static final int STRIDE = 3;

    @Seeds(25)
    void aPowerCutLeavesAllOrNothing(long seed) {
        explore(Fault.POWER_CUT, seed);
    }

    @Seeds(25)
    void aKillLeavesAllOrNothing(long seed) {
        explore(Fault.KILL, seed);
    }

    @Test
    void guestsWorkBetweenTheLastSteps() throws IOException {
        boolean worked = false;
        for (long seed = 1; seed <= 20 && !worked; seed++) {
            ComposeScenario scenario = new ComposeScenario(seed, call -> true);
            scenario.begin(new Machine(seed)).act();
            worked = scenario.guestWorked;
        }
        assertThat(worked).isTrue();
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new ComposeScenario(seed, call -> true));
    }
}
