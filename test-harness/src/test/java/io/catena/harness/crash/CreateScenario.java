package io.catena.harness.crash;

import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/** Two disks are made, one after the other, beside one that is written. */
final class CreateScenario implements Scenario {
    private final long seed;
    private final WatchedStorage.Watcher mutant;

    CreateScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new CreateRun(machine);
    }

    private final class CreateRun implements Run {
        private final SimulatedSr sr;
        private final VdiId other;
        private int made;

        CreateRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            other = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(other);
            sr.work(other);
        }

        private VdiId id(int number) {
            return new VdiId(new UUID(6, number));
        }

        @Override
        public void act() throws IOException {
            for (int i = 0; i < 2; i++) {
                sr.create(id(i));
                made++;
                sr.write(other);
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            sr.checkContents(fault);
            List<Vdi> strays = sr.strays();
            if (strays.isEmpty()) {
                sr.create(id(2));
            } else {
                SimulatedSr.require(
                        strays.size() == 1 && strays.get(0).vdi().equals(id(made)), "stray disks: " + strays);
                SimulatedSr.require(strays.get(0).name().equals("disk"), "lost its name: " + strays);
                sr.models.put(id(made), sr.model(other).sibling(SimulatedSr.DISK_BYTES));
            }
            if (!sr.models.containsKey(id(made))) {
                sr.create(id(made));
            }
            sr.checkShape();
            sr.checkWorkGoesOn(!happened);
        }
    }
}
