package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.ContentOrigin;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams of what changed become disks upon those that hold the rest. */
@Tag("slow")
class DeltaUploadTest {
    @TempDir
    Path directory;

    private DiskTrees from;
    private DiskTrees to;

    @BeforeEach
    void attach() throws IOException {
        from = trees("from");
        to = trees("to");
    }

    private DiskTrees trees(String name) throws IOException {
        return new DiskTrees(
                Files.createDirectory(directory.resolve(name)),
                Files.createDirectory(directory.resolve(name + "-redo")));
    }

    @AfterEach
    void detach() throws IOException {
        from.close();
        to.close();
    }

    @Seeds(2)
    void aChainOfStreamsMakesTheSameDisksElsewhere(long seed) throws IOException {
        from.grow(new Random(seed));
        VdiId base = null;
        VdiId copy = null;
        for (VdiId snapshot : from.snapshots) {
            byte[] vhd = from.exported(snapshot, StreamFormat.VHD, base, 0);
            VdiId before = copy;
            copy = to.importedUpon(null, false, vhd);
            assertHolds(copy, from.content(snapshot));
            if (before != null) {
                assertThat(to.sr.vdi(copy).parent())
                        .as("%s builds on what %s does", copy, before)
                        .isEqualTo(to.sr.vdi(before).parent());
                assertHolds(before, from.content(Objects.requireNonNull(base)));
            }
            base = snapshot;
        }
        assertThat(to.sr.check(false).findings()).isEmpty();
        to.sr.destroy(Objects.requireNonNull(copy));
        assertThat(to.sr.check(false).findings()).isEmpty();
    }

    @Test
    void zerosOfTheDeltaHideWhatTheBaseHolds() throws IOException {
        VdiId disk = from.create();
        from.write(disk, 0, new byte[] {1, 2, 3});
        VdiId base = from.cut(disk);
        from.write(disk, DiskTrees.PAGE, new byte[] {0});
        byte[] delta = from.exported(from.cut(disk), StreamFormat.VHD, base, 0);

        VdiId copy = from.importedUpon(base, false, delta);
        assertThat(from.exported(copy, StreamFormat.RAW, null, 0)).isEqualTo(from.content(disk));
        assertThat(from.exported(base, StreamFormat.RAW, null, 0)).isEqualTo(from.content(base));
    }

    @Test
    void aBaseThatHoldsSomethingElseIsRefused() throws IOException {
        VdiId disk = from.create();
        from.write(disk, 0, new byte[] {1});
        VdiId first = from.cut(disk);
        byte[] full = from.exported(first, StreamFormat.VHD, null, 0);
        from.write(disk, 0, new byte[] {2});
        byte[] delta = from.exported(from.cut(disk), StreamFormat.VHD, first, 0);

        assertRefused(null, delta, "no disk of SR");
        VdiId other = to.create();
        assertRefused(other, delta, "not known to hold that");
        VdiId copy = to.importedUpon(null, false, full);
        assertRefused(copy, full, "takes no base");

        to.sr.attachAndActivate(copy, Hold.HOST, AccessMode.READ_WRITE);
        assertRefused(copy, delta, "");
        to.sr.detach(copy, Hold.HOST);
        assertRefused(null, delta, "no disk of SR");
        assertHolds(to.importedUpon(copy, true, delta), from.content(disk));
    }

    @Test
    void ofTwoThatHoldItOneHasToBeChosen() throws IOException {
        VdiId disk = from.create();
        from.write(disk, 0, new byte[] {1});
        VdiId base = from.cut(disk);
        byte[] full = from.exported(base, StreamFormat.VHD, null, 0);
        from.write(disk, 0, new byte[] {2});
        byte[] delta = from.exported(from.cut(disk), StreamFormat.VHD, base, 0);
        VdiId one = to.importedUpon(null, false, full);
        to.importedUpon(null, false, full);

        assertRefused(null, delta, "several disks");
        VdiId snapshot = to.sr.snapshot(List.of(one), "snapshot").get(0).vdi();
        assertHolds(to.importedUpon(snapshot, false, delta), from.content(disk));
        assertHolds(to.importedUpon(snapshot, false, delta), from.content(disk));
    }

    @Test
    void theBaseStaysAsItIsWhileChangesComeAndNothingIsLeftOfThoseThatBreakOff() throws IOException {
        VdiId disk = from.create();
        from.write(disk, 0, new byte[] {1});
        VdiId base = from.cut(disk);
        from.write(disk, 0, new byte[] {2});
        byte[] delta = from.exported(from.cut(disk), StreamFormat.VHD, base, 0);
        VdiSpec spec = new VdiSpec(DiskTrees.DISK_BYTES, "delta", "", null, false);
        try (VdiImport target = from.sr.importVdi(spec, ContentOrigin.of(base.uuid(), base.uuid()))) {
            assertThatThrownBy(() -> from.sr.destroy(base)).hasMessageContaining("import builds on it");
            from.sr.clone(base, "clone");
            target.zero(0, DiskTrees.PAGE);
        }
        int before = from.sr.vdis().size();
        assertThatThrownBy(() -> from.importedUpon(base, false, Arrays.copyOf(delta, delta.length - 600)))
                .isInstanceOfAny(SrException.class, IOException.class);
        assertThat(from.sr.vdis()).hasSize(before);
        assertThat(directory.resolve("from/.catena/tmp").toFile().list()).isNullOrEmpty();
        from.sr.destroy(base);
    }

    private void assertRefused(@Nullable VdiId base, byte[] vhd, String why) {
        int before = to.sr.vdis().size();
        assertThatThrownBy(() -> to.importedUpon(base, false, vhd))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isIn(SrError.BAD_REQUEST, SrError.VDI_IN_USE))
                .hasMessageContaining(why);
        assertThat(to.sr.vdis()).hasSize(before);
    }

    private void assertHolds(VdiId vdi, byte[] content) throws IOException {
        assertThat(Arrays.equals(to.exported(vdi, StreamFormat.RAW, null, 0), content))
                .as("%s holds the same", vdi)
                .isTrue();
    }
}
