package io.catena.harness.crash;

import io.catena.api.DiskRange;
import io.catena.api.Job;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** Snapshots' data is given up and collected, while a guest writes; what changed since is told all the same. */
final class DataDestroyScenario implements Scenario {
    private final long seed;
    private final WatchedStorage.Watcher mutant;

    DataDestroyScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new DataDestroyRun(machine);
    }

    private final class DataDestroyRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;
        private final List<VdiId> snapshots = new ArrayList<>();

        /** What the snapshots held whose data was given up, or may have been. */
        private final Map<VdiId, byte[]> before = new LinkedHashMap<>();

        DataDestroyRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            for (int i = 0; i < 2 + sr.random.nextInt(2); i++) {
                cut();
            }
            if (sr.random.nextBoolean()) {
                giveUp(snapshots.get(0));
            }
            if (sr.random.nextInt(3) == 0) {
                sr.detach(vdi);
            }
        }

        private void cut() throws IOException {
            if (sr.isAttached(vdi)) {
                sr.work(vdi);
            }
            snapshots.add(sr.snapshot(vdi));
        }

        /** Somebody has read it before, or what is durable of it is what was written last. */
        private void giveUp(VdiId snapshot) throws IOException {
            sr.repository().contents().changes(snapshot, null);
            before.put(snapshot, sr.content(snapshot));
            sr.repository().destroyData(snapshot);
            sr.models.remove(snapshot);
        }

        @Override
        public void act() throws IOException {
            giveUp(snapshots.get(1));
            collect();
            cut();
            giveUp(snapshots.get(snapshots.size() - 1));
            cut();
            collect();
            sr.repository().destroy(snapshots.get(1));
            collect();
        }

        private void collect() throws IOException {
            Job job = sr.collectGarbage();
            if (job.failure() != null) {
                throw new IOException(job.failure().message());
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            List<VdiId> withoutData = withoutData();
            sr.models.keySet().removeAll(withoutData);
            // A cut that was not answered may have happened.
            sr.models.keySet().removeIf(id -> sr.strays().isEmpty() && isGone(id));
            List<Vdi> strays = sr.strays();
            sr.checkContents(happened ? fault : Fault.KILL);
            compare(withoutData);
            sr.collectGarbage();
            compare(withoutData);
            strays.stream()
                    .filter(stray -> stray.state() != Vdi.State.WITHOUT_DATA)
                    .forEach(stray -> sr.repository().destroy(stray.vdi()));
            String result = sr.collectGarbage().result();
            SimulatedSr.require(!result.contains("set aside"), result);
            compare(withoutData);
            sr.checkShape();
            sr.checkSound();
            sr.checkWorkGoesOn(!happened);
        }

        private boolean isGone(VdiId id) {
            return sr.repository().vdis().stream()
                    .noneMatch(found -> found.vdi().equals(id));
        }

        private List<VdiId> withoutData() {
            return sr.repository().vdis().stream()
                    .filter(found -> found.state() == Vdi.State.WITHOUT_DATA)
                    .map(Vdi::vdi)
                    .toList();
        }

        private void compare(List<VdiId> withoutData) throws IOException {
            if (sr.isAttached(vdi)) {
                sr.detach(vdi);
            }
            for (VdiId base : withoutData) {
                for (VdiId disk : sr.models.keySet()) {
                    byte[] now = sr.content(disk);
                    byte[] then = Objects.requireNonNull(before.get(base));
                    int end = 0;
                    for (DiskRange range : sr.repository().contents().changes(disk, base)) {
                        requireSame(then, now, end, (int) range.offset());
                        end = (int) range.end();
                    }
                    requireSame(then, now, end, now.length);
                }
            }
        }

        private void requireSame(byte[] then, byte[] now, int from, int to) {
            SimulatedSr.require(
                    Arrays.equals(then, from, to, now, from, to),
                    "a change from " + from + " to " + to + " was not told");
        }
    }
}
