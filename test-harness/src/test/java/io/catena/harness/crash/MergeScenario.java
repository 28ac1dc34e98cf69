package io.catena.harness.crash;

import io.catena.api.Job;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.explore.WatchedStorage;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Garbage collection of a chain whose snapshots are gone, under a guest that goes on writing. */
final class MergeScenario implements Scenario {
    private final long seed;
    private final WatchedStorage.Watcher mutant;

    MergeScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new MergeRun(machine);
    }

    private final class MergeRun implements Run {
        private final SimulatedSr sr;
        private final VdiId vdi;

        /** While the collector works and the guest does not; set by one thread while the other waits. */
        private volatile boolean collecting;

        MergeRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch);
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            List<VdiId> snapshots = new ArrayList<>();
            int levels = 2 + sr.random.nextInt(3);
            for (int i = 0; i < levels; i++) {
                sr.work(vdi);
                snapshots.add(sr.snapshot(vdi));
            }
            sr.work(vdi);
            if (sr.random.nextInt(3) == 0) {
                sr.detach(vdi);
            }
            for (VdiId snapshot : snapshots) {
                if (sr.random.nextInt(4) > 0) {
                    sr.destroy(snapshot);
                }
            }
        }

        @Override
        public void act() throws IOException {
            collecting = true;
            Job job = sr.collectGarbage();
            collecting = false;
            if (job.failure() != null) {
                throw new IOException(job.failure().message());
            }
            if (sr.isAttached(vdi)) {
                sr.work(vdi);
            }
        }

        /** The guest writes between the calls by which data is copied and links are changed. */
        private boolean watch(Call call) throws IOException {
            if (collecting && isBetween(call) && sr.isAttached(vdi) && sr.random.nextInt(16) == 0) {
                collecting = false;
                sr.work(vdi);
                collecting = true;
            }
            return mutant.passes(call);
        }

        /** Where a thread of its own could run: not inside what the disk's own requests do, nor while they are held back. */
        private boolean isBetween(Call call) {
            boolean live = CallSite.isInside("LiveLeafMerge.merge") || CallSite.isInside("LivePullUp.merge");
            if (!live) {
                return call.kind() == Call.Kind.CREATE || call.kind() == Call.Kind.WRITE;
            }
            return call.kind() == Call.Kind.WRITE
                    && CallSite.current().method().equals("SparseLayer.writeInBlock")
                    && !sr.isPaused(vdi);
        }

        @Override
        public void recover(boolean powerWasCut) {
            collecting = false;
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            collecting = false;
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkShape();
            if (sr.random.nextBoolean() && !sr.isAttached(vdi)) {
                sr.attach(vdi);
            }
            String result = sr.collectGarbage().result();
            SimulatedSr.require(!result.contains("set aside"), result);
            long left = sr.nodes("garbage") + sr.nodes("base copy, mergeable");
            SimulatedSr.require(left == 0, left + " nodes are left to merge or delete after: " + result);
            boolean alone = sr.models.size() == 1;
            SimulatedSr.require(!alone || sr.depth(vdi) == 1, "a disk without snapshots keeps a base copy: " + result);
            sr.checkContents(Fault.KILL);
            sr.checkWorkGoesOn(!happened);
        }
    }
}
