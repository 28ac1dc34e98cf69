package io.catena.harness.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.JobIntent;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.harness.explore.CrashExplorer;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import io.catena.harness.sim.Seeds;
import io.catena.sr.record.JobIntentFiles;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What an SR knows of its jobs after a crash: each that was kept, none that was forgotten, and none by half. */
class JobIntentsCrashTest {
    private static final JobIntent GC = new JobIntent(1, "gc", null);
    private static final JobIntent COPY = new JobIntent(
            2,
            "copy",
            new JobIntent.Copy(new VdiId(new UUID(5, 1)), new SrId(new UUID(1, 2)), "c", new VdiId(new UUID(5, 2))));

    @Seeds(20)
    void aPowerCutLeavesWhatWasKept(long seed) {
        CrashExplorer.atEachCall(Fault.POWER_CUT, seed).explore(JobIntentsRun::new);
    }

    @Seeds(20)
    void aKillLeavesWhatWasKept(long seed) {
        CrashExplorer.atEachCall(Fault.KILL, seed).explore(JobIntentsRun::new);
    }

    @Test
    void anIoErrorIsToldAndTheNextAttemptWorks() {
        CrashExplorer.atEachCall(Fault.IO_ERROR, 1).explore(JobIntentsRun::new);
    }

    private static final class JobIntentsRun implements Scenario.Run {
        private final Storage storage;

        /** By job: whether it is kept; null while that is not sure. */
        private final Map<JobIntent, Boolean> kept = new HashMap<>();

        JobIntentsRun(Machine machine) {
            storage = machine.disk("sr");
        }

        @Override
        public void act() throws IOException {
            keep(GC);
            keep(COPY);
            forget(GC);
            keep(GC);
            forget(COPY);
        }

        private void keep(JobIntent intent) throws IOException {
            kept.put(intent, null);
            new JobIntentFiles(storage).keep(intent);
            kept.put(intent, true);
        }

        private void forget(JobIntent intent) throws IOException {
            kept.put(intent, null);
            new JobIntentFiles(storage).forget(intent.job());
            kept.put(intent, false);
        }

        @Override
        public void recover(boolean powerWasCut) throws IOException {
            new JobIntentFiles(storage).all();
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            for (Map.Entry<JobIntent, Boolean> intent : kept.entrySet()) {
                if (intent.getValue() != null) {
                    assertThat(new JobIntentFiles(storage).all().contains(intent.getKey()))
                            .as("%s is kept", intent.getKey())
                            .isEqualTo(intent.getValue());
                }
            }
            assertThat(storage.list(".catena/jobs")).noneMatch(name -> name.endsWith(".bad"));
            act();
            assertThat(new JobIntentFiles(storage).all()).containsExactly(GC);
        }
    }
}
