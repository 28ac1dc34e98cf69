package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.sr.record.MirrorMark;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who looks at an SR is answered while the disk below it does not answer, whatever work waits for the disk. */
@Tag("slow")
class LooksNeverWaitTest {
    private static final int DISKS = 20;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private final StubbornClients exports = new StubbornClients();
    private final List<VdiId> disks = new ArrayList<>();
    private StalledSr stalled;
    private VhdRepository sr;
    private Jobs jobs;
    private Stall stall;

    @BeforeEach
    void attach() throws IOException {
        stalled = new StalledSr(directory, redo, exports);
        sr = stalled.sr();
        jobs = stalled.jobs();
        stall = stalled.stall();
        for (int i = 0; i < DISKS; i++) {
            disks.add(stalled.create("disk" + i));
        }
        deepen(disks.get(0));
        look();
    }

    private void deepen(VdiId disk) throws IOException {
        for (int level = 0; level < 4; level++) {
            stalled.attach(disk);
            exports.device(disk).write((long) level << 20, ByteBuffer.allocate(1 << 20));
            stalled.detach(disk);
            sr.destroy(sr.snapshot(List.of(disk), "s" + level).get(0).vdi());
        }
    }

    @AfterEach
    void detach() throws IOException {
        exports.leave.countDown();
        stalled.close();
    }

    @Test
    void whileAMergeWaitsForTheDisk() throws Exception {
        stall.begin("rename", "delete", "truncate", "open");
        Job job = sr.garbage().run();
        stall.awaitCall();
        assertLooksAnswer();
        stall.end();
        assertThat(jobs.waitFor(job.id(), Duration.ofSeconds(60)).state()).isEqualTo(Job.State.DONE);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(StalledSr.PATIENCE_SECONDS);
        while (!sr.garbage().status().plan().isEmpty()) {
            assertThat(System.nanoTime() - deadline)
                    .as("on a busy machine a look tells what was known before, but not for long")
                    .isNegative();
        }
    }

    @Test
    void whileADiskIsDestroyedAndNothingAnswers() throws Exception {
        stall.begin();
        Future<?> destroyed = stalled.begin(() -> sr.destroy(disks.get(5)));
        stall.awaitCall();
        assertLooksAnswer();
        assertThat(destroyed.isDone()).isFalse();
        stall.end();
        destroyed.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(sr.vdis()).extracting(vdi -> vdi.vdi()).doesNotContain(disks.get(5));
    }

    /** A file system takes seconds to give back the room of a large file; only who deletes the disk waits for that. */
    @Test
    void whileTheRoomOfALargeFileIsGivenBackOthersAreMadeCutAndDeleted() throws Exception {
        VdiId large = sr.create(new VdiSpec(80 << 20, "large", "", null, false)).vdi();
        stalled.attach(large);
        exports.device(large).write(0, ByteBuffer.allocate(66 << 20));
        stalled.detach(large);

        stall.beginAt("delete", ".catena/tmp/deleted-");
        Future<?> destroyed = stalled.begin(() -> sr.destroy(large));
        stall.awaitCall();
        assertLooksAnswer();
        assertThat(sr.vdis()).extracting(vdi -> vdi.vdi()).doesNotContain(large);
        stalled.inTime(() -> sr.create(new VdiSpec(StalledSr.DISK_BYTES, "another", "", null, false)));
        stalled.inTime(() -> sr.snapshot(List.of(disks.get(1)), "s"));
        stalled.inTime(() -> {
            sr.destroy(disks.get(6));
            return stalled.attach(disks.get(2));
        });
        assertThat(destroyed.isDone()).isFalse();

        stall.end();
        destroyed.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        stalled.detach(disks.get(2));
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }

    /** From the first sync of what is laid ready to the last one of the journal. */
    @Test
    void whileAnotherDiskIsCutAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        stalled.attach(disks.get(1));
        stall.begin("syncNames", "rename");
        Future<?> cut = stalled.begin(() -> sr.snapshot(List.of(disks.get(1)), "s"));
        assertOthersAreUsedMeanwhile(cut);
    }

    /** While what the guest wrote is flushed, and while the larger headers are written. */
    @Test
    void whileADiskInUseIsResizedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(1);
        stalled.attach(disk);
        for (String part : List.of("LiveDisk.flush", "SparseLayer.changeHeaders")) {
            long size = exports.device(disk).sizeBytes() + StalledSr.DISK_BYTES;
            exports.device(disk).write(0, ByteBuffer.allocate(4096));
            stall.beginInside("LiveGrowth.grow > " + part);
            assertOthersAreUsedMeanwhile(stalled.begin(() -> sr.resize(disk, size)));
            assertThat(exports.device(disk).sizeBytes()).isEqualTo(size);
        }
    }

    /** While its headers are read, and while its files are opened. */
    @Test
    void whileADiskIsAttachedAndTheDiskDoesNotAnswerOthersAreUsedCutAndDestroyed() throws Exception {
        VdiId disk = disks.get(0);
        for (String part : List.of("ChainPath.of", "ChainOpening.open")) {
            stall.beginForOneInside("OpenNodes.open > " + part);
            Future<?> attached = stalled.begin(() -> stalled.attach(disk));
            stall.awaitCall();
            stalled.inTime(() -> sr.snapshot(List.of(disks.get(3)), "s"));
            stalled.inTime(() -> {
                sr.destroy(stalled.create("another"));
                return sr.resize(disks.get(4), sr.vdi(disks.get(4)).virtualSizeBytes() + StalledSr.DISK_BYTES);
            });
            assertOthersAreUsedMeanwhile(attached);
            exports.device(disk).write(0, ByteBuffer.allocate(4096));
            stalled.detach(disk);
        }
        assertThat(sr.check(false).findings()).isEmpty();
    }

    /** Who wants the same disk waits, without making others wait, and finds it in use. */
    @Test
    void whileADiskIsAttachedAndTheDiskDoesNotAnswerTheSameDiskIsNeitherCutNorDestroyedNorAttachedAnew()
            throws Exception {
        VdiId disk = disks.get(0);
        stall.beginForOneInside("ChainOpening.open");
        Future<?> attached = stalled.begin(() -> stalled.attach(disk));
        stall.awaitCall();
        List<FutureTask<?>> waiting = List.of(
                new FutureTask<>(() -> sr.snapshot(List.of(disk), "s")),
                new FutureTask<>(() -> sr.resize(disk, 2 * StalledSr.DISK_BYTES)),
                new FutureTask<>(() -> sr.attachAndActivate(disk, "another", AccessMode.READ_ONLY)),
                new FutureTask<>(() -> sr.destroy(disk), disk),
                new FutureTask<>(() -> sr.scan()),
                new FutureTask<>(() -> sr.garbage().run()));
        for (FutureTask<?> work : waiting.subList(0, 4)) {
            awaitWaiting(started(work));
        }
        stalled.inTime(() -> sr.snapshot(List.of(disks.get(3)), "s"));
        waiting.subList(4, 6).forEach(LooksNeverWaitTest::started);
        assertOthersAreUsedMeanwhile(attached);

        for (int i : List.of(0, 1, 4, 5)) {
            waiting.get(i).get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        for (int i : List.of(2, 3)) {
            assertThatThrownBy(() -> waiting.get(i).get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_IN_USE));
        }
        assertThat(exports.device(disk).sizeBytes()).isEqualTo(2 * StalledSr.DISK_BYTES);
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        stalled.detach(disk);
        assertThat(sr.check(false).findings()).isEmpty();
    }

    @Test
    void aDiskThatCannotBeOpenedLeavesNothingBehind() throws Exception {
        VdiId disk = disks.get(0);
        stall.failInside("ChainOpening.open");
        assertThatThrownBy(() -> stalled.attach(disk)).isInstanceOf(SrException.class);
        stall.end();
        assertThat(sr.holds()).isEmpty();
        stalled.attach(disk);
        stalled.detach(disk);
        assertThat(sr.check(false).findings()).isEmpty();
        sr.destroy(disk);
    }

    /** While the parent is opened, while what its guest wrote is flushed, and while the link is written. */
    @Test
    void whileADiskInUseIsComposedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        for (String part : List.of("ChainOpening.open", "LiveDisk.flush", "Compose.apply")) {
            VdiId parent = stalled.create("parent");
            VdiId child = stalled.create("child");
            sr.set(child, new VdiChange(null, null, Map.of(MirrorMark.SM_CONFIG, "1"), Set.of(), null));
            sr.snapshot(List.of(child), "empty");
            stalled.attach(child);
            exports.device(child).write(0, ByteBuffer.allocate(4096));
            stall.beginForOneInside("Composer.compose > " + part);
            assertOthersAreUsedMeanwhile(stalled.begin(() -> sr.compose(parent, child)));
            stalled.detach(child);
        }
    }

    /** While the base copy is opened for writing, or for reading. */
    @Test
    void whileTheMergeOfALeafInUseBeginsAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(0);
        stalled.attach(disk);
        exports.device(disk).write(5 << 20, ByteBuffer.allocate(1 << 20));
        stall.beginForOneInside("LeafWork.beginDrain", "LeafWork.beginFill");
        Job merge = sr.garbage().run();
        assertOthersAreUsedMeanwhile(stalled.begin(() -> jobs.waitFor(merge.id(), Duration.ofSeconds(60))));
        stalled.detach(disk);
    }

    /** The second waits for the first, and does not end what the holder began after that. */
    @Test
    void ofTwoDetachesAtOnceTheSecondDoesNotEndALaterAttach() throws Exception {
        VdiId disk = disks.get(1);
        stalled.attach(disk);
        stall.beginForOneInside("LiveDisk.complete");
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        Future<?> first = stalled.begin(() -> stalled.detach(disk));
        stall.awaitCall();
        FutureTask<?> second = new FutureTask<>(() -> stalled.detach(disk), disk);
        awaitWaiting(started(second));
        stall.end();
        first.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        stalled.attach(disk);
        second.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);

        assertThat(sr.holds()).extracting(Hold::vdi).containsExactly(disk);
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        stalled.detach(disk);
        assertThat(sr.holds()).isEmpty();
    }

    /** While what its guest wrote last is flushed, and while the file is made complete. */
    @Test
    void whileADiskIsDetachedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(1);
        long newBlock = 0;
        for (String part : List.of("LiveDisk.flush", "LiveDisk.complete")) {
            stalled.attach(disk);
            exports.device(disk).write(newBlock, ByteBuffer.allocate(4096));
            newBlock += StalledSr.DISK_BYTES / 2;
            stall.beginForOneInside("VdiAttacher.leave > " + part);
            assertOthersAreUsedMeanwhile(stalled.begin(() -> stalled.detach(disk)));
            assertThat(sr.holds()).isEmpty();
        }
    }

    /** The same disk is not: who wants it is refused, or waits. */
    @Test
    void whileADiskIsDetachedAndTheDiskDoesNotAnswerItIsNotActivatedNorDestroyed() throws Exception {
        VdiId disk = disks.get(1);
        stalled.attach(disk);
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        stall.beginInside("LiveDisk.complete");
        Future<?> detached = stalled.begin(() -> stalled.detach(disk));
        stall.awaitCall();

        refusedInTime(SrError.TRY_AGAIN, () -> sr.attachAndActivate(disk, "another", AccessMode.READ_WRITE));
        refusedInTime(SrError.VDI_IN_USE, () -> {
            sr.destroy(disk);
            return disk;
        });
        Future<?> cut = stalled.begin(() -> sr.snapshot(List.of(disk), "s"));
        Future<?> again = stalled.begin(() -> stalled.detach(disk));
        stall.end();
        for (Future<?> work : List.of(detached, cut, again)) {
            work.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        assertThat(sr.holds()).isEmpty();
        assertThat(sr.check(false).findings()).isEmpty();
        stalled.attach(disk);
        stalled.detach(disk);
    }

    /** Garbage collection has its leaf open for writing, and closes it first. */
    @Test
    void whileADiskThatIsMergedIsAttachedOrCutAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(0);
        for (Callable<?> use :
                List.<Callable<?>>of(() -> stalled.attach(disk), () -> sr.snapshot(List.of(disk), "s"))) {
            stall.beginInside("LeafCopy.round");
            Job merge = sr.garbage().run();
            stall.awaitCall();
            FutureTask<?> using = new FutureTask<>(use);
            awaitBlocked(started(using));
            stall.goOnInside("LeafCopy.stop");
            assertOthersAreUsedMeanwhile(using);
            jobs.waitFor(merge.id(), Duration.ofSeconds(60));
            stalled.detach(disk);
            deepen(disk);
        }
    }

    @Test
    void whileTheSrIsScannedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        stall.beginInside("TreeWatch.look");
        assertOthersAreUsedMeanwhile(stalled.begin(() -> sr.scan()));
    }

    @Test
    void whileTheSrIsCheckedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        for (String part : List.of("TreeScanner.scan", "Checker.look")) {
            stall.beginInside(part);
            Future<SrCheck> checked = stalled.begin(() -> sr.check(false));
            assertOthersAreUsedMeanwhile(checked);
            assertThat(checked.get().findings()).isEmpty();
        }
    }

    /** Who detaches a disk waits for a piece of its leaf that garbage collection copies, nobody else. */
    @Test
    void whileAMergeOfALeafIsLeftAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(0);
        stalled.attach(disk);
        exports.device(disk).write(5 << 20, ByteBuffer.allocate(1 << 20));
        stall.beginInside("LeafDrain.round", "LiveFill.round");
        sr.garbage().run();
        stall.awaitCall();
        FutureTask<?> detached = new FutureTask<>(() -> stalled.detach(disk), disk);
        awaitBlocked(started(detached));
        assertOthersAreUsedMeanwhile(detached);
        assertThat(sr.holds()).isEmpty();
    }

    /** While its last writes are taken from the redo log: by who writes to it next, who reads it, and who cuts it. */
    @Test
    void whileADiskThatCouldNotBeClosedIsSettledAndTheDiskDoesNotAnswerOthersAreUsed() throws Exception {
        VdiId disk = disks.get(1);
        for (Callable<?> use : List.<Callable<?>>of(
                () -> stalled.attach(disk),
                () -> sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_ONLY),
                () -> sr.snapshot(List.of(disk), "s"))) {
            leaveUnsettled(disk);
            stall.beginForOneInside("FilesToSettle.settle");
            assertOthersAreUsedMeanwhile(stalled.begin(use));
            stalled.detach(disk);
            assertThat(firstByte(disk)).isEqualTo((byte) 1);
        }
        assertThat(sr.check(false).findings()).isEmpty();
    }

    private void leaveUnsettled(VdiId disk) throws IOException {
        stalled.attach(disk);
        exports.device(disk).write(0, ByteBuffer.allocate(4096).put(0, (byte) 1));
        exports.device(disk).flush();
        exports.device(disk).write(StalledSr.DISK_BYTES / 2, ByteBuffer.allocate(4096));
        stalled.other().failAllInside("LiveDisk.flush", "LiveDisk.complete", "OpenNodes.close");
        assertThatThrownBy(() -> stalled.detach(disk)).isInstanceOf(SrException.class);
        stalled.other().end();
    }

    private byte firstByte(VdiId disk) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_ONLY);
        exports.device(disk).read(0, bytes);
        stalled.detach(disk);
        return bytes.get(0);
    }

    @Test
    void whileAnOperationThatFailedIsCompletedAndTheDiskDoesNotAnswerOthersAreUsed() throws Exception {
        stalled.other().failInside("Snapshot.apply");
        stall.beginForOneInside("Commits.recover");
        assertOthersAreUsedMeanwhile(stalled.begin(() -> sr.snapshot(List.of(disks.get(1)), "s")));
        assertThat(sr.check(false).findings()).isEmpty();
    }

    /** Nobody knows what has to be completed, so no disk is attached before; but those that are can be detached. */
    @Test
    void whileAnOperationThatCouldNotBeCompletedIsTriedAgainAndTheDiskDoesNotAnswerOthersAreDetached()
            throws Exception {
        stalled.attach(disks.get(2));
        stalled.other().failAllInside("Snapshot.apply");
        assertThatThrownBy(() -> sr.snapshot(List.of(disks.get(1)), "s")).isInstanceOf(SrException.class);
        stalled.other().end();
        stall.beginForOneInside("Commits.recover");
        Future<?> made = stalled.begin(() -> stalled.create("another"));
        stall.awaitCall();
        assertLooksAnswer();
        stalled.inTime(() -> {
            exports.device(disks.get(2)).write(0, ByteBuffer.allocate(4096));
            stalled.detach(disks.get(2));
            return sr.holds();
        });
        Future<?> attached = stalled.begin(() -> stalled.attach(disks.get(3)));
        assertThat(made.isDone()).isFalse();
        stall.end();
        made.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        attached.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        stalled.detach(disks.get(3));
        assertThat(sr.check(false).findings()).isEmpty();
    }

    /** After a change that failed it is looked at all files, whatever became of them. */
    @Test
    void whileItIsLookedWhatAChangeThatFailedLeftAndTheDiskDoesNotAnswerOthersAreUsed() throws Exception {
        for (String part : List.of("SrTree.completeRewrites", "SrTree.rescan")) {
            stalled.other().failInside("VdiMaker.makeFile");
            stall.beginForOneInside(part);
            Future<?> made = stalled.begin(() -> {
                assertThatThrownBy(() -> stalled.create("another")).isInstanceOf(SrException.class);
                return part;
            });
            assertOthersAreUsedMeanwhile(made);
        }
        stalled.create("another");
        assertThat(sr.check(false).findings()).isEmpty();
    }

    @Test
    void whileTheFilesOfADiskThatWasMadeCutOrResizedAreReadAndTheDiskDoesNotAnswerOthersAreUsed() throws Exception {
        VdiId disk = disks.get(4);
        for (Callable<?> change : List.<Callable<?>>of(
                () -> stalled.create("another"),
                () -> sr.snapshot(List.of(disk), "s"),
                () -> sr.resize(disk, 2 * StalledSr.DISK_BYTES))) {
            stall.beginForOneInside("SrTree.refresh");
            assertOthersAreUsedMeanwhile(stalled.begin(change));
        }
        assertThat(sr.check(false).findings()).isEmpty();
    }

    private static Thread started(Runnable work) {
        Thread thread = new Thread(work, "waiting");
        thread.start();
        return thread;
    }

    private static void awaitBlocked(Thread thread) {
        while (thread.getState() != Thread.State.BLOCKED) {
            assertThat(thread.isAlive()).isTrue();
            Thread.onSpinWait();
        }
    }

    private static void awaitWaiting(Thread thread) {
        while (thread.getState() != Thread.State.WAITING) {
            assertThat(thread.isAlive()).isTrue();
            Thread.onSpinWait();
        }
    }

    /** Work that waits for the disk goes on as soon as that answers again. */
    private void assertOthersAreUsedMeanwhile(Future<?> work) throws Exception {
        stall.awaitCall();
        assertLooksAnswer();
        stalled.inTime(() -> stalled.attach(disks.get(2)));
        stalled.inTime(() -> {
            exports.device(disks.get(2)).write(0, ByteBuffer.allocate(4096));
            stalled.detach(disks.get(2));
            return sr.holds();
        });
        assertThat(work.isDone()).isFalse();
        stall.end();
        work.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void whileAClientDoesNotLeaveOthersAreAttachedAndDetached() throws Exception {
        stalled.attach(disks.get(1));
        exports.stubborn = disks.get(1);
        Future<?> detached = stalled.begin(() -> stalled.detach(disks.get(1)));
        assertThat(exports.asked.await(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS))
                .isTrue();

        assertLooksAnswer();
        stalled.inTime(() -> stalled.attach(disks.get(2)));
        stalled.inTime(() -> {
            stalled.detach(disks.get(2));
            return sr.create(new VdiSpec(StalledSr.DISK_BYTES, "another", "", null, false));
        });
        assertThat(detached.isDone()).isFalse();
        exports.leave.countDown();
        detached.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(sr.holds()).isEmpty();
    }

    private void assertLooksAnswer() throws Exception {
        for (int i = 0; i < 20; i++) {
            stalled.inTime(this::look);
        }
    }

    private Object look() {
        assertThat(sr.stat().vdis()).isGreaterThanOrEqualTo(DISKS);
        assertThat(sr.vdis()).hasSizeGreaterThanOrEqualTo(DISKS);
        assertThat(sr.vdi(disks.get(0)).name()).isEqualTo("disk0");
        assertThat(sr.tree()).isNotEmpty();
        assertThat(sr.garbage().status().sr()).isEqualTo(sr.sr().id());
        return sr.holds();
    }

    private void refusedInTime(SrError error, Callable<?> work) {
        assertThatThrownBy(() -> stalled.inTime(work))
                .cause()
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(error));
    }

    /** Serves disks in memory, one of them to a client that does not leave when asked to. */
    private static final class StubbornClients implements Exporter {
        private final DirectExports exports = new DirectExports();
        private final CountDownLatch asked = new CountDownLatch(1);
        private final CountDownLatch leave = new CountDownLatch(1);
        private volatile VdiId stubborn = new VdiId(new UUID(0, 0));

        BlockDevice device(VdiId vdi) {
            return exports.device(vdi);
        }

        @Override
        public Export announce(VdiId vdi, AccessMode mode) {
            return exports.announce(vdi, mode);
        }

        @Override
        public void conceal(VdiId vdi) {
            exports.conceal(vdi);
        }

        @Override
        public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
            return exports.publish(vdi, mode, device);
        }

        @Override
        public void withdraw(VdiId vdi) {
            if (vdi.equals(stubborn)) {
                asked.countDown();
                try {
                    leave.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            exports.withdraw(vdi);
        }
    }
}
