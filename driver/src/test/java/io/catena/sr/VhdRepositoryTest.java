package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VhdRepositoryTest {
    private static final int SIZE = 8 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private final Map<VdiId, BlockDevice> exported = new HashMap<>();
    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private VhdRepository sr;

    @BeforeEach
    void create() {
        VhdRepository.create(new FileStorage(directory), new SrId(UUID.randomUUID()), "sr");
        sr = attachSr();
    }

    @AfterEach
    void close() throws IOException {
        sr.close();
        jobs.close();
    }

    @Test
    void aNewDiskIsZeroAndRoundedUpToBlocks() throws IOException {
        Vdi vdi = sr.create(new VdiSpec(5_000_000, "disk", "", null, false));

        assertThat(vdi.virtualSizeBytes()).isEqualTo(6 << 20);
        assertThat(read(attach(vdi.vdi()), 0)).isZero();
    }

    @Test
    void aDiskOfMoreThan2040GibIsRefused() {
        assertError(() -> sr.create(new VdiSpec(2041L << 30, "", "", null, false)), SrError.VDI_SIZE);
    }

    @Test
    void anIdIsUsedOnce() {
        VdiId id = new VdiId(UUID.randomUUID());
        sr.create(new VdiSpec(SIZE, "", "", id, false));

        assertError(() -> sr.create(new VdiSpec(SIZE, "", "", id, false)), SrError.VDI_EXISTS);
    }

    @Test
    void aSnapshotKeepsWhatItsDiskHeldAndTheDiskKeepsItsId() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 0, 1);
        SnapshotResult snapshot = sr.snapshot(List.of(disk), "before").get(0);
        write(device, 0, 2);

        assertThat(read(device, 0)).isEqualTo(2);
        assertThat(read(attachReadOnly(snapshot.vdi()), 0)).isEqualTo(1);
        assertThat(snapshot.of()).isEqualTo(disk);
        assertThat(snapshot.pauseMicros()).isPositive();
        assertThat(sr.vdi(snapshot.vdi()).snapshotOf()).isEqualTo(disk);
        assertThat(sr.vdi(snapshot.vdi()).name()).isEqualTo("before");
    }

    @Test
    void aSnapshotCannotBeWritten() {
        VdiId disk = create("disk");
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();

        assertError(() -> sr.attach(snapshot, AccessMode.READ_WRITE), SrError.VDI_TYPE);
    }

    @Test
    void aCloneIsWrittenWithoutItsSource() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 512, 1);
        BlockDevice clone = attach(sr.clone(disk, "clone").vdi());
        write(clone, 512, 2);

        assertThat(read(device, 512)).isEqualTo(1);
        assertThat(read(clone, 512)).isEqualTo(2);
    }

    @Test
    void aDiskThatHoldsNothingDoesNotDeepenItsChain() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "");
        int depth = sr.vdi(disk).depth();
        sr.snapshot(List.of(disk), "");
        sr.snapshot(List.of(disk), "");

        assertThat(sr.vdi(disk).depth()).isEqualTo(depth);
    }

    @Test
    void everythingIsThereAfterDetachAndAttach() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 1024, 7);
        VdiId snapshot = sr.snapshot(List.of(disk), "snap").get(0).vdi();
        write(exported(disk), 1024, 8);
        sr.close();
        sr = attachSr();

        assertThat(read(attach(disk), 1024)).isEqualTo(8);
        assertThat(read(attachReadOnly(snapshot), 1024)).isEqualTo(7);
    }

    @Test
    void collectingGarbageMergesWhatADeletedSnapshotLeft() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 0, 1);
        VdiId first = sr.snapshot(List.of(disk), "first").get(0).vdi();
        write(device, 512, 2);
        VdiId second = sr.snapshot(List.of(disk), "second").get(0).vdi();
        write(device, 1024, 3);
        sr.destroy(first);

        Job job = jobs.waitFor(sr.collectGarbage().id(), PATIENCE);

        assertThat(job.state()).isEqualTo(Job.State.DONE);
        assertThat(sr.vdi(disk).depth()).isEqualTo(2);
        assertThat(read(device, 0)).isEqualTo(1);
        assertThat(read(device, 512)).isEqualTo(2);
        assertThat(read(device, 1024)).isEqualTo(3);
        assertThat(read(attachReadOnly(second), 512)).isEqualTo(2);
        assertThat(read(exported(second), 1024)).isZero();
    }

    @Test
    void aDetachedDiskIsMergedWithItsOnlyBaseCopy() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 0, 1);
        VdiId first = sr.snapshot(List.of(disk), "first").get(0).vdi();
        write(device, 512, 2);
        sr.detach(disk);
        sr.destroy(first);

        Job job = jobs.waitFor(sr.collectGarbage().id(), PATIENCE);

        assertThat(job.result()).isEqualTo("deleted 0, merged 1 (512 bytes copied)");
        assertThat(sr.tree()).singleElement().satisfies(node -> {
            assertThat(node.file()).isEqualTo(disk + ".vhd");
            assertThat(node.hidden()).isFalse();
            assertThat(node.children()).isEmpty();
        });
        assertThat(sr.vdi(disk).name()).isEqualTo("disk");
        assertThat(read(attach(disk), 0)).isEqualTo(1);
        assertThat(read(exported(disk), 512)).isEqualTo(2);
    }

    @Test
    void anAttachedDiskIsMergedWithItsOnlyBaseCopyAndGoesOn() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 0, 1);
        VdiId first = sr.snapshot(List.of(disk), "first").get(0).vdi();
        write(device, 512, 2);
        write(device, 3 << 20, 3);
        sr.destroy(first);

        Job job = jobs.waitFor(sr.collectGarbage().id(), PATIENCE);

        assertThat(job.result()).isEqualTo("deleted 0, merged 1 (1024 bytes copied)");
        assertThat(sr.tree()).singleElement().satisfies(node -> {
            assertThat(node.file()).isEqualTo(disk + ".vhd");
            assertThat(node.note()).isEqualTo("attached rw");
        });
        write(device, 1024, 4);
        sr.detach(disk);
        BlockDevice again = attach(disk);
        assertThat(read(again, 0)).isEqualTo(1);
        assertThat(read(again, 512)).isEqualTo(2);
        assertThat(read(again, 3 << 20)).isEqualTo(3);
        assertThat(read(again, 1024)).isEqualTo(4);
    }

    @Test
    void anAttachedDiskIsNotDestroyed() {
        VdiId disk = create("disk");
        sr.attach(disk, AccessMode.READ_WRITE);

        assertError(() -> sr.destroy(disk), SrError.VDI_IN_USE);
    }

    @Test
    void destroyingADiskTwiceIsFine() {
        VdiId disk = create("disk");
        sr.destroy(disk);
        sr.destroy(disk);

        assertThat(sr.vdis()).isEmpty();
    }

    @Test
    void aBadFileHidesNoOther() throws IOException {
        VdiId disk = create("disk");
        Files.writeString(directory.resolve("bad.vhd"), "this is no disk");
        sr.scan();

        assertThat(sr.stat().problems()).hasSize(1);
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.DETACHED);
        assertThat(sr.vdis()).extracting(Vdi::state).contains(Vdi.State.BROKEN);
    }

    @Test
    void aDiskWhoseFileHasAnotherNameKeepsItsIdAndName() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 9);
        sr.close();
        Files.move(directory.resolve(disk + ".vhd"), directory.resolve("by-hand.vhd"));
        sr = attachSr();
        VdiId byHand = sr.vdis().get(0).vdi();
        sr.snapshot(List.of(byHand), "snap");

        assertThat(sr.vdi(byHand).name()).isEqualTo("by-hand");
        assertThat(read(attach(byHand), 0)).isEqualTo(9);
    }

    @Test
    void anSrIsAttachedOnce() {
        assertError(this::attachSr, SrError.SR_IN_USE);
    }

    @Test
    void workThatXenServerDidNotFinishIsRefused() throws IOException {
        sr.close();
        Path journal = directory.resolve("leaf_" + UUID.randomUUID());
        Files.writeString(journal, "1");

        assertError(this::attachSr, SrError.SR_UNAVAILABLE);
        Files.delete(journal);
        sr = attachSr();
    }

    @Test
    void aChainHasALimit() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        for (int i = 1; i < SrRecord.OWN_CHAIN_LIMIT; i++) {
            write(device, 0, i);
            sr.snapshot(List.of(disk), "");
        }
        write(device, 0, 1);

        assertThat(sr.vdi(disk).depth()).isEqualTo(SrRecord.OWN_CHAIN_LIMIT);
        assertThat(read(device, 0)).isEqualTo(1);
        assertError(() -> sr.snapshot(List.of(disk), ""), SrError.SNAPSHOT_CHAIN_TOO_LONG);
    }

    @Test
    void theTreeTellsWhatEachNodeIs() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "snap");
        TreeNode base = sr.tree().get(0);

        assertThat(base.hidden()).isTrue();
        assertThat(base.note()).isEqualTo("base copy");
        assertThat(base.children()).extracting(TreeNode::note).containsExactlyInAnyOrder("attached rw", "snapshot");
    }

    private VdiId create(String name) {
        return sr.create(new VdiSpec(SIZE, name, "", null, false)).vdi();
    }

    private BlockDevice attach(VdiId vdi) {
        sr.attach(vdi, AccessMode.READ_WRITE);
        return exported(vdi);
    }

    private BlockDevice attachReadOnly(VdiId vdi) {
        sr.attach(vdi, AccessMode.READ_ONLY);
        return exported(vdi);
    }

    private BlockDevice exported(VdiId vdi) {
        return Objects.requireNonNull(exported.get(vdi), () -> vdi + " is not exported");
    }

    private static void write(BlockDevice device, long offset, int value) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(512);
        sector.putInt(0, value);
        device.write(offset, sector);
    }

    private static int read(BlockDevice device, long offset) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(512);
        device.read(offset, sector);
        return sector.getInt(0);
    }

    private VhdRepository attachSr() {
        return VhdRepository.attach(
                new FileStorage(directory),
                directory.toString(),
                new Environment(
                        new FileStorage(redo),
                        new UUID(1, 1),
                        new DirectExporter(),
                        jobs,
                        Clock.systemUTC(),
                        System::nanoTime,
                        UUID::randomUUID));
    }

    private static void assertError(Runnable work, SrError error) {
        assertThatThrownBy(work::run).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(error);
            assertThat(e.correction()).isNotEmpty();
        });
    }

    /** Hands the disks to the test. */
    private final class DirectExporter implements Exporter {
        @Override
        public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) {
            exported.put(vdi, device);
            return new Export(vdi, mode, "direct:" + vdi);
        }

        @Override
        public void withdraw(VdiId vdi) {
            exported.remove(vdi);
        }
    }
}
