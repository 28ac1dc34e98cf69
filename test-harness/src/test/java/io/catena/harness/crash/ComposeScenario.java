package io.catena.harness.crash;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * A disk to which data and zeros are written, as by the mirror of a storage migration, is put upon another that holds
 * something, beside a third that is written. It may be marked as the mirror's target, in one of the ways there are; one that
 * is not may be refused, but must never show wrong data.
 */
final class ComposeScenario implements Scenario {
    private final long seed;
    private final WatchedStorage.Watcher mutant;

    /** Whether an attached child worked between the last steps. */
    boolean guestWorked;

    ComposeScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    /** When the child learns that it is a mirror's target. */
    private enum Marked {
        AT_CREATION,
        LATER,
        WHILE_ACTIVE,
        NEVER
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new ComposeRun(machine);
    }

    private final class ComposeRun implements Run {
        private final SimulatedSr sr;
        private final VdiId other;
        private final VdiId parent;
        private final VdiId child;
        private final Marked marked;

        /** While the child is put upon the parent, and nothing else is done. */
        private boolean composing;

        /** What was asked of the child since its last flush: whether the child holds it is not known after a crash. */
        private final List<DiskModel.Write> unsure = new ArrayList<>();

        /** What the child holds, durably. */
        private final List<DiskModel.Write> held = new ArrayList<>();

        ComposeRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch);
            marked = List.of(Marked.values()).get(sr.random.nextInt(Marked.values().length));
            other = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(other);
            sr.work(other);
            parent = sr.create(new VdiId(new UUID(5, 1)));
            sr.attach(parent);
            sr.work(parent);
            sr.work(parent);
            if (sr.random.nextBoolean()) {
                sr.snapshot(parent);
                sr.work(parent);
            }
            sr.detach(parent);
            child = new VdiId(new UUID(5, 2));
            sr.create(child, marked == Marked.AT_CREATION ? Map.of("base_mirror", "1") : Map.of());
            sr.snapshot(child);
            if (marked == Marked.LATER) {
                mark("_sm_config_base_mirror");
            }
            if (sr.random.nextInt(4) > 0) {
                attachChild();
                mirror(1 + sr.random.nextInt(3));
                sr.flush(child);
                held.addAll(unsure);
                unsure.clear();
            }
        }

        private void attachChild() {
            sr.attach(child);
            if (marked == Marked.WHILE_ACTIVE) {
                mark("base_mirror");
            }
        }

        private void mark(String key) {
            sr.repository().set(child, new VdiChange(null, null, Map.of(key, "1"), Set.of()));
        }

        private void mirror(int requests) throws IOException {
            for (int i = 0; i < requests; i++) {
                boolean zeroes = sr.random.nextInt(3) > 0;
                DiskModel model = sr.model(child);
                DiskModel.Write request =
                        zeroes ? Requests.randomZero(model, sr.random) : Requests.randomWrite(model, sr.random);
                unsure.add(request);
                send(request);
            }
        }

        private void send(DiskModel.Write request) throws IOException {
            if (request.zeroes()) {
                sr.zero(child, request);
            } else {
                sr.write(child, request);
            }
        }

        @Override
        public void act() throws IOException {
            sr.write(other);
            if (sr.isAttached(child)) {
                mirror(sr.random.nextInt(3));
            }
            compose();
            if (!sr.isAttached(child)) {
                attachChild();
            }
            sr.work(child);
            sr.zero(child);
            sr.flush(other);
        }

        private void compose() {
            composing = true;
            try {
                sr.compose(parent, child);
            } catch (SrException e) {
                if (marked != Marked.NEVER || e.error() != SrError.VDI_TYPE) {
                    throw e;
                }
            } finally {
                composing = false;
            }
        }

        /** Nothing is written, synced or renamed while the child's requests are held back, and they go on between the steps. */
        private boolean watch(Call call) throws IOException {
            if (composing && sr.isAttached(child)) {
                SimulatedSr.require(!sr.isPaused(child), "requests are held back during " + call);
                if (CallSite.isInside("SrTree.commit") && sr.random.nextInt(4) == 0) {
                    composing = false;
                    guestWorked = true;
                    work();
                    composing = true;
                }
            }
            return mutant.passes(call);
        }

        /** Writes what the child holds: after a crash the parent's data must not show there. */
        private void work() throws IOException {
            if (held.isEmpty() || sr.random.nextBoolean()) {
                sr.flush(child);
                return;
            }
            DiskModel.Write old = held.get(sr.random.nextInt(held.size()));
            DiskModel.Write write = sr.model(child).write(old.sector(), old.count());
            unsure.add(write);
            sr.write(child, write);
        }

        @Override
        public void recover(boolean powerWasCut) {
            composing = false;
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            boolean parentIsThere =
                    sr.repository().vdis().stream().anyMatch(vdi -> vdi.vdi().equals(parent));
            if (sr.models.containsKey(parent) && !parentIsThere) {
                sr.composed(parent, child);
            }
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkShape();
            sr.checkSound();
            if (parentIsThere) {
                askOnceMore();
                compose();
                sr.checkContents(Fault.KILL);
            }
            sr.checkWorkGoesOn(!happened);
        }

        private void askOnceMore() throws IOException {
            if (unsure.isEmpty()) {
                return;
            }
            if (!sr.isAttached(child)) {
                attachChild();
            }
            for (DiskModel.Write request : unsure) {
                DiskModel model = sr.model(child);
                send(
                        request.zeroes()
                                ? model.zero(request.sector(), request.count())
                                : model.write(request.sector(), request.count()));
            }
        }
    }
}
