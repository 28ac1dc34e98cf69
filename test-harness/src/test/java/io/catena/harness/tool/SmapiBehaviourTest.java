package io.catena.harness.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrStat;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.harness.sim.Machine;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows of {@code driver/SMAPI-BEHAVIOUR.md} that no other test shows, on real files. */
@Tag("slow")
final class SmapiBehaviourTest {
    private static final int BLOCK = 2 << 20;
    private static final VdiId DISK = new VdiId(new UUID(7, 1));

    @TempDir
    Path home;

    private final Jobs jobs = BareSr.jobs();
    private Path directory;
    private BareSr bare;
    private VhdRepository sr;

    @BeforeEach
    void attach() throws IOException {
        directory = Files.createDirectory(home.resolve("sr"));
        FileStorage storage = new FileStorage(directory);
        VhdRepository.create(storage, BareSr.ID, "sr");
        bare = new BareSr(storage, new Machine(1).tmpfs("run"), 1);
        sr = bare.attach(jobs);
    }

    @AfterEach
    void close() throws IOException {
        sr.close();
        jobs.close();
    }

    private void create(VdiSpec spec) {
        sr.create(spec);
    }

    private static VdiSpec spec(long sizeBytes) {
        return new VdiSpec(sizeBytes, "disk", "", DISK, false);
    }

    @Test
    void anUnmountedSrIsUnavailableAndNothingIsForgotten() throws IOException {
        create(spec(BLOCK));
        Path elsewhere = home.resolve("elsewhere");
        Files.move(directory, elsewhere);
        Files.createDirectory(directory);

        assertError(() -> sr.scan(), SrError.SR_UNAVAILABLE);
        assertError(() -> sr.check(true), SrError.SR_UNAVAILABLE);
        Files.delete(directory);
        Files.move(elsewhere, directory);
        sr.scan();

        assertThat(sr.vdis())
                .singleElement()
                .satisfies(vdi -> assertThat(vdi.name()).isEqualTo("disk"));
    }

    @Test
    void theStatTellsTheFileSystemsSizeAndWhatTheDisksTakeOfIt() throws IOException {
        create(spec(10 * BLOCK));
        SrStat stat = sr.stat();

        assertThat(stat.capacityBytes()).isEqualTo(Files.getFileStore(directory).getTotalSpace());
        assertThat(stat.freeBytes()).isBetween(1L, stat.capacityBytes());
        assertThat(stat.virtualBytes()).isEqualTo(10 * BLOCK);
        assertThat(stat.physicalBytes()).isBetween(1L, (long) BLOCK);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 512, BLOCK})
    void theSmallestDiskHasOneBlock(long sizeBytes) {
        create(spec(sizeBytes));
        assertThat(sr.vdi(DISK).virtualSizeBytes()).isEqualTo(BLOCK);
    }

    @Test
    void theLargestDiskHas2040Gib() {
        create(spec((2040L << 30) - 1));
        assertThat(sr.vdi(DISK).virtualSizeBytes()).isEqualTo(2040L << 30);
    }

    @Test
    void aRawDiskIsASparseFileOfExactlyItsSize() throws IOException {
        create(new VdiSpec(BLOCK + 512, "raw", "", DISK, true));

        assertThat(directory.resolve(DISK + ".raw")).hasSize(BLOCK + 512);
        assertThat(sr.vdi(DISK).virtualSizeBytes()).isEqualTo(BLOCK + 512);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a\u0000b", "\u001b[31m", "\u007f", "\u0084", "\u0086", "\u009f", "\ud800", "\ufdd0", "\uffff"})
    void textsThatXmlCannotSayAreRefused(String text) {
        create(spec(BLOCK));

        assertError(() -> sr.create(new VdiSpec(BLOCK, text, "", null, false)), SrError.ILLEGAL_CHARACTER);
        assertError(() -> sr.create(new VdiSpec(BLOCK, "", text, null, false)), SrError.ILLEGAL_CHARACTER);
        assertError(() -> sr.set(DISK, new VdiChange(text, null, Map.of(), Set.of())), SrError.ILLEGAL_CHARACTER);
        assertError(() -> sr.snapshot(List.of(DISK), text), SrError.ILLEGAL_CHARACTER);
        assertError(() -> sr.clone(DISK, text, 0), SrError.ILLEGAL_CHARACTER);
        assertError(() -> sr.set(new SrChange(text, null, null, null)), SrError.ILLEGAL_CHARACTER);
        assertThat(sr.vdis()).hasSize(1);
        assertThat(sr.check(false).findings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "tab\tand\nline", "\u0085", "Gr\u00fc\u00dfe", "\ud83d\ude00", "<&>\"'"})
    void otherTextsAreKept(String text) {
        create(new VdiSpec(BLOCK, text, text, DISK, false));

        assertThat(sr.vdi(DISK).name()).isEqualTo(text);
        assertThat(sr.vdi(DISK).description()).isEqualTo(text);
    }

    @Test
    void aDestroyedDisksFileAndRecordAreGoneAtOnceAndARepeatSucceeds() {
        create(spec(BLOCK));
        sr.destroy(DISK);

        assertThat(directory.resolve(DISK + ".vhd")).doesNotExist();
        assertThat(directory.resolve(".catena/vdi/" + DISK + ".json")).doesNotExist();
        sr.destroy(DISK);
        assertThat(sr.vdis()).isEmpty();
    }

    @Test
    void whatADestroyedDisksSnapshotNeedsStays() throws IOException {
        create(spec(BLOCK));
        write(DISK, 1);
        VdiId snapshot = sr.snapshot(List.of(DISK), "s").get(0).vdi();
        sr.detach(DISK);
        sr.destroy(DISK);
        jobs.waitFor(sr.collectGarbage().id(), Duration.ofSeconds(60));

        assertThat(read(snapshot)).isEqualTo(1);
    }

    @Test
    void aDiskIsWrittenByOneOrReadByMany() {
        create(spec(BLOCK));
        sr.attach(DISK, AccessMode.READ_WRITE);
        assertError(() -> sr.attach(DISK, AccessMode.READ_ONLY), SrError.VDI_IN_USE);
        sr.detach(DISK);
        sr.attach(DISK, AccessMode.READ_ONLY);
        sr.attach(DISK, AccessMode.READ_ONLY);
        assertError(() -> sr.attach(DISK, AccessMode.READ_WRITE), SrError.VDI_IN_USE);
    }

    @Test
    void aCloneOfASnapshotSharesItsBaseCopyAndIsIndependent() throws IOException {
        create(spec(BLOCK));
        write(DISK, 1);
        VdiId snapshot = sr.snapshot(List.of(DISK), "s").get(0).vdi();
        VdiId clone = sr.clone(snapshot, "c", 0).vdi();
        assertThat(sr.vdi(clone).parent()).isEqualTo(sr.vdi(snapshot).parent()).isNotNull();
        write(clone, 2);

        assertThat(read(clone)).isEqualTo(2);
        assertThat(read(snapshot)).isEqualTo(1);
        assertThat(read(DISK)).isEqualTo(1);
    }

    @Test
    void aDiskDoesNotShrink() {
        create(spec(2 * BLOCK));
        assertError(() -> sr.resize(DISK, BLOCK), SrError.VDI_SIZE);
        assertThat(sr.resize(DISK, 2 * BLOCK + 1).virtualSizeBytes()).isEqualTo(3 * BLOCK);
    }

    private void write(VdiId vdi, int value) throws IOException {
        sr.attach(vdi, AccessMode.READ_WRITE);
        bare.device(vdi).write(0, ByteBuffer.allocate(512).put(0, (byte) value));
    }

    private int read(VdiId vdi) throws IOException {
        if (sr.holds().stream().noneMatch(hold -> hold.vdi().equals(vdi))) {
            sr.attach(vdi, AccessMode.READ_ONLY);
        }
        ByteBuffer sector = ByteBuffer.allocate(512);
        bare.device(vdi).read(0, sector);
        return sector.get(0);
    }

    private static void assertError(Runnable work, SrError error) {
        assertThatThrownBy(work::run)
                .isInstanceOf(SrException.class)
                .satisfies(e -> assertThat(((SrException) e).error()).isEqualTo(error));
    }
}
