package io.catena.harness.crash;

import io.catena.api.Job;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/** A snapshot is copied while its disk is written. */
final class CopyScenario implements Scenario {
    private static final VdiId COPY = new VdiId(new UUID(6, 0));

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    CopyScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new CopyRun(machine);
    }

    private final class CopyRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;
        private final VdiId snapshot;
        private final DiskModel expected;

        CopyRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            sr.work(vdi);
            if (sr.random.nextBoolean()) {
                sr.snapshot(vdi);
                sr.work(vdi);
            }
            sr.flush(vdi);
            snapshot = sr.snapshot(vdi);
            expected = sr.model(snapshot).frozen();
            sr.work(vdi);
        }

        @Override
        public void act() throws IOException {
            sr.write(vdi);
            Job job = sr.copy(snapshot, COPY);
            if (job.state() != Job.State.DONE) {
                throw new IOException(String.valueOf(job.failure()));
            }
            sr.models.put(COPY, expected);
            sr.write(vdi);
        }

        @Override
        public void recover(boolean powerWasCut) {
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            List<Vdi> strays = sr.strays();
            if (!strays.isEmpty()) {
                SimulatedSr.require(strays.size() == 1 && strays.get(0).vdi().equals(COPY), "stray disks: " + strays);
                sr.models.put(COPY, expected);
            }
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkShape();
            sr.checkSound();
            if (!sr.models.containsKey(COPY)) {
                SimulatedSr.require(sr.copy(snapshot, COPY).state() == Job.State.DONE, "the next copy failed");
                sr.models.put(COPY, expected);
            }
            sr.checkWorkGoesOn(!happened);
        }
    }
}
