package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.DiskRange;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What changed since snapshots whose data was given up, beside what they held. */
@Tag("slow")
class DataDestroyTest {
    private static final int PAGE = DiskTrees.PAGE;
    private static final int DISK_BYTES = DiskTrees.DISK_BYTES;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private DiskTrees trees;

    @BeforeEach
    void attach() {
        trees = new DiskTrees(directory, redo);
    }

    @AfterEach
    void detach() throws IOException {
        trees.close();
    }

    @Seeds(3)
    void noChangeSinceALostSnapshotIsLeftOut(long seed) throws IOException {
        trees.growAndGiveUp(new Random(seed));
        compareAll();
        trees.collect();
        compareAll();
        trees.reopen();
        compareAll();
    }

    @Seeds(2)
    void noChangeIsLeftOutAlsoOfDisksThatGrewOrWerePutUponOthers(long seed) throws IOException {
        trees.growOfAllSizes(new Random(seed));
        compareAll();
        trees.collect();
        compareAll();
        trees.reopen();
        compareAll();
        trees.snapshots.forEach(this::assertHoldsItsContent);
        assertThat(trees.sr.check(false).sound()).isTrue();
    }

    private void assertHoldsItsContent(VdiId snapshot) {
        try {
            byte[] held = trees.exported(snapshot, StreamFormat.RAW, null, 0);
            assertThat(Arrays.equals(held, trees.content(snapshot)))
                    .as("content of VDI %s", snapshot)
                    .isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void compareAll() {
        for (VdiId base : trees.withoutData) {
            trees.snapshots.forEach(snapshot -> compare(snapshot, base));
            trees.withoutData.forEach(other -> compare(other, base));
        }
        for (VdiId base : trees.snapshots) {
            trees.withoutData.forEach(other -> compare(other, base));
            trees.snapshots.forEach(other -> compare(other, base));
        }
    }

    private void compare(VdiId disk, VdiId base) {
        if (!trees.history(disk).isOfOneTree(trees.history(base))) {
            assertThat(errorOf(() -> trees.sr.contents().changes(disk, base)))
                    .isIn(SrError.BAD_REQUEST, SrError.CHANGES_UNKNOWN);
            return;
        }
        if (!trees.hasDataOfTree(disk)) {
            // No backup can need it, and it may have been forgotten with the tree.
            return;
        }
        byte[] after = trees.content(disk);
        byte[] before = trees.content(base);
        BitSet told = new BitSet();
        int end = 0;
        for (DiskRange range : trees.sr.contents().changes(disk, base)) {
            assertSame(before, after, end, (int) range.offset());
            end = (int) range.end();
            told.set((int) range.offset() / PAGE, (end + PAGE - 1) / PAGE);
        }
        assertThat(end).isLessThanOrEqualTo(after.length);
        assertSame(before, after, end, after.length);
        if (trees.snapshots.containsAll(List.of(disk, base))) {
            told.andNot(trees.history(disk).since(trees.history(base)));
            assertThat(told).as("told as changed, and never written to").isEqualTo(new BitSet());
        }
    }

    /** What is behind the end of the one before is not the same as anything. */
    private static void assertSame(byte[] before, byte[] after, int from, int to) {
        assertThat(from >= to || (to <= before.length && Arrays.equals(before, from, to, after, from, to)))
                .as("unchanged from %s to %s", from, to)
                .isTrue();
    }

    @Test
    void theChangesAreThoseOfTheSnapshotThatHasItsDataAlsoAfterCollection() throws IOException {
        VdiId disk = trees.create();
        trees.write(disk, 0, new byte[] {1, 2, 3});
        VdiId first = trees.cut(disk);
        trees.write(disk, 40 * PAGE, new byte[] {4});
        VdiId second = trees.cut(disk);
        trees.write(disk, 2 * PAGE, new byte[] {5});
        VdiId third = trees.cut(disk);

        trees.sr.destroyData(first);
        trees.sr.destroyData(second);
        trees.sr.destroyData(second);
        trees.collect();

        // What third and the disk need is one base copy.
        assertThat(count(trees.sr.tree())).isEqualTo(3);
        assertThat(trees.sr.contents().changes(third, first))
                .containsExactly(new DiskRange(2 * PAGE, PAGE), new DiskRange(40 * PAGE, PAGE));
        assertThat(trees.sr.contents().changes(third, second)).containsExactly(new DiskRange(2 * PAGE, PAGE));
        assertThat(trees.sr.contents().changes(second, first)).contains(new DiskRange(40 * PAGE, PAGE));
    }

    private static long count(List<TreeNode> nodes) {
        return nodes.stream().mapToLong(node -> 1 + count(node.children())).sum();
    }

    @Test
    void theDiskKeepsWhatTellsItsChangesUntilTheNextSnapshot() throws IOException {
        VdiId disk = trees.create();
        trees.write(disk, 0, new byte[] {1, 2, 3});
        VdiId first = trees.cut(disk);
        trees.sr.destroyData(first);
        trees.write(disk, 5 * PAGE, new byte[] {4});
        trees.collect();
        assertThat(trees.sr.garbage().status().refused())
                .anyMatch(refusal -> refusal.reason().toString().contains("whose data was given up"));

        VdiId second = trees.cut(disk);
        trees.collect();
        assertThat(trees.sr.contents().changes(second, first)).containsExactly(new DiskRange(5 * PAGE, PAGE));
        trees.sr.destroy(first);
        trees.sr.destroy(second);
        trees.collect();
        assertThat(count(trees.sr.tree())).isEqualTo(1);
    }

    @Test
    void itIsListedRenamedAndDestroyedAndGoodForNothingElse() throws IOException {
        VdiId disk = trees.create();
        VdiId snapshot = trees.cut(disk);
        assertThat(errorOf(() -> trees.sr.destroyData(disk))).isEqualTo(SrError.VDI_TYPE);
        trees.sr.attachAndActivate(snapshot, Hold.HOST, AccessMode.READ_ONLY);
        assertThat(errorOf(() -> trees.sr.destroyData(snapshot))).isEqualTo(SrError.VDI_IN_USE);
        trees.sr.detach(snapshot, Hold.HOST);

        trees.sr.destroyData(snapshot);
        trees.sr.set(snapshot, new VdiChange("kept", null, Map.of("a", "b"), Set.of(), null));
        trees.reopen();

        Vdi told = trees.sr.vdi(snapshot);
        assertThat(trees.sr.vdis()).contains(told);
        assertThat(told.state()).isEqualTo(Vdi.State.WITHOUT_DATA);
        assertThat(told.name()).isEqualTo("kept");
        assertThat(told.keys()).containsEntry("a", "b");
        assertThat(told.snapshotOf()).isEqualTo(disk);
        assertThat(told.virtualSizeBytes()).isEqualTo(DISK_BYTES);
        assertThat(trees.sr.check(false).sound()).isTrue();
        assertThat(trees.sr.garbage().gain(snapshot).vdi()).isEqualTo(snapshot);
        for (Runnable use : List.<Runnable>of(
                () -> trees.sr.attachAndActivate(snapshot, Hold.HOST, AccessMode.READ_ONLY),
                () -> trees.sr.clone(snapshot, "clone"),
                () -> trees.sr.revert(disk, snapshot),
                () -> trees.sr.snapshot(List.of(snapshot), "again"),
                () -> trees.sr.resize(snapshot, 2L * DISK_BYTES),
                () -> trees.sr.contents().changes(snapshot, null),
                () -> trees.sr.contents().export(snapshot, StreamFormat.RAW, null))) {
            assertThat(errorOf(use)).isEqualTo(SrError.VDI_TYPE);
        }
        trees.sr.destroy(snapshot);
        trees.sr.destroy(snapshot);
        assertThat(errorOf(() -> trees.sr.vdi(snapshot))).isEqualTo(SrError.VDI_MISSING);
        assertThat(trees.sr.vdis()).hasSize(1);
    }

    @Test
    void aDamagedSideFileOrAForeignHandMeansThatAllMayHaveChanged() throws IOException {
        VdiId disk = trees.create();
        trees.write(disk, 0, new byte[] {1, 2, 3});
        VdiId damaged = trees.cut(disk);
        trees.write(disk, 0, new byte[] {4});
        VdiId touched = trees.cut(disk);
        trees.write(disk, 0, new byte[] {5});
        VdiId last = trees.cut(disk);
        trees.sr.destroyData(damaged);
        trees.sr.destroyData(touched);
        assertThat(trees.sr.contents().changes(last, touched)).hasSize(1);
        String anchor = trees.sr.tree().get(0).children().get(0).file();

        trees.sr.close();
        Path bits = directory.resolve(".catena/cbt/" + damaged + ".bits");
        byte[] bytes = Files.readAllBytes(bits);
        bytes[bytes.length / 2]++;
        Files.write(bits, bytes);
        Path base = directory.resolve(anchor);
        byte[] content = Files.readAllBytes(base);
        Files.write(base, content);
        trees.open();

        assertUnknown(last, damaged);
        assertUnknown(last, touched);
        assertThat(trees.sr.vdi(damaged).state()).isEqualTo(Vdi.State.WITHOUT_DATA);
        trees.sr.destroy(damaged);
    }

    private void assertUnknown(VdiId disk, VdiId base) {
        assertThat(errorOf(() -> trees.sr.contents().changes(disk, base))).isEqualTo(SrError.CHANGES_UNKNOWN);
    }

    private static SrError errorOf(Runnable work) {
        try {
            work.run();
        } catch (SrException e) {
            return e.error();
        }
        throw new AssertionError("nothing was refused");
    }
}
