package io.catena.harness.crash;

import io.catena.api.GcChange;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.Vdi;
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
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Random operations on a few disks, their snapshots and clones, one after another, while guests write. While garbage is
 * collected guests write too, and now and then another operation comes in its way.
 */
final class SequenceScenario implements Scenario {
    private static final int MOST_VDIS = 8;
    private static final long GROWN_BYTES = 768L << 20;

    private final long seed;
    private final WatchedStorage.Watcher mutant;

    SequenceScenario(long seed, WatchedStorage.Watcher mutant) {
        this.seed = seed;
        this.mutant = mutant;
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new SequenceRun(machine);
    }

    /** What is done to a disk. */
    private enum Step {
        WORK,
        CREATE,
        SNAPSHOT,
        GROUP,
        CLONE,
        COPY,
        ATTACH,
        DETACH,
        REVERT,
        RESIZE,
        DESTROY,
        COLLECT,
        REOPEN;

        /** The more often it stands here the more often it is done. */
        static final List<Step> ANY = Stream.concat(
                        Stream.of(values()),
                        Stream.of(WORK, WORK, WORK, SNAPSHOT, SNAPSHOT, SNAPSHOT, DESTROY, DESTROY, DESTROY, ATTACH))
                .toList();

        /** Those that come in the way of garbage collection. */
        static final List<Step> IN_THE_WAY = List.of(SNAPSHOT, GROUP, CLONE, DETACH, RESIZE, DESTROY);
    }

    /**
     * An operation that was begun.
     *
     * @param vdi what it is done to
     * @param made the id of what it makes, if that is known before
     * @param after what {@code vdi} holds afterwards, if that changes
     */
    private record Pending(
            Step step,
            VdiId vdi,
            @Nullable VdiId made,
            @Nullable DiskModel after) {}

    private final class SequenceRun implements Run {
        private final SimulatedSr sr;
        private int made;

        /** Not answered yet; the last one of the test's thread, or the one in the collector's way. */
        private volatile @Nullable Pending pending;

        /** While the collector works, and nothing came in its way yet. */
        private volatile boolean collecting;

        private volatile @Nullable Thread inTheWay;
        private volatile @Nullable Exception failureInTheWay;

        SequenceRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch);
            // Guests write on the collector's thread: there must be one only.
            sr.repository().garbage().set(new GcChange(null, null, null, 1, null, null, null, null));
            for (int i = 0; i < 2; i++) {
                VdiId vdi = sr.create(nextId());
                sr.attach(vdi);
                sr.work(vdi);
            }
            int before = sr.random.nextInt(24);
            for (int i = 0; i < before; i++) {
                perform(random(Step.ANY));
            }
        }

        @Override
        public void act() throws IOException {
            for (int i = 0; i < 6; i++) {
                perform(random(Step.ANY));
            }
            perform(Step.WORK);
            perform(Step.DESTROY);
            perform(Step.COLLECT);
        }

        private void perform(Step step) throws IOException {
            if (step == Step.COLLECT) {
                collect();
            } else {
                performOn(step);
                pending = null;
            }
        }

        private void performOn(Step step) throws IOException {
            switch (step) {
                case WORK -> {
                    for (VdiId vdi : all(sr::isAttached)) {
                        sr.work(vdi);
                        if (sr.random.nextInt(3) == 0) {
                            sr.zero(vdi);
                        }
                    }
                }
                case CREATE -> create();
                case SNAPSHOT -> snapshot(any(vdi -> true));
                case GROUP -> snapshotAll();
                case CLONE -> copied(step, any(vdi -> true));
                case COPY -> copied(step, any(vdi -> !sr.isAttached(vdi)));
                case ATTACH -> {
                    VdiId vdi = any(v -> isWritable(v) && !sr.isAttached(v));
                    if (vdi != null) {
                        sr.attach(vdi);
                    }
                }
                case DETACH -> {
                    VdiId vdi = any(sr::isAttached);
                    if (vdi != null) {
                        sr.detach(vdi);
                    }
                }
                case REVERT -> revert(any(v -> isWritable(v) && !sr.isAttached(v)));
                case RESIZE -> resize(any(this::isWritable));
                case DESTROY -> destroy(any(v -> !isWritable(v) || (sr.random.nextInt(8) == 0 && !sr.isAttached(v))));
                case REOPEN -> sr.reopen();
                case COLLECT -> throw new IllegalArgumentException("not here");
            }
        }

        private void create() {
            if (sr.models.size() < MOST_VDIS) {
                VdiId id = nextId();
                pending = new Pending(Step.CREATE, id, id, null);
                if (sr.random.nextInt(4) == 0) {
                    sr.createRaw(id);
                } else {
                    sr.create(id);
                }
            }
        }

        private void snapshot(@Nullable VdiId vdi) {
            if (vdi != null && sr.models.size() < MOST_VDIS) {
                pending = new Pending(Step.SNAPSHOT, vdi, null, null);
                sr.snapshot(vdi);
            }
        }

        private void snapshotAll() {
            List<VdiId> ids = all(this::isWritable);
            if (!ids.isEmpty() && sr.models.size() + ids.size() <= MOST_VDIS) {
                pending = new Pending(Step.GROUP, ids.get(0), null, null);
                for (SnapshotResult taken : sr.repository().snapshot(ids, "group")) {
                    sr.models.put(taken.vdi(), sr.model(taken.of()).frozen());
                }
            }
        }

        private void copied(Step step, @Nullable VdiId vdi) throws IOException {
            if (vdi == null || sr.models.size() >= MOST_VDIS) {
                return;
            }
            if (step == Step.CLONE) {
                pending = new Pending(step, vdi, null, null);
                VdiId clone = sr.repository().clone(vdi, "clone").vdi();
                sr.models.put(clone, sr.model(vdi).frozen());
                return;
            }
            VdiId id = nextId();
            pending = new Pending(step, vdi, id, null);
            Job job = sr.copy(vdi, id);
            if (job.state() != Job.State.DONE) {
                throw new IOException(String.valueOf(job.failure()));
            }
            sr.models.put(id, sr.model(vdi).frozen());
        }

        private void revert(@Nullable VdiId vdi) {
            if (vdi == null) {
                return;
            }
            Vdi now = sr.repository().vdi(vdi);
            VdiId snapshot = any(v -> {
                Vdi other = sr.repository().vdi(v);
                return vdi.equals(other.snapshotOf()) && other.virtualSizeBytes() == now.virtualSizeBytes();
            });
            if (snapshot != null) {
                pending = new Pending(Step.REVERT, vdi, null, sr.model(snapshot).frozen());
                sr.revert(vdi, snapshot);
            }
        }

        private void resize(@Nullable VdiId vdi) {
            if (vdi != null) {
                pending = new Pending(Step.RESIZE, vdi, null, null);
                sr.repository().resize(vdi, GROWN_BYTES);
            }
        }

        private void destroy(@Nullable VdiId vdi) {
            if (vdi != null && sr.models.size() > 2) {
                pending = new Pending(Step.DESTROY, vdi, null, null);
                sr.destroy(vdi);
            }
        }

        private void collect() throws IOException {
            collecting = true;
            Job job = sr.collectGarbage();
            collecting = false;
            Exception failure = joinInTheWay();
            if (failure == null) {
                pending = null;
            } else {
                throw new IOException("what came in the way failed: " + failure, failure);
            }
            if (job.state() != Job.State.DONE) {
                throw new IOException(String.valueOf(job.failure()));
            }
        }

        private @Nullable Exception joinInTheWay() throws IOException {
            Thread thread = inTheWay;
            inTheWay = null;
            if (thread == null) {
                return null;
            }
            try {
                thread.join(60_000);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            SimulatedSr.require(!thread.isAlive(), "what came in the way does not end");
            Exception failure = failureInTheWay;
            failureInTheWay = null;
            return failure;
        }

        /** At moments at which no request is held back a guest writes, or another operation begins. */
        private boolean watch(Call call) throws IOException {
            Thread other = inTheWay;
            if (other != null && other != Thread.currentThread()) {
                waitWhileRunning(other);
            }
            if (collecting && isBetween(call)) {
                int chance = sr.random.nextInt(10);
                collecting = false;
                if (chance == 0) {
                    beginInTheWay();
                } else if (chance < 3) {
                    VdiId vdi = any(sr::isAttached);
                    if (vdi != null) {
                        sr.work(vdi);
                    }
                }
                collecting = chance != 0;
            }
            return mutant.passes(call);
        }

        /** Where other threads could run: see {@link MergeScenario}. */
        private boolean isBetween(Call call) {
            boolean live = CallSite.isInside("LiveLeafMerge.merge") || CallSite.isInside("LivePullUp.merge");
            if (!live) {
                return call.kind() == Call.Kind.CREATE || call.kind() == Call.Kind.WRITE;
            }
            return call.kind() == Call.Kind.WRITE
                    && CallSite.current().method().equals("SparseLayer.writeInBlock")
                    && all(sr::isAttached).stream().noneMatch(sr::isPaused);
        }

        /** It runs in a thread of its own, for it may have to wait for the collector; which waits while it runs. */
        private void beginInTheWay() {
            Step step = random(Step.IN_THE_WAY);
            Thread thread = new Thread(
                    () -> {
                        try {
                            performOn(step);
                        } catch (IOException | RuntimeException e) {
                            failureInTheWay = e;
                        }
                    },
                    "in the way");
            thread.setDaemon(true);
            inTheWay = thread;
            thread.start();
            waitWhileRunning(thread);
        }

        private static void waitWhileRunning(Thread thread) {
            while (thread.getState() == Thread.State.RUNNABLE) {
                Thread.onSpinWait();
            }
        }

        private VdiId nextId() {
            made++;
            return new VdiId(new UUID(5, made));
        }

        private boolean isWritable(VdiId vdi) {
            return !sr.repository().vdi(vdi).readOnly();
        }

        private List<VdiId> all(Predicate<VdiId> wanted) {
            return List.copyOf(sr.models.keySet()).stream().filter(wanted).toList();
        }

        private @Nullable VdiId any(Predicate<VdiId> wanted) {
            List<VdiId> found = all(wanted);
            return found.isEmpty() ? null : found.get(sr.random.nextInt(found.size()));
        }

        private Step random(List<Step> steps) {
            return steps.get(sr.random.nextInt(steps.size()));
        }

        @Override
        public void recover(boolean powerWasCut) throws IOException {
            collecting = false;
            joinInTheWay();
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            collecting = false;
            settleDisk(fault);
            sr.checkContents(happened ? fault : Fault.KILL);
            settleStrays();
            sr.checkShape();
            sr.checkSound();
            String result = sr.collectGarbage().result();
            SimulatedSr.require(!result.contains("set aside"), result);
            sr.checkContents(Fault.KILL);
            sr.checkWorkGoesOn(false);
        }

        /** What was begun has happened as a whole, or not at all. */
        private void settleDisk(Fault fault) throws IOException {
            Pending begun = pending;
            if (begun == null) {
                return;
            }
            boolean isThere =
                    sr.repository().vdis().stream().anyMatch(v -> v.vdi().equals(begun.vdi()));
            if (begun.step() == Step.DESTROY && !isThere) {
                sr.models.remove(begun.vdi());
            }
            if (begun.after() != null && !fits(sr.model(begun.vdi()), sr.content(begun.vdi()), fault)) {
                sr.models.put(begun.vdi(), begun.after());
            }
        }

        private static boolean fits(DiskModel model, byte[] content, Fault fault) {
            try {
                if (fault == Fault.POWER_CUT) {
                    model.checkAfterPowerCut(content);
                } else {
                    model.check(content);
                }
                return true;
            } catch (AssertionError otherContent) {
                return false;
            }
        }

        /** What was begun to be made is all there or nothing of it, and is what it was made from. */
        private void settleStrays() throws IOException {
            List<Vdi> strays = sr.strays();
            if (strays.isEmpty()) {
                return;
            }
            Pending begun = Objects.requireNonNull(pending, () -> "stray disks: " + strays);
            int expected = begun.step() == Step.GROUP ? all(this::isWritable).size() : 1;
            SimulatedSr.require(strays.size() == expected, strays.size() + " of " + expected + " are there: " + strays);
            List<VdiId> sources = new ArrayList<>();
            for (Vdi stray : strays) {
                VdiId source = switch (begun.step()) {
                    case SNAPSHOT, CLONE, COPY -> begun.vdi();
                    case GROUP -> Objects.requireNonNull(stray.snapshotOf(), "snapshotOf");
                    case CREATE, WORK, ATTACH, DETACH, REVERT, RESIZE, DESTROY, COLLECT, REOPEN -> stray.vdi();
                };
                boolean fits = begun.made() == null || begun.made().equals(stray.vdi());
                SimulatedSr.require(fits && !sources.contains(source), "stray disks: " + strays);
                sources.add(source);
                if (begun.step() == Step.CREATE) {
                    sr.models.put(stray.vdi(), DiskModel.empty(SimulatedSr.DISK_BYTES));
                } else {
                    SimulatedSr.require(
                            Arrays.equals(sr.content(stray.vdi()), sr.content(source)),
                            stray + " differs from its source");
                    sr.models.put(stray.vdi(), sr.model(source).frozen());
                }
            }
        }
    }
}
