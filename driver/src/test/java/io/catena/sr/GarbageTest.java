package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Garbage is collected, and nodes are merged. */
final class GarbageTest extends RepositoryFixture {
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
}
