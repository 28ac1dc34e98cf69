package io.catena.harness.crash;

import io.catena.api.ContentOrigin;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** What changed since a snapshot, or since a disk was as it is, is imported onto it while another disk is written. */
final class DeltaImportScenario implements Scenario {
    private static final VdiId COPY = new VdiId(new UUID(6, 0));

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    DeltaImportScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new ImportRun(machine);
    }

    private final class ImportRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;
        private final VdiId base;
        private final List<DiskModel.Write> delta = new ArrayList<>();
        private final DiskModel expected;

        ImportRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            sr.work(vdi);
            sr.flush(vdi);
            boolean uponSnapshot = sr.random.nextBoolean();
            VdiId snapshot = sr.snapshot(vdi);
            sr.work(vdi);
            if (!uponSnapshot) {
                sr.detach(vdi);
            }
            base = uponSnapshot ? snapshot : vdi;
            DiskModel changed = sr.model(base).frozen();
            delta.add(Requests.randomWrite(changed, sr.random));
            delta.add(Requests.randomZero(changed, sr.random));
            delta.forEach(changed::answered);
            expected = changed.frozen();
        }

        @Override
        public void act() throws IOException {
            importDelta();
            sr.models.put(COPY, expected);
        }

        private void importDelta() {
            ContentOrigin origin = ContentOrigin.of(COPY.uuid(), base.uuid()).upon(base, true);
            try (VdiImport target = sr.repository().importVdi(SimulatedSr.spec(COPY), origin)) {
                for (DiskModel.Write write : delta) {
                    if (write.zeroes()) {
                        target.zero(write.offset(), write.lengthBytes());
                    } else {
                        target.write(write.offset(), write.bytes());
                    }
                }
                target.commit();
            }
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
                importDelta();
                sr.models.put(COPY, expected);
            }
            sr.checkWorkGoesOn(!happened);
        }
    }
}
