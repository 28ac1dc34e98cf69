package io.catena.harness.crash;

import io.catena.api.VdiId;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.UUID;

/** A disk is given the content of a snapshot again, beside another that is written. */
final class RevertScenario implements Scenario {
    private final long seed;
    private final WatchedStorage.Watcher mutant;
    private final How how;

    RevertScenario(long seed, WatchedStorage.Watcher mutant) {
        this(seed, How.REVERT, mutant);
    }

    RevertScenario(long seed, How how, WatchedStorage.Watcher mutant) {
        this.how = how;
        this.seed = seed;
        this.mutant = mutant;
    }

    /** What brings the content back. */
    enum How {
        /** To one of the disk's snapshots. */
        REVERT,
        /** To what the disk builds on, which is its last snapshot. */
        RESET
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new RevertRun(machine);
    }

    private final class RevertRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;
        private final VdiId other;
        private final VdiId snapshot;
        private final DiskModel before;

        RevertRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, mutant);
            other = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(other);
            sr.work(other);
            vdi = sr.create(new VdiId(new UUID(5, 1)));
            sr.attach(vdi);
            sr.work(vdi);
            VdiId first = sr.snapshot(vdi);
            VdiId last = first;
            if (sr.random.nextBoolean()) {
                sr.work(vdi);
                last = sr.snapshot(vdi);
            }
            snapshot = how == How.RESET ? last : first;
            sr.work(vdi);
            sr.detach(vdi);
            before = sr.model(vdi);
        }

        @Override
        public void act() throws IOException {
            sr.write(other);
            bringBack();
            sr.attach(vdi);
            sr.work(vdi);
            sr.flush(other);
        }

        private void bringBack() {
            switch (how) {
                case REVERT -> sr.revert(vdi, snapshot);
                case RESET -> sr.reset(vdi, snapshot);
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            if (sr.model(vdi) == before && !fitsBefore(fault)) {
                sr.models.put(vdi, sr.model(snapshot).frozen());
            }
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkShape();
            sr.checkSound();
            if (!sr.isAttached(vdi)) {
                bringBack();
            }
            sr.checkWorkGoesOn(!happened);
        }

        /** Until the operation was answered the disk may be what it was, or what it is to be, as a whole. */
        private boolean fitsBefore(Fault fault) throws IOException {
            byte[] content = sr.content(vdi);
            try {
                if (fault == Fault.POWER_CUT) {
                    before.checkAfterPowerCut(content);
                } else {
                    before.check(content);
                }
                return true;
            } catch (AssertionError otherContent) {
                return false;
            }
        }
    }
}
