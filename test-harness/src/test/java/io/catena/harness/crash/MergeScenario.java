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
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** Garbage collection of a chain whose snapshots are gone, under a guest that goes on writing; now and then it is cancelled. */
final class MergeScenario implements Scenario {
    /** So much work makes a leaf much larger than its base copy. */
    private static final int FULL = 12;

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    /** Methods that make their calls while writes to new blocks wait for them. */
    private static final Set<String> WITHIN_LOCK = Set.of(
            "SparseTail.restoreCopy",
            "SparseTail.writeCopy",
            "SparseTail.writeTrailingFooter",
            "SparseTail.growToDataEnd");

    /** The live merges whose last steps the guest worked between. */
    final Set<String> endsMet = new TreeSet<>();

    /** The live merges between whose pieces the guest wrote. */
    final Set<String> guestsMet = new TreeSet<>();

    private boolean requestsAreNotHeldBack;

    MergeScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    /** Returns a scenario in which the guest writes what is just being copied into its leaf, as if it need not wait. */
    static MergeScenario withoutPauses(long seed) {
        MergeScenario scenario = new MergeScenario(seed, call -> true);
        scenario.requestsAreNotHeldBack = true;
        return scenario;
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
            sr = new SimulatedSr(machine, seed, this::watch, file -> guestMayWriteBeforeRead());
            vdi = sr.create(new VdiId(new UUID(5, 0)));
            sr.attach(vdi);
            List<VdiId> snapshots = new ArrayList<>();
            // A leaf that holds much more than what it builds on is filled, others are drained.
            boolean fullLeaf = sr.random.nextInt(3) == 0;
            // What a full leaf is linked to instead of its base copy: nothing, or the base copy of a snapshot that
            // stays.
            boolean overSnapshot = fullLeaf && sr.random.nextBoolean();
            int levels = fullLeaf ? (overSnapshot ? 2 : 1) : 2 + sr.random.nextInt(3);
            for (int i = 0; i < levels; i++) {
                sr.work(vdi);
                snapshots.add(sr.snapshot(vdi));
            }
            for (int i = 0; i < (fullLeaf ? FULL : 1); i++) {
                sr.work(vdi);
            }
            if (sr.random.nextInt(3) == 0) {
                sr.detach(vdi);
            }
            if (overSnapshot) {
                snapshots.remove(0);
            }
            for (VdiId snapshot : snapshots) {
                if (fullLeaf || sr.random.nextInt(4) > 0) {
                    sr.destroy(snapshot);
                }
            }
        }

        @Override
        public void act() throws IOException {
            collect();
            if (sr.isAttached(vdi)) {
                sr.work(vdi);
            }
        }

        private void collect() throws IOException {
            Job job;
            do {
                collecting = true;
                job = sr.collectGarbage();
                collecting = false;
                if (job.failure() != null) {
                    throw new IOException(job.failure().message());
                }
                if (job.state() == Job.State.CANCELLED && sr.random.nextBoolean()) {
                    sr.reopen();
                }
            } while (job.state() == Job.State.CANCELLED);
        }

        /** The guest writes between the calls by which data is copied and links are changed. */
        private boolean watch(Call call) throws IOException {
            if (requestsAreNotHeldBack && collecting && sr.isAttached(vdi) && isBetweenLookAndCopy(call)) {
                collecting = false;
                sr.overwrite(vdi);
                collecting = true;
            }
            if (collecting && sr.isAttached(vdi) && isBetween(call)) {
                guestMayWrite(CallSite.isInside("LeafDrain.round") ? 4 : 16);
            }
            if (collecting && CallSite.isInside("LeafWork.endDrain")) {
                guestMayWriteAtTheEndOfADrain(call);
            }
            if (collecting && sr.isAttached(vdi) && isAtTheEnd()) {
                guestMayWorkAtTheEnd(call);
            }
            if (collecting && isCancelledHere()) {
                sr.repository().garbage().cancel();
            }
            return mutant.passes(call);
        }

        /** Nothing is written or synced while its requests are held back. */
        private void guestMayWriteAtTheEndOfADrain(Call call) throws IOException {
            SimulatedSr.require(!sr.isPaused(vdi), "requests are held back during " + call);
            if (sr.random.nextInt(4) == 0) {
                collecting = false;
                sr.overwrite(vdi);
                collecting = true;
            }
        }

        /** Where a live merge takes its last steps, and no lock is held for which the guest would have to wait. */
        private boolean isAtTheEnd() {
            return CallSite.isInside("SrTree.commit")
                    && (CallSite.isInside("LiveLeafMerge.finish") || CallSite.isInside("LivePullUp.finish"));
        }

        /** Nothing is written, synced or renamed while its requests are held back. */
        private void guestMayWorkAtTheEnd(Call call) throws IOException {
            SimulatedSr.require(!sr.isPaused(vdi), "requests are held back during " + call);
            if (WITHIN_LOCK.contains(CallSite.current().method()) || sr.random.nextInt(3) > 0) {
                return;
            }
            collecting = false;
            endsMet.add(CallSite.isInside("LivePullUp.finish") ? "pull up" : "drain");
            switch (sr.random.nextInt(4)) {
                case 0 -> sr.overwrite(vdi);
                case 1 -> sr.zero(vdi);
                case 2 -> sr.flush(vdi);
                default -> sr.work(vdi);
            }
            collecting = true;
        }

        private boolean isCancelledHere() {
            return (CallSite.isInside("PushDown.copy") && sr.random.nextInt(128) == 0)
                    || (CallSite.isInside("LeafDrain.round") && sr.random.nextInt(3) == 0);
        }

        private void guestMayWrite(int oneOf) throws IOException {
            if (sr.random.nextInt(oneOf) > 0) {
                return;
            }
            collecting = false;
            List.of("LiveLeafMerge.merge", "LivePullUp.merge").stream()
                    .filter(CallSite::isInside)
                    .forEach(guestsMet::add);
            sr.work(vdi);
            collecting = true;
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

        private boolean isBetweenLookAndCopy(Call call) {
            return call.kind() == Call.Kind.WRITE
                    && CallSite.current().method().equals("SparseLayer.writeInBlock")
                    && CallSite.isInside("Fill.copyAlone")
                    && CallSite.isInside("LivePullUp.merge");
        }

        /** What is pulled up is read before requests are held back for a piece of it. */
        private void guestMayWriteBeforeRead() throws IOException {
            if (collecting
                    && sr.isAttached(vdi)
                    && CallSite.isInside("LivePullUp.merge")
                    && CallSite.isInside("SparseLayer.readInBlock")
                    && !sr.isPaused(vdi)) {
                // Few pieces are read in all.
                guestMayWrite(2);
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
