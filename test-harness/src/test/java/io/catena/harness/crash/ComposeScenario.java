package io.catena.harness.crash;

import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.UUID;

/** An empty disk, attached or not, is put upon another that holds something, beside a third that is written. */
final class ComposeScenario implements Scenario {
    private final long seed;
    private final WatchedStorage.Watcher mutant;

    ComposeScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
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

        ComposeRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            other = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(other);
            sr.work(other);
            parent = sr.create(new VdiId(new UUID(5, 1)));
            sr.attach(parent);
            sr.work(parent);
            if (sr.random.nextBoolean()) {
                sr.snapshot(parent);
                sr.work(parent);
            }
            sr.detach(parent);
            child = sr.create(new VdiId(new UUID(5, 2)));
            sr.snapshot(child);
            if (sr.random.nextBoolean()) {
                sr.attach(child);
            }
        }

        @Override
        public void act() throws IOException {
            sr.write(other);
            sr.compose(parent, child);
            if (!sr.isAttached(child)) {
                sr.attach(child);
            }
            sr.work(child);
            sr.flush(other);
        }

        @Override
        public void recover(boolean powerWasCut) {
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
                sr.compose(parent, child);
            }
            sr.checkWorkGoesOn(!happened);
        }
    }
}
