package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.ZeroDetectingDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk is put upon another, as at the end of a migration. */
final class VdiComposeTest extends RepositoryFixture {
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
}
