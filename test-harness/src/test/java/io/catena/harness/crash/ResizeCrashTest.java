package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a disk that grows leaves when it is interrupted: see {@link ResizeScenario}. */
@Tag("slow")
class ResizeCrashTest {
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
    void aGuestWorksWhileItsDiskGrows() throws IOException {
        boolean worked = false;
        for (long seed = 1; seed <= 10 && !worked; seed++) {
            ResizeScenario scenario = new ResizeScenario(seed, call -> true);
            scenario.begin(new Machine(seed)).act();
            worked = scenario.guestWorked;
        }
        assertThat(worked).isTrue();
    }

    private static void explore(Fault fault, long seed) {
        CrashExplorer.atSomeCalls(fault, seed, STRIDE).explore(new ResizeScenario(seed, call -> true));
    }
}
