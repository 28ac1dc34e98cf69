package io.catena.sr;

import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.GcChange;
import io.catena.api.GcStatus;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.NodeProblem;
import io.catena.api.SnapshotResult;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.disk.ZeroDetectingDisk;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.record.SrRecord;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VhdRepositoryTest {
    private static final int SIZE = 8 << 20;
    private static final long BLOCK = 2 << 20;
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

        assertThat(sr.create(new VdiSpec(SIZE, "", "", id, false)).vdi())
                .as("asked again")
                .isEqualTo(id);
        assertError(() -> sr.create(new VdiSpec(2 * SIZE, "", "", id, false)), SrError.VDI_EXISTS);
        assertError(() -> sr.create(new VdiSpec(SIZE, "other", "", id, false)), SrError.VDI_EXISTS);
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
        assertThat(sr.pauses().counts().stream().mapToLong(Long::longValue).sum())
                .isPositive();
        assertThat(sr.pauses().longestMicros() + 1).isGreaterThanOrEqualTo(snapshot.pauseMicros());
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

        assertThat(job.result())
                .as("pulled up: the base copy holds less")
                .isEqualTo("deleted 0, merged 1 (512 bytes copied)");
        assertThat(sr.tree()).singleElement().satisfies(node -> {
            assertThat(node.file()).isEqualTo(disk + ".vhd");
            assertThat(node.note()).isEqualTo("active rw");
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
    void anSrIsHealthyOrSaysWhatIsWrongAndWhatToDo() throws IOException {
        VdiId disk = create("disk");
        assertThat(sr.stat().health()).isEqualTo(new SrHealth(SrHealth.State.HEALTHY, List.of()));

        Files.writeString(directory.resolve("bad.vhd"), "this is no disk");
        sr.scan();
        sr.garbage().set(new GcChange(null, null, null, null, null, Long.MAX_VALUE, null, null));
        sr.set(new SrChange(null, null, 10, 2));
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "");
        Files.createDirectories(directory.resolve(".catena/journal"));
        Files.writeString(directory.resolve(".catena/journal/operation.json"), "{}");
        assertThatThrownBy(sr::scan).as("it would change something").isInstanceOf(SrException.class);

        SrHealth health = sr.stat().health();
        assertThat(health.state()).isEqualTo(SrHealth.State.DEGRADED);
        assertThat(health.reasons())
                .extracting(SrHealth.Reason::kind)
                .containsExactly(
                        SrHealth.Kind.UNFINISHED_OPERATION,
                        SrHealth.Kind.UNREADABLE_NODE,
                        SrHealth.Kind.LOW_SPACE,
                        SrHealth.Kind.LONG_CHAIN,
                        SrHealth.Kind.LONG_CHAIN);
        assertThat(health.reasons()).allSatisfy(reason -> {
            assertThat(reason.what()).isNotBlank();
            assertThat(reason.cure()).asString().isNotBlank();
        });
        Files.delete(directory.resolve(".catena/journal/operation.json"));
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
    void workOfXenServerThatContradictsItselfIsRefused() throws IOException {
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
    void anUnchangedDiskAtTheLimitCanStillBeCut() throws IOException {
        sr.set(new SrChange(null, null, 3, 2));
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        for (int i = 1; i < 3; i++) {
            write(device, 0, i);
            sr.snapshot(List.of(disk), "");
        }

        SnapshotResult atTheLimit = sr.snapshot(List.of(disk), "").get(0);
        assertThat(atTheLimit.warning()).asString().contains("3 of at most 3").contains("vdi destroy");
        assertThat(sr.stat().warnings()).isNotEmpty();
        write(device, 0, 9);
        assertThatThrownBy(() -> sr.snapshot(List.of(disk), ""))
                .isInstanceOfSatisfying(
                        SrException.class,
                        e -> assertThat(e.advice()).asString().contains("vdi destroy"));
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }

    @Test
    void aDiskGrowsAttachedOrNot() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), SIZE - 512, 3);

        sr.resize(disk, 5L << 30);
        BlockDevice device = exported(disk);
        write(device, (5L << 30) - 512, 4);
        sr.detach(disk);
        sr.resize(disk, 200L << 30);

        assertThat(sr.vdi(disk).virtualSizeBytes()).isEqualTo(200L << 30);
        assertThat(read(attach(disk), SIZE - 512)).isEqualTo(3);
        assertThat(read(exported(disk), (5L << 30) - 512)).isEqualTo(4);
        assertThat(read(exported(disk), (200L << 30) - 512)).isZero();
        assertError(() -> sr.resize(disk, SIZE), SrError.VDI_SIZE);
    }

    @Test
    void aGrownDiskIsCutAndCloned() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 3);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        sr.resize(disk, 2 * SIZE);
        write(exported(disk), 2 * SIZE - 512, 4);
        VdiId clone = sr.clone(snapshot, "clone", 3 * SIZE).vdi();

        assertThat(sr.vdi(snapshot).virtualSizeBytes()).isEqualTo(SIZE);
        assertThat(read(attach(clone), 0)).isEqualTo(3);
        assertThat(read(exported(clone), 3 * SIZE - 512)).isZero();
        assertThat(read(exported(disk), 2 * SIZE - 512)).isEqualTo(4);
        assertError(() -> sr.resize(snapshot, 2 * SIZE), SrError.VDI_TYPE);
        assertError(() -> sr.clone(disk, "", SIZE), SrError.VDI_SIZE);
    }

    @Test
    void aRevertedDiskIsItsSnapshotUnderItsOwnIdentity() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 1);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        write(exported(disk), 0, 2);
        sr.snapshot(List.of(disk), "");
        write(exported(disk), 0, 3);
        assertError(() -> sr.revert(disk, snapshot), SrError.VDI_IN_USE);
        sr.detach(disk);
        int files = nodeFiles();

        sr.revert(disk, snapshot);

        assertThat(nodeFiles()).isEqualTo(files);
        assertThat(sr.vdi(disk).name()).isEqualTo("disk");
        assertThat(sr.vdi(disk).depth()).isEqualTo(sr.vdi(snapshot).depth());
        assertThat(read(attach(disk), 0)).isEqualTo(1);
        write(exported(disk), 0, 7);
        assertThat(read(attachReadOnly(snapshot), 0)).isEqualTo(1);
        sr.close();
        sr = attachSr();
        assertThat(read(attach(disk), 0)).isEqualTo(7);
    }

    @Test
    void aDiskIsRevertedToItsOwnSnapshotsOnly() throws IOException {
        VdiId disk = create("disk");
        VdiId other = create("other");
        write(attach(other), 0, 1);
        VdiId snapshot = sr.snapshot(List.of(other), "").get(0).vdi();

        assertError(() -> sr.revert(disk, snapshot), SrError.BAD_REQUEST);
        assertError(() -> sr.revert(disk, disk), SrError.BAD_REQUEST);
    }

    @Test
    void aRawDiskIsCutAndItsBaseCopyIsNoDisk() throws IOException {
        VdiId disk = sr.create(new VdiSpec(SIZE, "raw", "", null, true)).vdi();
        write(attach(disk), 0, 1);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        write(exported(disk), 0, 2);
        VdiId clone = sr.clone(disk, "").vdi();

        assertThat(sr.vdis()).hasSize(3);
        sr.close();
        sr = attachSr();
        assertThat(sr.vdis()).extracting(Vdi::vdi).containsExactlyInAnyOrder(disk, snapshot, clone);
        assertThat(read(attachReadOnly(snapshot), 0)).isEqualTo(1);
        assertThat(read(attach(disk), 0)).isEqualTo(2);
        assertThat(read(attach(clone), 0)).isEqualTo(2);
        sr.detach(snapshot);
        sr.destroy(snapshot);
        assertThat(collectGarbage().result()).contains("merged 1");
        assertThat(read(exported(disk), 0)).isEqualTo(2);
        sr.detach(disk);
        sr.detach(clone);
        sr.destroy(disk);
        sr.destroy(clone);
        collectGarbage();
        sr.scan();
        assertThat(sr.vdis()).isEmpty();
        assertThat(nodeFiles()).isZero();
        assertThat(directory.resolve(".catena/vdi")).isEmptyDirectory();
    }

    @Test
    void aCopyHasTheContentAndNoChain() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "");
        write(exported(disk), 4096, 2);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        write(exported(disk), 0, 3);
        VdiId copy = new VdiId(UUID.randomUUID());
        assertError(() -> sr.copy(disk, sr, "copy", copy), SrError.VDI_IN_USE);

        Job job = jobs.waitFor(sr.copy(snapshot, sr, "copy", copy).id(), PATIENCE);

        assertThat(job.state()).as(job.toString()).isEqualTo(Job.State.DONE);
        assertThat(job.result()).contains(copy.toString());
        assertThat(sr.vdi(copy).depth()).isEqualTo(1);
        assertThat(sr.vdi(copy).name()).isEqualTo("copy");
        assertThat(read(attach(copy), 0)).isEqualTo(1);
        assertThat(read(exported(copy), 4096)).isEqualTo(2);
        sr.destroy(snapshot);
        Job again = jobs.waitFor(sr.copy(copy(disk), sr, "", null).id(), PATIENCE);
        assertThat(again.state()).as(again.toString()).isEqualTo(Job.State.DONE);
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }

    private VdiId copy(VdiId disk) {
        sr.detach(disk);
        return disk;
    }

    @Test
    void anImportThatIsGivenUpLeavesNothing() throws IOException {
        VdiSpec spec = new VdiSpec(SIZE, "disk", "", null, false);
        try (VdiImport given = sr.importVdi(spec)) {
            given.write(0, ByteBuffer.allocate(512));
        }
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
        VdiImport open = sr.importVdi(spec);
        sr.close();
        assertError(() -> open.write(0, ByteBuffer.allocate(512)), SrError.SR_UNAVAILABLE);
        open.close();
        sr = attachSr();
        assertThat(sr.vdis()).isEmpty();
    }

    @Test
    void checkFindsWhatDoesNotFitTogetherAndRepairMendsIt() throws IOException {
        VdiId disk = create("disk");
        VdiId bad = create("bad");
        assertThat(sr.check(false).findings()).isEmpty();
        Path records = directory.resolve(".catena/vdi");
        Files.copy(records.resolve(disk + ".json"), records.resolve(UUID.randomUUID() + ".json"));
        Files.writeString(records.resolve(bad + ".json"), "{");
        Files.writeString(records.resolve(disk + ".json.new"), "{");
        Files.writeString(directory.resolve(".catena/tmp/x.vhd"), "");
        Files.writeString(directory.resolve("notes.txt"), "");

        SrCheck found = sr.check(false);
        assertThat(found.sound()).isFalse();
        assertThat(found.findings())
                .extracting(SrCheck.Finding::kind)
                .containsExactlyInAnyOrder(
                        SrCheck.Kind.ORPHAN_RECORD,
                        SrCheck.Kind.BAD_RECORD,
                        SrCheck.Kind.LEFTOVER,
                        SrCheck.Kind.LEFTOVER,
                        SrCheck.Kind.UNKNOWN_FILE);
        assertThat(sr.check(false)).isEqualTo(found);
        sr.check(true);
        assertThat(sr.check(true).findings())
                .extracting(SrCheck.Finding::kind)
                .containsExactly(SrCheck.Kind.UNKNOWN_FILE);
        assertThat(sr.vdi(disk).name()).isEqualTo("disk");
    }

    @Test
    void aBadTableOfBlocksIsFoundByAScan() throws IOException {
        VdiId disk = create("disk");
        VdiId other = create("other");
        try (SeekableByteChannel file = Files.newByteChannel(directory.resolve(disk + ".vhd"), WRITE)) {
            file.position(1536).write(ByteBuffer.allocate(4).putInt(3).flip());
        }

        sr.scan();

        assertThat(sr.stat().problems()).extracting(NodeProblem::file).containsExactly(disk + ".vhd");
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.BROKEN);
        assertThat(sr.vdi(other).state()).isEqualTo(Vdi.State.DETACHED);
        assertThat(sr.check(false).findings())
                .extracting(SrCheck.Finding::kind)
                .containsExactly(SrCheck.Kind.BROKEN_NODE);
    }

    @Test
    void aProbeTellsWhatADirectoryHolds() throws IOException {
        create("disk");
        SrProbe attached = Probe.of(new FileStorage(directory), directory);
        assertThat(attached.kind()).isEqualTo(SrProbe.Kind.SR);
        assertThat(attached.inUse()).isTrue();
        assertThat(attached.nodes()).isEqualTo(1);
        sr.close();
        SrProbe detached = Probe.of(new FileStorage(directory), directory);
        assertThat(detached.inUse()).isFalse();
        assertThat(detached.needsRecovery()).isFalse();
        assertThat(Probe.of(new FileStorage(redo), redo).kind()).isEqualTo(SrProbe.Kind.EMPTY);
        sr = attachSr();
    }

    @Test
    void nameDescriptionAndKeysAreKept() throws IOException {
        VdiId disk = sr.create(new VdiSpec(SIZE, "disk", "", null, false, Map.of("a", "1", "b", "2")))
                .vdi();
        sr.set(disk, new VdiChange("new", "text", Map.of("c", "3"), Set.of("a", "z")));
        sr.set(new SrChange("better", "of disks", null, null));
        sr.snapshot(List.of(disk), "");
        sr.close();
        sr = attachSr();

        Vdi vdi = sr.vdi(disk);
        assertThat(vdi.name()).isEqualTo("new");
        assertThat(vdi.description()).isEqualTo("text");
        assertThat(vdi.keys()).isEqualTo(Map.of("b", "2", "c", "3"));
        assertThat(sr.stat().sr().name()).isEqualTo("better");
        assertThat(sr.stat().description()).isEqualTo("of disks");
    }

    @Test
    void theTreeTellsWhatEachNodeIs() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 1);
        sr.snapshot(List.of(disk), "snap");
        TreeNode base = sr.tree().get(0);

        assertThat(base.hidden()).isTrue();
        assertThat(base.note()).isEqualTo("base copy");
        assertThat(base.children()).extracting(TreeNode::note).containsExactlyInAnyOrder("active rw", "snapshot");
    }

    @Test
    void anAttachedDiskIsReservedAndNotOpen() {
        VdiId disk = create("disk");
        Export export = sr.attach(disk, "a", AccessMode.READ_WRITE);
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.ATTACHED);
        assertThat(sr.vdi(disk).export()).isEqualTo(export);
        assertThat(exported).doesNotContainKey(disk);
        assertError(() -> sr.destroy(disk), SrError.VDI_IN_USE);
        assertThat(sr.resize(disk, SIZE * 2).virtualSizeBytes()).isEqualTo(SIZE * 2);

        assertThat(sr.activate(disk, "a", AccessMode.READ_WRITE)).isEqualTo(export);
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.ACTIVE);
        assertThat(exported(disk).sizeBytes()).isEqualTo(SIZE * 2);

        sr.deactivate(disk, "a");
        assertThat(exported).doesNotContainKey(disk);
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.ATTACHED);
        sr.detach(disk, "a");
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.DETACHED);
        sr.destroy(disk);
    }

    @Test
    void everyStepMayBeRepeated() throws IOException {
        VdiId disk = create("disk");
        for (int round = 0; round < 2; round++) {
            Export export = sr.attach(disk, "a", AccessMode.READ_WRITE);
            assertThat(sr.attach(disk, "a", AccessMode.READ_WRITE)).isEqualTo(export);
            for (int again = 0; again < 2; again++) {
                assertThat(sr.activate(disk, "a", AccessMode.READ_WRITE)).isEqualTo(export);
                BlockDevice device = exported(disk);
                sr.activate(disk, "a", AccessMode.READ_WRITE);
                assertThat(exported(disk)).isSameAs(device);
                write(device, 512L * round, 7 + round);
                assertThat(read(device, 512L * round)).isEqualTo(7 + round);
                sr.deactivate(disk, "a");
                sr.deactivate(disk, "a");
            }
            sr.detach(disk, "a");
            sr.detach(disk, "a");
        }
        assertThat(read(attach(disk), 512)).isEqualTo(8);
        sr.detach(disk, "nobody");
        assertThat(sr.vdi(disk).state()).isEqualTo(Vdi.State.ACTIVE);
        sr.detach(disk);
        assertThat(sr.holds()).isEmpty();
    }

    @Test
    void aDiskOnItsWayToAnotherHolderIsWrittenByOneAtATime() throws IOException {
        VdiId disk = create("disk");
        sr.attachAndActivate(disk, "source", AccessMode.READ_WRITE);
        write(exported(disk), 0, 1);
        sr.attach(disk, "target", AccessMode.READ_WRITE);
        assertThatThrownBy(() -> sr.activate(disk, "target", AccessMode.READ_WRITE))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_IN_USE))
                .hasMessageContaining("active rw for \"source\"");
        assertError(() -> sr.activate(disk, "target", AccessMode.READ_ONLY), SrError.VDI_IN_USE);
        sr.deactivate(disk, "source");
        sr.activate(disk, "target", AccessMode.READ_WRITE);
        sr.detach(disk, "source");
        assertThat(read(exported(disk), 0)).isEqualTo(1);
        assertThat(sr.holds()).containsExactly(new Hold(disk, "target", AccessMode.READ_WRITE, AccessMode.READ_WRITE));
    }

    @Test
    void manyMayReadAndNobodyWritesMeanwhile() throws IOException {
        VdiId disk = create("disk");
        write(attach(disk), 0, 5);
        sr.detach(disk);
        sr.attachAndActivate(disk, "a", AccessMode.READ_ONLY);
        sr.attachAndActivate(disk, "b", AccessMode.READ_ONLY);
        assertError(() -> sr.attachAndActivate(disk, "c", AccessMode.READ_WRITE), SrError.VDI_IN_USE);
        assertThat(sr.holds()).extracting(Hold::holder).containsExactly("a", "b");
        sr.detach(disk, "a");
        assertThat(read(exported(disk), 0)).isEqualTo(5);
        sr.detach(disk, "b");
        sr.attachAndActivate(disk, "c", AccessMode.READ_WRITE);
        assertError(() -> sr.attachAndActivate(disk, "a", AccessMode.READ_ONLY), SrError.VDI_IN_USE);
    }

    @Test
    void activationIsForThoseWhoAttachedAndNoMoreThanTheyMay() {
        VdiId disk = create("disk");
        assertError(() -> sr.activate(disk, "a", AccessMode.READ_WRITE), SrError.VDI_UNAVAILABLE);
        sr.attach(disk, "a", AccessMode.READ_ONLY);
        assertThat(sr.vdi(disk).readOnly()).isFalse();
        assertError(() -> sr.activate(disk, "a", AccessMode.READ_WRITE), SrError.BAD_REQUEST);
        assertError(() -> sr.attach(disk, "a", AccessMode.READ_WRITE), SrError.VDI_IN_USE);
        sr.detach(disk, "a");
        sr.attachAndActivate(disk, "a", AccessMode.READ_WRITE);
        assertError(() -> sr.activate(disk, "a", AccessMode.READ_ONLY), SrError.VDI_IN_USE);
        sr.deactivate(disk, "a");
        assertThat(sr.activate(disk, "a", AccessMode.READ_ONLY).mode()).isEqualTo(AccessMode.READ_ONLY);
    }

    @Test
    void aComposedDiskShowsItsOwnSectorsAndElseItsParents() throws IOException {
        VdiId parent = create("parent");
        write(attach(parent), 0, 1);
        write(exported(parent), 512, 2);
        sr.detach(parent);
        VdiId child = create("child");
        VdiId dummy = sr.snapshot(List.of(child), "dummy").get(0).vdi();
        BlockDevice device = attach(child);
        write(device, 512, 3);
        write(device, 1024, 4);

        assertError(() -> sr.compose(child, parent), SrError.VDI_IN_USE);
        sr.compose(parent, child);
        sr.compose(parent, child);

        assertThat(List.of(read(device, 0), read(device, 512), read(device, 1024)))
                .containsExactly(1, 3, 4);
        write(device, 0, 5);
        sr.detach(child);
        sr.destroy(dummy);
        assertThat(collectGarbage().state()).isEqualTo(Job.State.DONE);
        sr.close();
        sr = attachSr();
        assertThat(sr.vdis()).extracting(Vdi::vdi).containsExactly(child);
        device = attachReadOnly(child);
        assertThat(List.of(read(device, 0), read(device, 512), read(device, 1024)))
                .containsExactly(5, 3, 4);
    }

    @Test
    void whatDoesNotFitIsNotComposed() {
        VdiId parent = create("parent");
        VdiId root = create("root");
        assertError(() -> sr.compose(parent, root), SrError.VDI_TYPE);
        assertError(() -> sr.compose(root, root), SrError.BAD_REQUEST);
        VdiId child = create("child");
        VdiId snapshot = sr.snapshot(List.of(child), "").get(0).vdi();
        assertError(() -> sr.compose(parent, snapshot), SrError.VDI_TYPE);
        sr.attach(parent, "a", AccessMode.READ_ONLY);
        assertError(() -> sr.compose(parent, child), SrError.VDI_IN_USE);
        sr.detach(parent);
        sr.resize(parent, SIZE * 2);
        assertError(() -> sr.compose(parent, child), SrError.VDI_SIZE);
        VdiId raw = sr.create(new VdiSpec(SIZE, "raw", "", null, true)).vdi();
        assertError(() -> sr.compose(raw, child), SrError.VDI_TYPE);
        sr.resize(child, SIZE * 2);
        sr.compose(parent, child);
        assertError(() -> sr.vdi(parent), SrError.VDI_MISSING);
    }

    /** In each of the three ways a mirror's target may be marked, before it is written; the dummy snapshot is XAPI's. */
    @ParameterizedTest
    @ValueSource(strings = {"created with base_mirror", "set _sm_config_base_mirror", "set base_mirror"})
    void aMirrorsZerosAreNotSeenThroughAfterItsEnd(String how) throws IOException {
        VdiId parent = filled("parent", 9);
        Map<String, String> mark = Map.of(how.substring(how.lastIndexOf(' ') + 1), "mirror/1");
        boolean atOnce = how.startsWith("created");
        VdiId child = sr.create(new VdiSpec(SIZE, "child", "", null, false, atOnce ? mark : Map.of()))
                .vdi();
        sr.snapshot(List.of(child), "dummy");
        BlockDevice device = attach(child);
        if (!atOnce) {
            sr.set(child, new VdiChange(null, null, mark, Set.of()));
        }
        device.writeZeroes(0, 4096, true);
        new ZeroDetectingDisk(device).write(8192, ByteBuffer.allocate(4096));
        write(device, 16384, 3);
        device.writeZeroes(16384, 4096, true);
        device.writeZeroes(BLOCK, BLOCK, true);
        assertThat(collectGarbage().state()).isEqualTo(Job.State.DONE);
        sr.close();
        sr = attachSr();
        device = attach(child);
        device.writeZeroes(3 * BLOCK, BLOCK, true);

        sr.compose(parent, child);

        for (long zero : List.of(0L, 8192L, 16384L, BLOCK, 2 * BLOCK - 512, 3 * BLOCK)) {
            assertThat(read(device, zero)).as("byte %d", zero).isZero();
        }
        for (long below : List.of(4096L, 12288L, 20480L, BLOCK - 512, 2 * BLOCK, 3 * BLOCK - 512)) {
            assertThat(read(device, below)).as("byte %d", below).isEqualTo(9);
        }
    }

    @Test
    void aDiskThatMayHaveLeftOutZerosIsNotComposedNorAreItsClones() throws IOException {
        VdiId parent = filled("parent", 9);
        VdiId child = create("child");
        sr.snapshot(List.of(child), "");
        attach(child).writeZeroes(512, 512, true);
        VdiId clone = sr.clone(child, "clone").vdi();
        sr.set(child, new VdiChange(null, null, Map.of("base_mirror", "too late"), Set.of()));

        assertError(() -> sr.compose(parent, child), SrError.VDI_TYPE);
        assertThat(read(exported(child), 512)).isZero();
        assertError(() -> sr.compose(parent, clone), SrError.VDI_TYPE);
        sr.close();
        sr = attachSr();
        assertError(() -> sr.compose(parent, child), SrError.VDI_TYPE);
        assertError(() -> sr.compose(parent, clone), SrError.VDI_TYPE);

        sr.destroy(child);
        sr.create(new VdiSpec(SIZE, "child", "", child, false));
        sr.snapshot(List.of(child), "");
        sr.compose(parent, child);
        assertThat(read(attach(child), 512))
                .as("of another disk with the same id")
                .isEqualTo(9);
    }

    @Test
    void whatAChildBuildsOnIsNotLostByComposingIt() throws IOException {
        VdiId parent = filled("parent", 9);
        VdiId child = filled("child", 8);
        sr.snapshot(List.of(child), "");

        assertError(() -> sr.compose(parent, child), SrError.VDI_TYPE);
        assertThat(read(attach(child), 0)).isEqualTo(8);
    }

    @Test
    void aMirrorsTargetIsNotMergedWithItsBaseCopy() throws IOException {
        VdiId child = filled("child", 8);
        sr.destroy(sr.snapshot(List.of(child), "").get(0).vdi());
        sr.set(child, new VdiChange(null, null, Map.of("base_mirror", "1"), Set.of()));
        collectGarbage();
        assertThat(sr.vdi(child).depth()).isEqualTo(2);
        sr.set(child, new VdiChange(null, null, Map.of(), Set.of("base_mirror")));
        collectGarbage();
        assertThat(sr.vdi(child).depth()).isEqualTo(1);
    }

    /** Returns a disk in each of whose sectors {@code value} stands. */
    private VdiId filled(String name, int value) throws IOException {
        VdiId vdi = create(name);
        ByteBuffer content = ByteBuffer.allocate(SIZE);
        for (int at = 0; at < SIZE; at += 512) {
            content.putInt(at, value);
        }
        attach(vdi).write(0, content.rewind());
        sr.detach(vdi);
        return vdi;
    }

    @Test
    void aDiskThatIsResetOnBootBeginsEachBootWithWhatItBuildsOn() throws IOException {
        VdiId disk = create("disk");
        VdiChange on = new VdiChange(null, null, Map.of(), Set.of(), true);
        assertError(() -> sr.set(disk, on), SrError.VDI_TYPE);
        write(attach(disk), 0, 1);
        sr.detach(disk);
        sr.destroy(sr.snapshot(List.of(disk), "").get(0).vdi());
        assertThat(sr.set(disk, on).resetOnBoot()).isTrue();
        for (int boot = 0; boot < 3; boot++) {
            sr.beginBoot(disk);
            BlockDevice device = attach(disk);
            assertThat(read(device, 0)).isEqualTo(1);
            write(device, 0, 2);
            sr.beginBoot(disk);
            assertThat(read(device, 0)).isEqualTo(2);
            assertError(() -> sr.reset(disk), SrError.VDI_IN_USE);
            sr.detach(disk);
            assertThat(collectGarbage().state()).isEqualTo(Job.State.DONE);
        }
        sr.set(disk, new VdiChange(null, null, Map.of(), Set.of(), false));
        sr.beginBoot(disk);
        assertThat(read(attachReadOnly(disk), 0)).isEqualTo(2);
        sr.detach(disk);
        assertError(() -> sr.set(disk, on), SrError.VDI_TYPE);
        sr.reset(disk);
        assertThat(read(attachReadOnly(disk), 0)).isEqualTo(1);
    }

    private VdiId create(String name) {
        return sr.create(new VdiSpec(SIZE, name, "", null, false)).vdi();
    }

    private BlockDevice attach(VdiId vdi) {
        sr.attach(vdi, AccessMode.READ_WRITE);
        return exported(vdi);
    }

    @Test
    void aSwitchOfADiskKeepsItsChainAndStaysAcrossSnapshots() throws IOException {
        VdiId disk = create("disk");
        VdiId other = create("other");
        sr.set(disk, new VdiChange(null, null, Map.of("coalesce", "false"), Set.of()));
        for (VdiId id : List.of(disk, other)) {
            BlockDevice device = attach(id);
            write(device, 0, 1);
            VdiId first = sr.snapshot(List.of(id), "").get(0).vdi();
            write(device, 0, 2);
            VdiId second = sr.snapshot(List.of(id), "").get(0).vdi();
            write(device, 0, 3);
            sr.destroy(first);
            sr.destroy(second);
        }

        collectGarbage();

        assertThat(sr.vdi(disk).keys()).containsEntry("coalesce", "false");
        assertThat(sr.vdi(disk).depth()).isEqualTo(3);
        assertThat(sr.vdi(other).depth()).isEqualTo(1);
        assertThat(sr.garbage().status().refused())
                .isNotEmpty()
                .allSatisfy(
                        refusal -> assertThat(refusal.reason()).asString().contains("switched off for VDI " + disk));
    }

    @Test
    void whatIsPausedStaysPausedAndTheStatusTellsThePlanAndTheDebt() throws IOException {
        VdiId disk = create("disk");
        BlockDevice device = attach(disk);
        write(device, 0, 1);
        VdiId snapshot = sr.snapshot(List.of(disk), "").get(0).vdi();
        write(device, 0, 2);
        sr.destroy(snapshot);
        sr.garbage().pause();

        assertThat(collectGarbage().result()).contains("stopped", "paused");
        sr.close();
        sr = attachSr();
        GcStatus status = sr.garbage().status();
        assertThat(status.state()).isEqualTo(GcStatus.State.PAUSED);
        assertThat(status.plan()).hasSize(1);
        assertThat(status.debts()).singleElement().satisfies(debt -> {
            assertThat(debt.vdi()).isEqualTo(disk);
            assertThat(debt.steps()).isEqualTo(1);
            assertThat(debt.bytesToMove()).isPositive();
        });

        Long job = sr.garbage().resume().job();
        if (job != null) {
            jobs.waitFor(job, PATIENCE);
        }
        assertThat(sr.vdi(disk).depth()).isEqualTo(1);
    }

    private Job collectGarbage() {
        return jobs.waitFor(sr.collectGarbage().id(), PATIENCE);
    }

    /** Returns the number of files in the SR's directory itself. */
    private int nodeFiles() throws IOException {
        return new FileStorage(directory).list("").size();
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
            assertThat(e.advice()).asString().isNotEmpty();
        });
    }

    /** Hands the disks to the test. */
    private final class DirectExporter implements Exporter {
        @Override
        public Export announce(VdiId vdi, AccessMode mode) {
            return new Export(vdi, mode, "direct:" + vdi);
        }

        @Override
        public void conceal(VdiId vdi) {}

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
