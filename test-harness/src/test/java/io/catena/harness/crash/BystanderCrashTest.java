package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.crash.BystanderScenario.Change;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk is attached, written and detached while a change of another one waits for the file system, whatever interrupts both. */
class BystanderCrashTest {
    private static final long SEED = 7;
    private static final int STRIDE = 29;
    private static final int NEVER = 1_000_000;

    @ParameterizedTest
    @EnumSource
    void aPowerCutHarmsNeither(Change change) {
        CrashExplorer.atSomeCalls(Fault.POWER_CUT, SEED, STRIDE).explore(new BystanderScenario(change, SEED));
    }

    @ParameterizedTest
    @EnumSource
    void aKillHarmsNeither(Change change) {
        CrashExplorer.atSomeCalls(Fault.KILL, SEED, STRIDE).explore(new BystanderScenario(change, SEED));
    }

    /** The calls that a snapshot of a disk in use waits for longest. */
    @Test
    void theOtherDiskComesBetweenTheSyncsOfASnapshot() throws IOException {
        BystanderScenario scenario = new BystanderScenario(Change.LIVE_SNAPSHOT, 1);
        for (int run = 0; run < 5; run++) {
            Machine machine = new Machine(run);
            Scenario.Run first = scenario.begin(machine);
            machine.killAtCall(NEVER);
            first.act();
        }
        assertThat(scenario.met)
                .contains("VhdCreator.finish", "StoredText.write", "SparseFlush.flushNow", "Snapshot.name");
    }
}
