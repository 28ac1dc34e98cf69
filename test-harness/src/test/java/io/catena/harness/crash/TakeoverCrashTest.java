package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Seeds;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A host dies in the midst of an operation, or the file server does, and another host takes the SR over; that may die in the midst
 * of this, and a third one takes it.
 */
@Tag("slow")
class TakeoverCrashTest {
    private static final int STRIDE = 30;
    private static final int SEEDS = 30;

    @Seeds(1)
    void ofASnapshot(long seed) {
        explore(seed, new SnapshotScenario(seed, SnapshotScenario.Kind.SNAPSHOT));
        explore(seed, new SnapshotScenario(seed, SnapshotScenario.Kind.GROUP));
    }

    @Seeds(1)
    void ofAMerge(long seed) {
        explore(seed, new MergeScenario(seed, call -> true));
    }

    @Seeds(1)
    void ofARevertOrAResize(long seed) {
        explore(seed, new RevertScenario(seed, call -> true));
        explore(seed, new ResizeScenario(seed, call -> true));
    }

    /** Else the tests above would be blind. */
    @Test
    void aTakeoverThatOpensBeforeTheFenceStandsIsFoundOut() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = TakenOverSr.in(
                    new SnapshotScenario(seed, SnapshotScenario.Kind.SNAPSHOT),
                    TakenOverSr.Mistake.OPENS_BEFORE_THE_FENCE_STANDS);
            try {
                CrashExplorer.atSomeCalls(Fault.POWER_CUT, seed, STRIDE).explore(scenario);
            } catch (AssertionError found) {
                assertThat(found).hasMessageContaining("sectors are wrong");
                return;
            }
        }
        fail("not found out with " + SEEDS + " seeds");
    }

    private static void explore(long seed, Scenario scenario) {
        for (Fault fault : new Fault[] {Fault.KILL, Fault.POWER_CUT}) {
            assertThat(CrashExplorer.atSomeCalls(fault, seed, Integer.getInteger("stride", STRIDE))
                            .explore(TakenOverSr.in(scenario)))
                    .isPositive();
        }
    }
}
