package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Disks go back to what a snapshot holds, or to what they build on. */
final class VdiRevertTest extends RepositoryFixture {
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
}
