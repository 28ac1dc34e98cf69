package io.catena.harness.crash;

import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.UUID;

/** A disk grows, attached or not, far enough that a block has to make room for its BAT. */
final class ResizeScenario implements Scenario {
    private static final long GROWN_BYTES = 768L << 20;

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    /** Whether an attached disk's guest worked while the disk grew. */
    boolean guestWorked;

    ResizeScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new ResizeRun(machine);
    }

    private final class ResizeRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;
        private boolean answered;

        /** While the disk grows, and nothing else is done. */
        private boolean growing;

        ResizeRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch);
            vdi = sr.create(new VdiId(new UUID(5, 1)));
            sr.attach(vdi);
            sr.work(vdi);
            if (sr.random.nextBoolean()) {
                sr.snapshot(vdi);
                sr.work(vdi);
            }
            if (sr.random.nextInt(3) == 0) {
                sr.detach(vdi);
            }
        }

        @Override
        public void act() throws IOException {
            if (sr.isAttached(vdi)) {
                sr.write(vdi);
            }
            growing = true;
            sr.repository().resize(vdi, GROWN_BYTES);
            growing = false;
            answered = true;
            if (!sr.isAttached(vdi)) {
                sr.attach(vdi);
            }
            sr.work(vdi);
        }

        /** Nothing is written, synced or renamed while the disk's requests are held back; they go on while its headers change. */
        private boolean watch(Call call) throws IOException {
            if (growing && sr.isAttached(vdi)) {
                SimulatedSr.require(!sr.isPaused(vdi), "requests are held back during " + call);
                if (isBetweenSteps() && sr.random.nextInt(3) == 0) {
                    growing = false;
                    guestWorked = true;
                    sr.write(vdi);
                    growing = true;
                }
            }
            return mutant.passes(call);
        }

        /** Where a thread of its own could run: not inside what requests do. */
        private static boolean isBetweenSteps() {
            return CallSite.isInside("SparseGrowth.changeHeaders")
                    && !CallSite.isInside("SparseTail.cutOffTail")
                    && !CallSite.isInside("SparseTail.writeTrailingFooter");
        }

        @Override
        public void recover(boolean powerWasCut) {
            growing = false;
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            long size = sr.repository().vdi(vdi).virtualSizeBytes();
            SimulatedSr.require(
                    size == GROWN_BYTES || (!answered && size == SimulatedSr.DISK_BYTES), "the size is " + size);
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkShape();
            sr.checkSound();
            sr.repository().resize(vdi, GROWN_BYTES);
            sr.checkEndIsZero(vdi);
            sr.checkWorkGoesOn(!happened);
        }
    }
}
