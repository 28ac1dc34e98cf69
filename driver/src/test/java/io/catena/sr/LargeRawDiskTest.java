package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrError;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Raw disks that are larger than a VHD can be. */
final class LargeRawDiskTest extends RepositoryFixture {
    private static final long LARGE_BYTES = 3L << 40;

    private VdiId disk;

    @BeforeEach
    void makeIt() {
        disk = sr.create(new VdiSpec(LARGE_BYTES, "large", "", null, true)).vdi();
    }

    @Test
    void itIsUsedLikeAnyOther() throws IOException {
        write(attach(disk), LARGE_BYTES - 512, 7);
        sr.detach(disk);
        sr.close();
        sr = attachSr();

        assertThat(sr.stat().problems()).isEmpty();
        assertThat(sr.stat().health().reasons()).isEmpty();
        BlockDevice device = attach(disk);
        assertThat(device.sizeBytes()).isEqualTo(LARGE_BYTES);
        assertThat(read(device, LARGE_BYTES - 512)).isEqualTo(7);
        assertThat(read(device, 0)).isZero();
        sr.detach(disk);
        assertThat(sr.resize(disk, LARGE_BYTES + 512).virtualSizeBytes()).isEqualTo(LARGE_BYTES + 512);
        sr.destroy(disk);
        assertThat(sr.vdis()).isEmpty();
    }

    @Test
    void itIsNotCutSinceNoVhdCouldGoOnWithIt() throws IOException {
        assertError(() -> sr.snapshot(List.of(disk), "before"), SrError.VDI_SIZE);
        assertError(() -> sr.clone(disk, "clone"), SrError.VDI_SIZE);
        assertError(() -> sr.clone(disk, "clone", LARGE_BYTES), SrError.VDI_SIZE);

        write(attach(disk), LARGE_BYTES - 512, 7);
        assertError(() -> sr.snapshot(List.of(disk), "before"), SrError.VDI_SIZE);
        assertThat(read(exported(disk), LARGE_BYTES - 512)).isEqualTo(7);
        assertThat(sr.vdis()).hasSize(1);
        assertThat(directory.resolve(".catena/tmp")).isEmptyDirectory();
    }
}
