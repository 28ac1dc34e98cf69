package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.DiskRange;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.api.VdiStream;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.harness.sim.Seeds;
import io.catena.sr.VhdRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changed blocks and streams of random trees of disks, beside what the disks really hold. */
@Tag("slow")
class ContentsTest {
    private static final int PAGE = DiskTrees.PAGE;
    private static final int BLOCK = DiskTrees.BLOCK;
    private static final int DISK_BYTES = DiskTrees.DISK_BYTES;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    @TempDir
    Path exported;

    private DiskTrees trees;
    private VhdRepository sr;

    @BeforeEach
    void attach() {
        trees = new DiskTrees(directory, redo);
        sr = trees.sr;
    }

    @AfterEach
    void detach() throws IOException {
        trees.close();
    }

    @Seeds(3)
    void changesBetweenAllSnapshotsOfRandomTreesAreToldAndStreamed(long seed) throws IOException {
        Random random = new Random(seed);
        trees.grow(random);
        for (VdiId snapshot : trees.snapshots) {
            assertCovers(sr.contents().changes(snapshot, null), new byte[DISK_BYTES], snapshot);
            for (VdiId base : trees.snapshots) {
                assertCovers(sr.contents().changes(snapshot, base), trees.content(base), snapshot);
            }
        }
        stream(random);
    }

    @Test
    void onlyWhatWasWrittenHasChanged() throws IOException {
        VdiId disk = trees.create();
        VdiId before = trees.cut(disk);
        trees.write(disk, 3 * PAGE, new byte[] {1});
        VdiId after = trees.cut(disk);

        assertThat(sr.contents().changes(after, before)).containsExactly(new DiskRange(3 * PAGE, PAGE));
        assertThat(sr.contents().changes(before, after)).containsExactly(new DiskRange(3 * PAGE, PAGE));
        assertThat(sr.contents().changes(after, after)).isEmpty();
    }

    @Test
    void aDiskThatGrewHasChangedBehindItsOldEnd() throws IOException {
        VdiId disk = trees.create();
        VdiId before = trees.cut(disk);
        sr.resize(disk, DISK_BYTES + BLOCK);
        VdiId after = trees.cut(disk);

        assertThat(sr.contents().changes(after, before)).containsExactly(new DiskRange(DISK_BYTES, BLOCK));
    }

    @Test
    void whatIsWrittenOrStrangeIsRefused() throws IOException {
        VdiId disk = trees.create();
        VdiId other = trees.create();
        sr.attachAndActivate(other, Hold.HOST, AccessMode.READ_WRITE);

        assertThat(errorOf(() -> sr.contents().changes(other, null))).isEqualTo(SrError.VDI_IN_USE);
        assertThat(errorOf(() -> sr.contents().export(other, StreamFormat.RAW, null)))
                .isEqualTo(SrError.VDI_IN_USE);
        sr.detach(other, Hold.HOST);
        assertThat(errorOf(() -> sr.contents().changes(disk, other))).isEqualTo(SrError.BAD_REQUEST);
        try (VdiStream stream = sr.contents().export(other, StreamFormat.RAW, null)) {
            assertThat(stream.lengthBytes()).isEqualTo(DISK_BYTES);
            assertThatThrownBy(() -> sr.destroy(other)).isInstanceOf(SrException.class);
        }
        sr.destroy(other);
    }

    private static SrError errorOf(Runnable work) {
        try {
            work.run();
        } catch (SrException e) {
            return e.error();
        }
        throw new AssertionError("nothing was refused");
    }

    private void assertCovers(List<DiskRange> changes, byte[] before, VdiId disk) {
        byte[] after = trees.content(disk);
        long end = 0;
        for (DiskRange range : changes) {
            assertThat(range.offset()).as("order of %s", changes).isGreaterThanOrEqualTo(end);
            assertThat(Arrays.equals(after, (int) end, (int) range.offset(), before, (int) end, (int) range.offset()))
                    .as("unchanged from %s to %s", end, range.offset())
                    .isTrue();
            end = range.end();
        }
        assertThat(Arrays.equals(after, (int) end, DISK_BYTES, before, (int) end, DISK_BYTES))
                .as("unchanged from %s on", end)
                .isTrue();
    }

    /** The first snapshot whole, and each other as what changed since the one before it in time that is of the same tree. */
    private void stream(Random random) throws IOException {
        VdiId base = trees.snapshots.get(0);
        Path full = write(base, null, random);
        assertHolds(full, base);
        Path raw = Files.write(exported.resolve("raw"), trees.content(base));
        assertThat(QemuImg.isSame(full, raw)).as("qemu reads the same").isTrue();
        for (VdiId snapshot : trees.snapshots.subList(1, trees.snapshots.size())) {
            assertHolds(write(snapshot, base, random), snapshot);
            base = snapshot;
        }
        assertThat(trees.exported(base, StreamFormat.RAW, null, 0)).isEqualTo(trees.content(base));
    }

    private Path write(VdiId snapshot, @Nullable VdiId base, Random random) throws IOException {
        byte[] whole = trees.exported(snapshot, StreamFormat.VHD, base, 0);
        int from = random.nextInt(whole.length);
        assertThat(trees.exported(snapshot, StreamFormat.VHD, base, from))
                .as("the rest from byte %s on", from)
                .isEqualTo(Arrays.copyOfRange(whole, from, whole.length));
        return Files.write(exported.resolve(snapshot + ".vhd"), whole);
    }

    private void assertHolds(Path vhd, VdiId vdi) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(vhd)) {
            assertThat(Arrays.equals(reader.read(0, DISK_BYTES), trees.content(vdi)))
                    .as("%s holds what VDI %s does", vhd, vdi)
                    .isTrue();
        }
    }
}
