package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrError;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Disks grow. */
final class VdiResizeTest extends RepositoryFixture {
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
}
