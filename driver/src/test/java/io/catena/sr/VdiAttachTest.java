package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Who may have a disk attached, and active. */
final class VdiAttachTest extends RepositoryFixture {
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
}
