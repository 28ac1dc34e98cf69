package io.catena.harness.crash;

import io.catena.api.SnapshotResult;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.disk.LiveDisk;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * A snapshot or clone of one or several disks, attached or not, empty or not, with a guest that writes before, during and
 * after it.
 */
final class SnapshotScenario implements Scenario {
    /** What is done. */
    enum Kind {
        SNAPSHOT,
        CLONE,
        GROUP,
        RAW
    }

    private final long seed;
    private final Kind kind;
    private final WatchedStorage.Watcher mutant;

    SnapshotScenario(long seed, Kind kind, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.kind = kind;
        this.mutant = mutant;
    }

    SnapshotScenario(long seed, Kind kind) {
        this(seed, kind, call -> true);
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new SnapshotRun(machine);
    }

    private final class SnapshotRun implements Run {
        private final SimulatedSr sr;
        private final List<VdiId> sources = new ArrayList<>();
        private final Map<VdiId, Integer> depths = new HashMap<>();

        /** The leaves before the operation. */
        private final Map<VdiId, Layer> leaves = new HashMap<>();

        /** What the disks held at the instant; none if it did not come, or nobody has written since. */
        private final Map<VdiId, DiskModel> atInstant = new HashMap<>();

        /** While the operation is under way, guests write. */
        private boolean preparing;

        private boolean begun;
        private boolean answered;

        SnapshotRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch);
            int disks = kind == Kind.GROUP ? 2 + sr.random.nextInt(2) : 1;
            for (int i = 0; i < disks; i++) {
                VdiId id = new VdiId(new UUID(5, i));
                prepare(kind == Kind.RAW ? sr.createRaw(id) : sr.create(id));
            }
        }

        private void prepare(VdiId vdi) throws IOException {
            sources.add(vdi);
            int past = sr.random.nextInt(4);
            boolean stays = sr.random.nextInt(3) > 0;
            sr.attach(vdi);
            if (past > 0) {
                sr.work(vdi);
            }
            if (past > 1) {
                sr.snapshot(vdi);
            }
            if (past > 2) {
                sr.work(vdi);
            }
            if (!stays) {
                sr.detach(vdi);
            }
            depths.put(vdi, sr.depth(vdi));
        }

        @Override
        public void act() throws IOException {
            boolean worksBefore = sr.random.nextInt(3) > 0;
            for (VdiId vdi : sources) {
                if (sr.isAttached(vdi) && worksBefore) {
                    sr.work(vdi);
                }
            }
            for (VdiId vdi : sources) {
                if (sr.isAttached(vdi)) {
                    leaves.put(vdi, leaf(vdi));
                }
            }
            begun = true;
            preparing = true;
            List<VdiId> taken = take();
            preparing = false;
            answered = true;
            for (int i = 0; i < taken.size(); i++) {
                VdiId source = sources.get(i);
                DiskModel model = Objects.requireNonNullElse(atInstant.get(source), sr.model(source));
                sr.models.put(taken.get(i), model.frozen());
            }
            for (VdiId vdi : sources) {
                if (sr.isAttached(vdi)) {
                    sr.work(vdi);
                }
            }
        }

        private List<VdiId> take() {
            return switch (kind) {
                case CLONE ->
                    List.of(sr.repository().clone(sources.get(0), "clone").vdi());
                case SNAPSHOT, GROUP, RAW ->
                    sr.repository().snapshot(sources, "snapshot").stream()
                            .map(SnapshotResult::vdi)
                            .toList();
            };
        }

        /**
         * Guests write and flush between the calls of the operation, at all moments at which no file is in the middle of a
         * change of its own: while files are laid ready, before and after the instant, and until the last record is written.
         */
        private boolean watch(Call call) throws IOException {
            if (preparing && isBetweenSteps(call) && sr.random.nextInt(6) == 0) {
                preparing = false;
                VdiId vdi = sources.get(sr.random.nextInt(sources.size()));
                if (sr.isAttached(vdi)) {
                    noteInstant();
                    work(vdi);
                }
                preparing = true;
            }
            return mutant.passes(call);
        }

        private Layer leaf(VdiId vdi) {
            return ((LiveDisk) sr.device(vdi)).chain().leaf().layer();
        }

        private void noteInstant() {
            if (atInstant.isEmpty() && leaves.keySet().stream().anyMatch(vdi -> leaf(vdi) != leaves.get(vdi))) {
                sources.forEach(vdi -> atInstant.put(vdi, sr.model(vdi).copy()));
            }
        }

        /** As {@link SimulatedSr#work}; a flush after the instant covers what was written before it, too. */
        private void work(VdiId vdi) throws IOException {
            int writes = 1 + sr.random.nextInt(3);
            for (int i = 0; i < writes; i++) {
                sr.write(vdi);
                if (sr.random.nextInt(3) == 0) {
                    DiskModel before = atInstant.getOrDefault(vdi, DiskModel.empty(SimulatedSr.DISK_BYTES));
                    long begin = before.flush();
                    sr.flush(vdi);
                    before.flushed(begin);
                }
            }
        }

        private boolean isBetweenSteps(Call call) {
            return switch (call.kind()) {
                case SYNC, SYNC_NAMES, RENAME, CREATE, DELETE -> true;
                case WRITE, TRUNCATE, PUNCH -> call.file().startsWith(".catena/");
                default -> false;
            };
        }

        @Override
        public void recover(boolean powerWasCut) {
            preparing = false;
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            preparing = false;
            sr.checkContents(happened ? fault : Fault.KILL);
            List<Vdi> strays = sr.strays();
            if (answered || !begun) {
                SimulatedSr.require(strays.isEmpty(), "stray disks: " + strays);
            } else if (!strays.isEmpty()) {
                adopt(strays, happened ? fault : Fault.KILL);
            }
            SimulatedSr.require(
                    answered || atInstant.isEmpty() || !strays.isEmpty(),
                    "the instant had come, but nothing came of it");
            sr.checkShape();
            checkDepths(answered || !strays.isEmpty());
            sr.checkSound();
            sr.checkWorkGoesOn(!happened && kind != Kind.RAW);
        }

        /** The operation was completed after a crash: all of it, and each copy is what the source was at the instant. */
        private void adopt(List<Vdi> strays, Fault fault) throws IOException {
            SimulatedSr.require(
                    strays.size() == sources.size(),
                    strays.size() + " of " + sources.size() + " were taken: " + strays);
            for (Vdi stray : strays) {
                VdiId source =
                        kind == Kind.CLONE ? sources.get(0) : Objects.requireNonNull(stray.snapshotOf(), "snapshotOf");
                SimulatedSr.require(sources.contains(source), stray + " is a snapshot of " + source);
                sr.models.put(stray.vdi(), modelOf(stray, source, fault));
            }
        }

        private DiskModel modelOf(Vdi stray, VdiId source, Fault fault) throws IOException {
            byte[] content = sr.content(stray.vdi());
            DiskModel before = atInstant.get(source);
            if (before == null) {
                SimulatedSr.require(Arrays.equals(content, sr.content(source)), stray + " differs from " + source);
                return sr.model(source).frozen();
            }
            if (fault == Fault.POWER_CUT) {
                before.checkAfterPowerCut(content);
            } else {
                before.check(content);
            }
            return before;
        }

        private void checkDepths(boolean taken) {
            for (VdiId source : sources) {
                int before = depths.getOrDefault(source, 0);
                int now = sr.depth(source);
                boolean fits = now == before || (taken && now == before + 1);
                SimulatedSr.require(fits, source + " has depth " + now + ", it had " + before);
            }
        }
    }
}
