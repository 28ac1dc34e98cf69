package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SnapshotResult;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.sr.record.SrRecord;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Snapshots and clones. */
@Tag("slow")
final class VdiCutTest extends RepositoryFixture {
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
}
