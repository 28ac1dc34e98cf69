package io.catena.harness.crash;

import io.catena.api.GcChange;
import io.catena.api.GcStatus;
import io.catena.api.GcStatus.Way;
import io.catena.api.Job;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.model.DiskModel;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** One merge of two nodes, in a certain way; {@link MergeScenario} leaves it to chance which. */
final class WayScenario implements Scenario {
    private static final Set<Call.Kind> ALLOCATING = Set.of(Call.Kind.CREATE, Call.Kind.WRITE, Call.Kind.TRUNCATE);
    private static final int KIB = 1 << 10;
    private static final long PLENTY = 1L << 40;

    private final Merge merge;
    private final long seed;
    private final int fullFrom;

    /** Which nodes, and which way. */
    enum Merge {
        INNER_PUSH_DOWN(Way.PUSH_DOWN, true, true),
        INNER_PULL_UP(Way.PULL_UP, true, true),
        LEAF_DRAIN(Way.DRAIN, false, false),
        LEAF_PULL_UP(Way.PULL_UP, false, false),
        LIVE_LEAF_DRAIN(Way.DRAIN, false, true),
        LIVE_LEAF_PULL_UP(Way.PULL_UP, false, true);

        private final Way way;
        private final boolean inner;
        private final boolean attached;

        Merge(Way way, boolean inner, boolean attached) {
            this.way = way;
            this.inner = inner;
            this.attached = attached;
        }
    }

    WayScenario(Merge merge, long seed) {
        this(merge, seed, 0);
    }

    /**
     * @param fullFrom from this call of the merge on that may take space, no more space is there; 0 if there always is
     */
    WayScenario(Merge merge, long seed, int fullFrom) {
        this.merge = merge;
        this.seed = seed;
        this.fullFrom = fullFrom;
    }

    @Override
    public WayRun begin(Machine machine) throws IOException {
        return new WayRun(machine);
    }

    /** The merge on one machine. */
    final class WayRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;
        private boolean collecting;
        private int allocatingCalls;

        WayRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch);
            sr.repository().garbage().set(new GcChange(null, null, null, 1, null, 0L, null, null));
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            // What is small is what moves.
            boolean pullsUp = merge.way == Way.PULL_UP;
            fill(pullsUp);
            VdiId snapshot = sr.snapshot(vdi);
            fill(!pullsUp);
            if (merge.inner) {
                sr.snapshot(vdi);
                sr.work(vdi);
            }
            sr.flush(vdi);
            if (!merge.attached) {
                sr.detach(vdi);
            }
            sr.destroy(snapshot);
            List<GcStatus.Step> plan = sr.repository().garbage().status().plan();
            SimulatedSr.require(plan.size() == 1 && plan.get(0).way() == merge.way, merge + ": planned is " + plan);
        }

        /** Writes little or much, to both blocks of the disk. */
        private void fill(boolean little) throws IOException {
            if (little) {
                write(1920 * KIB, 256 * KIB);
            } else {
                write(0, 1984 * KIB);
                write(2112 * KIB, 1984 * KIB);
            }
        }

        private void write(int offset, int lengthBytes) throws IOException {
            DiskModel.Write write = sr.model(vdi).write(offset / DiskModel.SECTOR, lengthBytes / DiskModel.SECTOR);
            sr.device(vdi).write(write.offset(), write.bytes());
            sr.model(vdi).answered(write);
        }

        private boolean watch(Call call) {
            if (collecting && ALLOCATING.contains(call.kind()) && ++allocatingCalls == fullFrom) {
                sr.machine.disk("sr").fullAfter(0);
            }
            return true;
        }

        boolean wasFull() {
            return fullFrom > 0 && allocatingCalls >= fullFrom;
        }

        @Override
        public void act() throws IOException {
            collecting = true;
            Job job = sr.collectGarbage();
            collecting = false;
            if (job.state() != Job.State.DONE || !job.result().contains("merged 1")) {
                throw new IOException(String.valueOf(job));
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            collecting = false;
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            collecting = false;
            sr.machine.disk("sr").fullAfter(PLENTY);
            sr.checkContents(happened ? fault : Fault.KILL);
            if (!isMerged()) {
                again();
            }
            SimulatedSr.require(isMerged(), "depth " + sr.depth(vdi));
            SimulatedSr.require(sr.nodes("garbage") == 0, "garbage is left");
            sr.checkContents(fault == Fault.POWER_CUT ? fault : Fault.KILL);
            sr.checkWorkGoesOn(!happened);
        }

        private boolean isMerged() {
            return sr.depth(vdi) == (merge.inner ? 2 : 1);
        }

        /** At the latest after the disk was detached and attached. */
        private void again() throws IOException {
            try {
                act();
            } catch (IOException e) {
                if (sr.isAttached(vdi)) {
                    attachAnew();
                }
                if (!isMerged()) {
                    act();
                }
            }
        }

        private void attachAnew() {
            try {
                sr.detach(vdi);
            } catch (SrException e) {
                // What could not be written now is in the redo log, from which the next attach takes it.
                SimulatedSr.require(!sr.isAttached(vdi), "still attached after " + e);
            }
            sr.attach(vdi);
        }
    }
}
