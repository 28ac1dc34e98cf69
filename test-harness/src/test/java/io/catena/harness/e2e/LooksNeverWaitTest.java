package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Timer;
import io.catena.sr.record.MirrorMark;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
    /** No call to the disk ends within this time, unless it is let go. */
    private static final long PATIENCE_SECONDS = 20;

    private static final long DISK_BYTES = 8 << 20;
    private static final int DISKS = 20;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private final Looks looks = new Looks();
    private final Stall stall = new Stall();
    private final StubbornClients exports = new StubbornClients();
    private final List<VdiId> disks = new ArrayList<>();
    private VhdRepository sr;

    @BeforeEach
    void attach() throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        sr = VhdRepository.attach(
                stall.over(storage),
                directory.toString(),
                new Environment(
                        new FileStorage(redo),
                        new UUID(1, 1),
                        exports,
                        jobs,
                        Clock.systemUTC(),
                        System::nanoTime,
                        UUID::randomUUID,
                        Timer.NEVER,
                        looks));
        for (int i = 0; i < DISKS; i++) {
            disks.add(sr.create(new VdiSpec(DISK_BYTES, "disk" + i, "", null, false))
                    .vdi());
        }
        deepen(disks.get(0));
        look();
    }

    private void deepen(VdiId disk) throws IOException {
        for (int level = 0; level < 4; level++) {
            sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
            exports.device(disk).write((long) level << 20, ByteBuffer.allocate(1 << 20));
            sr.detach(disk, Hold.HOST);
            sr.destroy(sr.snapshot(List.of(disk), "s" + level).get(0).vdi());
        }
    }

    @AfterEach
    void detach() throws IOException {
        stall.end();
        exports.leave.countDown();
        sr.close();
        jobs.close();
        looks.close();
        threads.shutdownNow();
    }

    @Test
    void whileAMergeWaitsForTheDisk() throws Exception {
        stall.begin("rename", "delete", "truncate", "open");
        Job job = sr.garbage().run();
        stall.awaitCall();
        assertLooksAnswer();
        stall.end();
        assertThat(jobs.waitFor(job.id(), Duration.ofSeconds(60)).state()).isEqualTo(Job.State.DONE);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!sr.garbage().status().plan().isEmpty()) {
            assertThat(System.nanoTime() - deadline)
                    .as("on a busy machine a look tells what was known before, but not for long")
                    .isNegative();
        }
    }

    @Test
    void whileADiskIsDestroyedAndNothingAnswers() throws Exception {
        stall.begin();
        Future<?> destroyed = threads.submit(() -> sr.destroy(disks.get(5)));
        stall.awaitCall();
        assertLooksAnswer();
        assertThat(destroyed.isDone()).isFalse();
        stall.end();
        destroyed.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(sr.vdis()).extracting(vdi -> vdi.vdi()).doesNotContain(disks.get(5));
    }

    /** A file system takes seconds to give back the room of a large file; only who deletes the disk waits for that. */
    @Test
    void whileTheRoomOfALargeFileIsGivenBackOthersAreMadeCutAndDeleted() throws Exception {
        VdiId large = sr.create(new VdiSpec(80 << 20, "large", "", null, false)).vdi();
        sr.attachAndActivate(large, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(large).write(0, ByteBuffer.allocate(66 << 20));
        sr.detach(large, Hold.HOST);

        stall.beginAt("delete", ".catena/tmp/deleted-");
        Future<?> destroyed = threads.submit(() -> sr.destroy(large));
        stall.awaitCall();
        assertLooksAnswer();
        assertThat(sr.vdis()).extracting(vdi -> vdi.vdi()).doesNotContain(large);
        inTime(() -> sr.create(new VdiSpec(DISK_BYTES, "another", "", null, false)));
        inTime(() -> sr.snapshot(List.of(disks.get(1)), "s"));
        inTime(() -> {
            sr.destroy(disks.get(6));
            return sr.attachAndActivate(disks.get(2), Hold.HOST, AccessMode.READ_WRITE);
        });
        assertThat(destroyed.isDone()).isFalse();

        stall.end();
        destroyed.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        sr.detach(disks.get(2), Hold.HOST);
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }

    /** From the first sync of what is laid ready to the last one of the journal. */
    @Test
    void whileAnotherDiskIsCutAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        sr.attachAndActivate(disks.get(1), Hold.HOST, AccessMode.READ_WRITE);
        stall.begin("syncNames", "rename");
        Future<?> cut = threads.submit(() -> sr.snapshot(List.of(disks.get(1)), "s"));
        assertOthersAreUsedMeanwhile(cut);
    }

    /** While what the guest wrote is flushed, and while the larger headers are written. */
    @Test
    void whileADiskInUseIsResizedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(1);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        for (String part : List.of("LiveDisk.flush", "SparseLayer.changeHeaders")) {
            long size = exports.device(disk).sizeBytes() + DISK_BYTES;
            exports.device(disk).write(0, ByteBuffer.allocate(4096));
            stall.beginInside("LiveGrowth.grow > " + part);
            assertOthersAreUsedMeanwhile(threads.submit(() -> sr.resize(disk, size)));
            assertThat(exports.device(disk).sizeBytes()).isEqualTo(size);
        }
    }

    /** While its headers are read, and while its files are opened. */
    @Test
    void whileADiskIsAttachedAndTheDiskDoesNotAnswerOthersAreUsedCutAndDestroyed() throws Exception {
        VdiId disk = disks.get(0);
        for (String part : List.of("ChainPath.of", "ChainOpening.open")) {
            stall.beginForOneInside("OpenNodes.open > " + part);
            Future<?> attached = threads.submit(() -> sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE));
            stall.awaitCall();
            inTime(() -> sr.snapshot(List.of(disks.get(3)), "s"));
            inTime(() -> {
                sr.destroy(create("another"));
                return sr.resize(disks.get(4), sr.vdi(disks.get(4)).virtualSizeBytes() + DISK_BYTES);
            });
            assertOthersAreUsedMeanwhile(attached);
            exports.device(disk).write(0, ByteBuffer.allocate(4096));
            sr.detach(disk, Hold.HOST);
        }
        assertThat(sr.check(false).findings()).isEmpty();
    }

    /** Who wants the same disk waits, without making others wait, and finds it in use. */
    @Test
    void whileADiskIsAttachedAndTheDiskDoesNotAnswerTheSameDiskIsNeitherCutNorDestroyedNorAttachedAnew()
            throws Exception {
        VdiId disk = disks.get(0);
        stall.beginForOneInside("ChainOpening.open");
        Future<?> attached = threads.submit(() -> sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE));
        stall.awaitCall();
        List<FutureTask<?>> waiting = List.of(
                new FutureTask<>(() -> sr.snapshot(List.of(disk), "s")),
                new FutureTask<>(() -> sr.resize(disk, 2 * DISK_BYTES)),
                new FutureTask<>(() -> sr.attachAndActivate(disk, "another", AccessMode.READ_ONLY)),
                new FutureTask<>(() -> sr.destroy(disk), disk),
                new FutureTask<>(() -> sr.scan()),
                new FutureTask<>(() -> sr.garbage().run()));
        for (FutureTask<?> work : waiting.subList(0, 4)) {
            awaitWaiting(started(work));
        }
        inTime(() -> sr.snapshot(List.of(disks.get(3)), "s"));
        waiting.subList(4, 6).forEach(LooksNeverWaitTest::started);
        assertOthersAreUsedMeanwhile(attached);

        for (int i : List.of(0, 1, 4, 5)) {
            waiting.get(i).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        for (int i : List.of(2, 3)) {
            assertThatThrownBy(() -> waiting.get(i).get(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .cause()
                    .isInstanceOfSatisfying(
                            SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_IN_USE));
        }
        assertThat(exports.device(disk).sizeBytes()).isEqualTo(2 * DISK_BYTES);
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        sr.detach(disk, Hold.HOST);
        assertThat(sr.check(false).findings()).isEmpty();
    }

    @Test
    void aDiskThatCannotBeOpenedLeavesNothingBehind() throws Exception {
        VdiId disk = disks.get(0);
        stall.failInside("ChainOpening.open");
        assertThatThrownBy(() -> sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE))
                .isInstanceOf(SrException.class);
        stall.end();
        assertThat(sr.holds()).isEmpty();
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        sr.detach(disk, Hold.HOST);
        assertThat(sr.check(false).findings()).isEmpty();
        sr.destroy(disk);
    }

    /** While the parent is opened, while what its guest wrote is flushed, and while the link is written. */
    @Test
    void whileADiskInUseIsComposedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        for (String part : List.of("ChainOpening.open", "LiveDisk.flush", "Compose.apply")) {
            VdiId parent = create("parent");
            VdiId child = create("child");
            sr.set(child, new VdiChange(null, null, Map.of(MirrorMark.SM_CONFIG, "1"), Set.of(), null));
            sr.snapshot(List.of(child), "empty");
            sr.attachAndActivate(child, Hold.HOST, AccessMode.READ_WRITE);
            exports.device(child).write(0, ByteBuffer.allocate(4096));
            stall.beginForOneInside("Composer.compose > " + part);
            assertOthersAreUsedMeanwhile(threads.submit(() -> sr.compose(parent, child)));
            sr.detach(child, Hold.HOST);
        }
    }

    private VdiId create(String name) {
        return sr.create(new VdiSpec(DISK_BYTES, name, "", null, false)).vdi();
    }

    /** While the base copy is opened for writing, or for reading. */
    @Test
    void whileTheMergeOfALeafInUseBeginsAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(0);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(disk).write(5 << 20, ByteBuffer.allocate(1 << 20));
        stall.beginForOneInside("LeafWork.beginDrain", "LeafWork.beginFill");
        Job merge = sr.garbage().run();
        assertOthersAreUsedMeanwhile(threads.submit(() -> jobs.waitFor(merge.id(), Duration.ofSeconds(60))));
        sr.detach(disk, Hold.HOST);
    }

    /** The second waits for the first, and does not end what the holder began after that. */
    @Test
    void ofTwoDetachesAtOnceTheSecondDoesNotEndALaterAttach() throws Exception {
        VdiId disk = disks.get(1);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        stall.beginForOneInside("LiveDisk.complete");
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        Future<?> first = threads.submit(() -> sr.detach(disk, Hold.HOST));
        stall.awaitCall();
        FutureTask<?> second = new FutureTask<>(() -> sr.detach(disk, Hold.HOST), disk);
        awaitWaiting(started(second));
        stall.end();
        first.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        second.get(PATIENCE_SECONDS, TimeUnit.SECONDS);

        assertThat(sr.holds()).extracting(Hold::vdi).containsExactly(disk);
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        sr.detach(disk, Hold.HOST);
        assertThat(sr.holds()).isEmpty();
    }

    /** While what its guest wrote last is flushed, and while the file is made complete. */
    @Test
    void whileADiskIsDetachedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(1);
        long newBlock = 0;
        for (String part : List.of("LiveDisk.flush", "LiveDisk.complete")) {
            sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
            exports.device(disk).write(newBlock, ByteBuffer.allocate(4096));
            newBlock += DISK_BYTES / 2;
            stall.beginForOneInside("VdiAttacher.leave > " + part);
            assertOthersAreUsedMeanwhile(threads.submit(() -> sr.detach(disk, Hold.HOST)));
            assertThat(sr.holds()).isEmpty();
        }
    }

    /** The same disk is not: who wants it is refused, or waits. */
    @Test
    void whileADiskIsDetachedAndTheDiskDoesNotAnswerItIsNotActivatedNorDestroyed() throws Exception {
        VdiId disk = disks.get(1);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(disk).write(0, ByteBuffer.allocate(4096));
        stall.beginInside("LiveDisk.complete");
        Future<?> detached = threads.submit(() -> sr.detach(disk, Hold.HOST));
        stall.awaitCall();

        refusedInTime(SrError.TRY_AGAIN, () -> sr.attachAndActivate(disk, "another", AccessMode.READ_WRITE));
        refusedInTime(SrError.VDI_IN_USE, () -> {
            sr.destroy(disk);
            return disk;
        });
        Future<?> cut = threads.submit(() -> sr.snapshot(List.of(disk), "s"));
        Future<?> again = threads.submit(() -> sr.detach(disk, Hold.HOST));
        stall.end();
        for (Future<?> work : List.of(detached, cut, again)) {
            work.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        assertThat(sr.holds()).isEmpty();
        assertThat(sr.check(false).findings()).isEmpty();
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        sr.detach(disk, Hold.HOST);
    }

    /** Garbage collection has its leaf open for writing, and closes it first. */
    @Test
    void whileADiskThatIsMergedIsAttachedOrCutAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(0);
        for (Callable<?> use : List.<Callable<?>>of(
                () -> sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE),
                () -> sr.snapshot(List.of(disk), "s"))) {
            stall.beginInside("LeafCopy.round");
            Job merge = sr.garbage().run();
            stall.awaitCall();
            FutureTask<?> using = new FutureTask<>(use);
            awaitBlocked(started(using));
            stall.goOnInside("LeafCopy.stop");
            assertOthersAreUsedMeanwhile(using);
            jobs.waitFor(merge.id(), Duration.ofSeconds(60));
            sr.detach(disk, Hold.HOST);
            deepen(disk);
        }
    }

    @Test
    void whileTheSrIsScannedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        stall.beginInside("TreeWatch.look");
        assertOthersAreUsedMeanwhile(threads.submit(() -> sr.scan()));
    }

    @Test
    void whileTheSrIsCheckedAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        for (String part : List.of("TreeScanner.scan", "Checker.look")) {
            stall.beginInside(part);
            Future<SrCheck> checked = threads.submit(() -> sr.check(false));
            assertOthersAreUsedMeanwhile(checked);
            assertThat(checked.get().findings()).isEmpty();
        }
    }

    /** Who detaches a disk waits for a piece of its leaf that garbage collection copies, nobody else. */
    @Test
    void whileAMergeOfALeafIsLeftAndTheDiskDoesNotAnswerOthersAreAttachedAndDetached() throws Exception {
        VdiId disk = disks.get(0);
        sr.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
        exports.device(disk).write(5 << 20, ByteBuffer.allocate(1 << 20));
        stall.beginInside("LeafDrain.round", "LiveFill.round");
        sr.garbage().run();
        stall.awaitCall();
        FutureTask<?> detached = new FutureTask<>(() -> sr.detach(disk, Hold.HOST), disk);
        awaitBlocked(started(detached));
        assertOthersAreUsedMeanwhile(detached);
        assertThat(sr.holds()).isEmpty();
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
        inTime(() -> sr.attachAndActivate(disks.get(2), Hold.HOST, AccessMode.READ_WRITE));
        inTime(() -> {
            exports.device(disks.get(2)).write(0, ByteBuffer.allocate(4096));
            sr.detach(disks.get(2), Hold.HOST);
            return sr.holds();
        });
        assertThat(work.isDone()).isFalse();
        stall.end();
        work.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    @Test
    void whileAClientDoesNotLeaveOthersAreAttachedAndDetached() throws Exception {
        sr.attachAndActivate(disks.get(1), Hold.HOST, AccessMode.READ_WRITE);
        exports.stubborn = disks.get(1);
        Future<?> detached = threads.submit(() -> sr.detach(disks.get(1), Hold.HOST));
        assertThat(exports.asked.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();

        assertLooksAnswer();
        inTime(() -> sr.attachAndActivate(disks.get(2), Hold.HOST, AccessMode.READ_WRITE));
        inTime(() -> {
            sr.detach(disks.get(2), Hold.HOST);
            return sr.create(new VdiSpec(DISK_BYTES, "another", "", null, false));
        });
        assertThat(detached.isDone()).isFalse();
        exports.leave.countDown();
        detached.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(sr.holds()).isEmpty();
    }

    private void assertLooksAnswer() throws Exception {
        for (int i = 0; i < 20; i++) {
            inTime(this::look);
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
        assertThatThrownBy(() -> inTime(work))
                .cause()
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(error));
    }

    /** Far less than any wait for the disk would take, far more than a busy machine needs. */
    private void inTime(Callable<?> work) throws Exception {
        threads.submit(work).get(PATIENCE_SECONDS / 2, TimeUnit.SECONDS);
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
