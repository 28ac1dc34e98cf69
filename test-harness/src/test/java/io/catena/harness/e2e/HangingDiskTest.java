package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.Job;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.sr.record.MirrorMark;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * While a request of one disk hangs, merges of its chain end, and other disks are cut, attached and detached: see {@link
 * io.catena.disk.ChainSwitch}. What the request may read stays open until it has ended, and no longer.
 */
@Tag("slow")
class HangingDiskTest {
    private static final Duration JOB_PATIENCE = Duration.ofSeconds(60);
    private static final int BLOCK_BYTES = 2 << 20;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private final DirectExports exports = new DirectExports();
    private StalledSr stalled;
    private VhdRepository sr;
    private Jobs jobs;

    /** What garbage collection waits for. */
    private Stall collector;

    /** What the guest's request waits for. */
    private Stall guest;

    private VdiId disk;
    private VdiId other;

    @BeforeEach
    void attach() throws IOException {
        stalled = new StalledSr(directory, redo, exports);
        sr = stalled.sr();
        jobs = stalled.jobs();
        collector = stalled.stall();
        guest = stalled.other();
        other = stalled.create("other");
        disk = stalled.create("disk");
        stalled.attach(disk);
    }

    @AfterEach
    void detach() throws IOException {
        stalled.close();
    }

    @Test
    void baseCopiesAreMergedBelowARequestThatHangs() throws Exception {
        makeRowOfBaseCopies();
        int files = nodeFiles();
        Future<Byte> read = hangingRead(BLOCK_BYTES);

        Job merge = sr.garbage().run();

        until("the base copies are merged", () -> nodeFiles() == files - 3);
        assertOthersAreUsed();
        assertThat(read.isDone()).isFalse();
        guest.end();
        assertThat(read.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo((byte) 1);
        assertAllEnds(merge);
    }

    /** Of three, below one that stays since a snapshot builds on it, too. */
    private void makeRowOfBaseCopies() throws IOException {
        for (int level = 1; level <= 3; level++) {
            write((long) level * BLOCK_BYTES, 4096, level);
            becomeBaseCopy();
        }
        write(0, 4096, 4);
        sr.snapshot(List.of(disk), "kept");
    }

    private void becomeBaseCopy() {
        sr.destroy(sr.snapshot(List.of(disk), "gone").get(0).vdi());
    }

    /** The request comes when the last block was copied, and goes on when nothing of the merge is left. */
    @ParameterizedTest
    @ValueSource(strings = {"LiveLeafMerge", "LivePullUp"})
    void aLeafIsMergedBelowARequestThatHangs(String way) throws Exception {
        Job merge = mergeUpToItsEnd(way);
        int files = nodeFiles();
        Future<Byte> read = hangingRead(0);
        collector.end();

        until("the leaf is merged", () -> nodeFiles() == files - 1);
        assertOthersAreUsed();
        write(4096, 4096, 3);
        device().flush();
        assertThat(read.isDone()).isFalse();
        guest.end();
        assertThat(read.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo((byte) 1);
        assertThat(read(4096)).isEqualTo((byte) 3);
        assertAllEnds(merge);
    }

    /** Begins to merge the disk's leaf; it waits when all was copied. */
    private Job mergeUpToItsEnd(String way) throws Exception {
        boolean drains = way.equals("LiveLeafMerge");
        write(0, drains ? 3 * BLOCK_BYTES : 4096, 1);
        becomeBaseCopy();
        write(drains ? 3 * BLOCK_BYTES : BLOCK_BYTES, drains ? 4096 : 3 * BLOCK_BYTES, 2);
        collector.beginInside(way + ".makeDurable");
        Job merge = sr.garbage().run();
        collector.awaitCall();
        return merge;
    }

    /** What it holds the leaf holds, too; so it can go though the disk's chain still has it. */
    @Test
    void aBaseCopyThatWasPulledUpIsDeletedThoughARequestHangsThatIsAloneWithTheChain() throws Exception {
        Job merge = mergeUpToItsEnd("LivePullUp");
        int files = nodeFiles();
        Future<?> write = hangingWriteToPartOfSector();
        collector.end();

        until("the base copy is deleted", () -> nodeFiles() == files - 1);
        assertOthersAreUsed();
        assertThat(write.isDone()).isFalse();
        guest.end();
        write.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        sr.snapshot(List.of(disk), "s");
        assertThat(read(0)).isEqualTo((byte) 5);
        assertThat(read(BLOCK_BYTES)).isEqualTo((byte) 2);
        assertAllEnds(merge);
    }

    @Test
    void aDrainIsEndedAndTakenUpLaterIfARequestHangsThatIsAloneWithTheChain() throws Exception {
        Job merge = mergeUpToItsEnd("LiveLeafMerge");
        Future<?> write = hangingWriteToPartOfSector();
        collector.end();

        assertOthersAreUsed();
        until("the drain is given up", () -> isSomebodyIn("LiveLeafMerge", "leave"));
        assertOthersAreUsed();
        assertThat(write.isDone()).isFalse();
        guest.end();
        write.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(jobs.waitFor(merge.id(), JOB_PATIENCE).result()).contains("set aside");
        assertThat(read(0)).isEqualTo((byte) 5);
        assertAllEnds(sr.garbage().run());
    }

    /** Who cuts the disk waits without the SR's turn, and so do those who cut others not wait with him. */
    @Test
    void aDiskIsCutWhenItsDrainCanBeLeft() throws Exception {
        Job merge = mergeUpToItsEnd("LiveLeafMerge");
        Future<Byte> read = hangingRead(0);
        Future<?> cut = stalled.begin(() -> sr.snapshot(List.of(disk), "s"));

        until("it waits for the request", () -> isSomebodyIn("LiveDisk", "alone"));
        assertOthersAreUsed();
        assertThat(cut.isDone()).isFalse();
        collector.end();
        guest.end();
        assertThat(read.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo((byte) 1);
        cut.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        jobs.waitFor(merge.id(), JOB_PATIENCE);
        assertThat(read(0)).isEqualTo((byte) 1);
        stalled.detach(disk);
        assertThat(sr.check(false).findings()).isEmpty();
    }

    /** As {@link #aDiskIsCutWhenItsDrainCanBeLeft}, if what the collector copies hangs. */
    @ParameterizedTest
    @ValueSource(strings = {"LeafDrain", "LiveFill"})
    void aDiskIsCutWhenTheRoundOfItsMergeHasEnded(String work) throws Exception {
        boolean drains = work.equals("LeafDrain");
        write(0, drains ? 3 * BLOCK_BYTES : 4096, 1);
        becomeBaseCopy();
        write(drains ? 3 * BLOCK_BYTES : BLOCK_BYTES, drains ? 4096 : 3 * BLOCK_BYTES, 2);
        collector.beginInside(work + ".round");
        Job merge = sr.garbage().run();
        collector.awaitCall();
        Future<?> cut = stalled.begin(() -> sr.snapshot(List.of(disk), "s"));

        until("it waits for the round", () -> isSomebodyIn(work, "stop"));
        assertOthersAreUsed();
        assertThat(cut.isDone()).isFalse();
        collector.end();
        cut.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        jobs.waitFor(merge.id(), JOB_PATIENCE);
        assertThat(read(0)).isEqualTo((byte) 1);
        stalled.detach(disk);
        assertThat(sr.check(false).findings()).isEmpty();
    }

    private static boolean isSomebodyIn(String type, String method) {
        return Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .anyMatch(frame -> frame.getClassName().endsWith("." + type)
                        && frame.getMethodName().equals(method));
    }

    private Future<?> hangingWriteToPartOfSector() throws InterruptedException {
        guest.beginForOneInside("LiveDisk.write");
        Future<?> write = stalled.begin(() -> {
            device().write(0, ByteBuffer.wrap(new byte[] {5}));
            return null;
        });
        guest.awaitCall();
        return write;
    }

    /** One that writes part of a sector, whose storage hangs: nobody else may use the chain until it has ended. */
    @Test
    void aMergeIsTakenUpLaterIfARequestHangsThatIsAloneWithItsChain() throws Exception {
        makeRowOfBaseCopies();
        Future<?> write = hangingWriteToPartOfSector();

        Job merge = sr.garbage().run();
        assertOthersAreUsed();
        assertThat(jobs.waitFor(merge.id(), JOB_PATIENCE).result()).contains("set aside");
        assertThat(write.isDone()).isFalse();

        guest.end();
        write.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(read(0)).isEqualTo((byte) 5);
        assertAllEnds(sr.garbage().run());
    }

    @Test
    void aDiskBecomesTheTargetOfAMirrorWhenARequestThatHangsHasEnded() throws Exception {
        write(0, 4096, 1);
        Future<Byte> read = hangingRead(0);

        VdiChange mark = new VdiChange(null, null, Map.of(MirrorMark.SM_CONFIG, "1"), Set.of(), null);
        FutureTask<?> marked = new FutureTask<>(() -> sr.set(disk, mark), disk);
        Thread marking = new Thread(marked, "marking");
        marking.start();
        until("it waits for the request", () -> marking.getState() == Thread.State.TIMED_WAITING);
        stalled.inTime(() -> {
            stalled.attach(other);
            stalled.detach(other);
            return other;
        });
        assertThat(marked.isDone()).isFalse();
        guest.end();
        assertThat(read.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo((byte) 1);
        marked.get(StalledSr.PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private Future<Byte> hangingRead(long offset) throws InterruptedException {
        guest.beginForOneInside("LiveDisk.read");
        Future<Byte> read = stalled.begin(() -> read(offset));
        guest.awaitCall();
        return read;
    }

    private void assertOthersAreUsed() throws Exception {
        stalled.inTime(() -> sr.snapshot(List.of(other), "s"));
        stalled.inTime(() -> {
            stalled.attach(other);
            exports.device(other).write(0, ByteBuffer.allocate(4096));
            stalled.detach(other);
            return sr.resize(other, sr.vdi(other).virtualSizeBytes() + StalledSr.DISK_BYTES);
        });
    }

    /** The last to use what is open in vain is the request; after that it is closed, or when the disk is detached. */
    private void assertAllEnds(Job merge) throws Exception {
        String result = jobs.waitFor(merge.id(), JOB_PATIENCE).result();
        assertThat(result).contains("merged").doesNotContain("set aside", "left for later");
        stalled.detach(disk);
        assertThat(deletedButOpen()).isEmpty();
        assertThat(sr.check(false).findings()).isEmpty();
    }

    private List<String> deletedButOpen() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .map(HangingDiskTest::target)
                    .filter(file -> file.startsWith(directory.toString()) && file.endsWith("(deleted)"))
                    .toList();
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }

    private int nodeFiles() throws IOException {
        return new FileStorage(directory).list("").size();
    }

    private BlockDevice device() {
        return exports.device(disk);
    }

    private void write(long offset, int lengthBytes, int value) throws IOException {
        byte[] bytes = new byte[lengthBytes];
        Arrays.fill(bytes, (byte) value);
        device().write(offset, ByteBuffer.wrap(bytes));
    }

    private byte read(long offset) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        device().read(offset, bytes);
        return bytes.get(0);
    }
}
