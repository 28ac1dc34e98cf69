package io.catena.harness.crash;

import static io.catena.harness.crash.SimulatedSr.require;

import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.harness.explore.Call;
import io.catena.harness.explore.CallSite;
import io.catena.harness.explore.Fault;
import io.catena.harness.explore.Scenario;
import io.catena.harness.sim.Machine;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A change of one disk, between whose calls to the file system another disk is attached, written and detached that shares a
 * base copy with it: wherever the change waits without the tree lock.
 */
final class BystanderScenario implements Scenario {
    private static final long PATIENCE_SECONDS = 30;
    private static final long GROWN_BYTES = 768L << 20;
    private static final VdiId DISK = new VdiId(new UUID(5, 0));
    private static final VdiId MADE = new VdiId(new UUID(5, 1));

    private final Change change;
    private final long seed;

    /** The methods between whose calls the other disk was attached or detached. */
    final Set<String> met = new TreeSet<>();

    /** Where a disk that is detached is synced under the tree lock. */
    final Set<String> syncedUnderTheLock = new TreeSet<>();

    BystanderScenario(Change change, long seed) {
        this.change = change;
        this.seed = seed;
    }

    /** What is done to the disk. */
    enum Change {
        SNAPSHOT,
        LIVE_SNAPSHOT,
        REVERT,
        DESTROY,
        CREATE,
        MERGE,
        INNER_MERGE,
        LIVE_MERGE,
        RESIZE,
        LIVE_RESIZE,
        ATTACH,
        DETACH,
        DETACH_UNWRITTEN,
        SCAN,
        CHECK;

        boolean merges() {
            return this == MERGE || this == INNER_MERGE || this == LIVE_MERGE;
        }

        boolean isLive() {
            return this == LIVE_SNAPSHOT
                    || this == INNER_MERGE
                    || this == LIVE_MERGE
                    || this == LIVE_RESIZE
                    || detaches();
        }

        boolean detaches() {
            return this == DETACH || this == DETACH_UNWRITTEN;
        }

        /** The method inside which it waits without the tree lock. */
        String waitsIn() {
            return detaches() ? "LiveDisk.complete" : "TreeLock.aside";
        }

        /** Whether it mostly reads. */
        boolean looks() {
            return this == SCAN || this == CHECK || this == ATTACH;
        }
    }

    @Override
    public Run begin(Machine machine) throws IOException {
        return new BystanderRun(machine);
    }

    private final class BystanderRun implements Run {
        private final SimulatedSr sr;
        private final VdiId snapshot;
        private final VdiId bystander;
        private volatile boolean changing;
        private volatile @Nullable Thread inTheWay;
        private volatile @Nullable Throwable failure;

        BystanderRun(Machine machine) throws IOException {
            sr = new SimulatedSr(machine, seed, this::watch, this::watchRead);
            sr.create(DISK);
            sr.attach(DISK);
            sr.work(DISK);
            VdiId common = sr.snapshot(DISK);
            bystander = sr.repository().clone(common, "bystander").vdi();
            sr.models.put(bystander, sr.model(common).frozen());
            sr.work(DISK);
            snapshot = sr.snapshot(DISK);
            sr.work(DISK);
            if (change == Change.DETACH_UNWRITTEN) {
                sr.snapshot(DISK);
            }
            if (change == Change.INNER_MERGE) {
                sr.snapshot(DISK);
                sr.work(DISK);
            }
            if (change.merges()) {
                sr.destroy(snapshot);
            }
            if (!change.isLive()) {
                sr.detach(DISK);
            }
            if (sr.random.nextBoolean()) {
                sr.attach(bystander);
            }
        }

        @Override
        public void act() throws IOException {
            changing = true;
            try {
                perform();
            } finally {
                changing = false;
                joinOther();
            }
            if (failure != null && sr.machine.planned()) {
                throw new AssertionError("the other disk: " + failure, failure);
            }
        }

        private void perform() {
            switch (change) {
                case SNAPSHOT, LIVE_SNAPSHOT -> sr.repository().snapshot(List.of(DISK), "s");
                case REVERT -> sr.repository().revert(DISK, snapshot);
                case DESTROY -> sr.repository().destroy(snapshot);
                case CREATE -> sr.repository().create(SimulatedSr.spec(MADE));
                case MERGE, INNER_MERGE, LIVE_MERGE -> sr.collectGarbage();
                case ATTACH -> sr.attach(DISK);
                case DETACH, DETACH_UNWRITTEN -> sr.detach(DISK);
                case RESIZE, LIVE_RESIZE -> sr.repository().resize(DISK, GROWN_BYTES);
                case SCAN -> {
                    sr.repository().scan();
                    List<Vdi> broken = sr.repository().vdis().stream()
                            .filter(vdi -> vdi.problem() != null)
                            .toList();
                    require(broken.isEmpty(), "what was seen of a file that was in use counts: " + broken);
                }
                case CHECK -> sr.checkSound();
            }
        }

        /** It may have failed, and wait for the turn to look what it left. */
        private void joinOther() {
            Thread other = inTheWay;
            if (other != null) {
                join(other, TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
                require(!other.isAlive(), "the other disk waits for ever");
            }
        }

        /** In a thread of its own, which must not have to wait; but what fails with a crash waits for the turn. */
        private boolean watch(Call call) {
            if (changing && call.kind() == Call.Kind.SYNC && CallSite.isInside("Attachments.detach")) {
                syncedUnderTheLock.add(CallSite.current().method());
            }
            meet(call);
            return true;
        }

        private void watchRead(String file) {
            if (change.looks()) {
                meet("a read of " + file);
            }
        }

        private void meet(Object call) {
            if (!changing || !CallSite.isInside(change.waitsIn()) || sr.random.nextInt(3) > 0) {
                return;
            }
            changing = false;
            Thread other = new Thread(this::useBystander, "bystander");
            inTheWay = other;
            other.start();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (other.isAlive() && sr.machine.planned()) {
                require(System.nanoTime() < deadline, "another disk waits for " + call);
                join(other, 1);
            }
            met.add(CallSite.current().method());
            changing = true;
        }

        private void useBystander() {
            try {
                if (sr.isAttached(bystander)) {
                    sr.detach(bystander);
                } else {
                    sr.attach(bystander);
                    sr.work(bystander);
                }
            } catch (IOException | RuntimeException | AssertionError e) {
                failure = e;
            }
        }

        private static void join(Thread thread, long millis) {
            try {
                thread.join(millis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void recover(boolean powerWasCut) {
            changing = false;
            failure = null;
            sr.restart(powerWasCut);
        }

        @Override
        public void check(Fault fault, boolean happened) throws IOException {
            changing = false;
            settle(fault);
            sr.checkContents(happened ? fault : Fault.KILL);
            sr.checkSound();
            for (VdiId vdi : List.of(DISK, bystander)) {
                if (!sr.isAttached(vdi)) {
                    sr.attach(vdi);
                }
                sr.work(vdi);
            }
            sr.checkContents(Fault.KILL);
            sr.close();
        }

        /** The change has happened as a whole, or not at all. */
        private void settle(Fault fault) throws IOException {
            if (change == Change.DESTROY
                    && sr.repository().vdis().stream()
                            .noneMatch(vdi -> vdi.vdi().equals(snapshot))) {
                sr.models.remove(snapshot);
            }
            if (change == Change.REVERT && !fits(sr.content(DISK), fault)) {
                sr.models.put(DISK, sr.model(snapshot).frozen());
            }
        }

        private boolean fits(byte[] content, Fault fault) {
            try {
                if (fault == Fault.POWER_CUT) {
                    sr.model(DISK).checkAfterPowerCut(content);
                } else {
                    sr.model(DISK).check(content);
                }
                return true;
            } catch (AssertionError otherContent) {
                return false;
            }
        }
    }
}
