package io.catena.harness.crash;

import io.catena.api.SnapshotResult;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
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

        /** While the operation is being prepared, guests write. */
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
            begun = true;
            preparing = true;
            List<VdiId> taken = take();
            preparing = false;
            answered = true;
            for (int i = 0; i < taken.size(); i++) {
                sr.models.put(taken.get(i), sr.model(sources.get(i)).frozen());
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

        /** Guests write at moments at which no request is held back: until the operation is recorded. */
        private boolean watch(Call call) throws IOException {
            boolean creates = call.kind() == Call.Kind.CREATE && call.file().startsWith(".catena/tmp/");
            boolean records = call.kind() != Call.Kind.RENAME
                    && call.file().endsWith("operation.json.new")
                    && !CallSite.isInside("SnapshotTaker.cutWithGatesClosed");
            if (preparing && (creates || records) && sr.random.nextInt(6) == 0) {
                preparing = false;
                VdiId vdi = sources.get(sr.random.nextInt(sources.size()));
                if (sr.isAttached(vdi)) {
                    sr.work(vdi);
                }
                preparing = true;
            }
            return mutant.passes(call);
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
                adopt(strays);
            }
            sr.checkShape();
            checkDepths(answered || !strays.isEmpty());
            sr.checkSound();
            sr.checkWorkGoesOn(!happened && kind != Kind.RAW);
        }

        /** The operation was completed after a crash: all of it, and each copy is what the source is. */
        private void adopt(List<Vdi> strays) throws IOException {
            SimulatedSr.require(
                    strays.size() == sources.size(),
                    strays.size() + " of " + sources.size() + " were taken: " + strays);
            for (Vdi stray : strays) {
                VdiId source =
                        kind == Kind.CLONE ? sources.get(0) : Objects.requireNonNull(stray.snapshotOf(), "snapshotOf");
                SimulatedSr.require(sources.contains(source), stray + " is a snapshot of " + source);
                SimulatedSr.require(
                        Arrays.equals(sr.content(stray.vdi()), sr.content(source)), stray + " differs from " + source);
                sr.models.put(stray.vdi(), sr.model(source).frozen());
            }
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
