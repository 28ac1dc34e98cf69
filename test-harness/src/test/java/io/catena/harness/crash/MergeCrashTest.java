package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Merging and deleting nodes changes no disk's content, whenever it is interrupted: see {@link MergeScenario}. */
@Tag("slow")
class MergeCrashTest {
    /** The first call is random, so 25 seeds meet every call some times; {@code campaign} puts a fault at each. */
    private static final int STRIDE = 6;

    @Test
    void guestsWriteBetweenThePiecesOfBothLiveMerges() throws IOException {
        Set<String> met = new TreeSet<>();
        for (long seed = 1; seed <= 50 && met.size() < 2; seed++) {
            MergeScenario scenario = new MergeScenario(seed, call -> true);
            scenario.begin(new Machine(seed)).act();
            met.addAll(scenario.guestsMet);
        }
        assertThat(met).containsExactly("LiveLeafMerge.merge", "LivePullUp.merge");
    }

    @Test
    void guestsWorkBetweenTheLastStepsOfBothLiveMerges() throws IOException {
        Set<String> met = new TreeSet<>();
        for (long seed = 1; seed <= 50 && met.size() < 2; seed++) {
            MergeScenario scenario = new MergeScenario(seed, call -> true);
            scenario.begin(new Machine(seed)).act();
            met.addAll(scenario.endsMet);
        }
        assertThat(met).containsExactly("drain", "pull up");
    }

    /** So a fill that overwrites what the guest has just written would be found out. */
    @Test
    void aGuestThatNeedNotWaitForAPieceLosesData() {
        assertThatThrownBy(() -> {
                    for (long seed = 1; seed <= 50; seed++) {
                        CrashExplorer.atSomeCalls(Fault.KILL, seed, 50).explore(MergeScenario.withoutPauses(seed));
                    }
                })
                .isInstanceOf(AssertionError.class);
    }

    @Seeds(25)
    void aPowerCutHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(new MergeScenario(seed, call -> true));
    }

    @Seeds(25)
    void aKillHarmsNoDisk(long seed) {
        CrashExplorer.atSomeCalls(Fault.KILL, seed, STRIDE).explore(new MergeScenario(seed, call -> true));
    }
}
