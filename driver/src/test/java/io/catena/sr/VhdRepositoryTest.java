package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Disks are made, described, kept and deleted. */
final class VhdRepositoryTest extends RepositoryFixture {
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

    /** What lies in the directory is not what we wrote. */
    @Test
    void aRecordWithAKeyWithoutAValueHidesNoDisk() throws IOException {
        VdiId disk = create("disk");
        create("other");
        sr.close();
        Files.writeString(
                directory.resolve(".catena/vdi/" + disk + ".json"),
                "{\"name\":\"disk\",\"description\":\"\",\"keys\":{\"a\":null,\"b\":\"c\"}}");
        sr = attachSr();

        assertThat(sr.vdis()).hasSize(2);
        assertThat(sr.vdi(disk).keys()).isEqualTo(Map.of("b", "c"));
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
}
