package io.catena.sr;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.VdiId;
import io.catena.op.Absorb;
import io.catena.op.OfflineAccess;
import io.catena.sr.open.Wanted;
import io.catena.tool.NewVhd;
import io.catena.vhd.ChainFile;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of the right name that is another file than it was is not taken for the disk. */
@Tag("slow")
class ReplacedFileTest {
    private static final int OLD = 11;
    private static final int NEW = 22;

    @TempDir
    Path directory;

    @TempDir
    Path elsewhere;

    @TempDir
    Path redo;

    private DirectorySr files;
    private VdiId disk;

    @BeforeEach
    void make() throws IOException {
        files = new DirectorySr(directory, redo);
        try (VhdRepository sr = files.create()) {
            disk = DirectorySr.disk(sr);
            write(sr, OLD);
        }
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void aRestoredFileIsNotWrittenBeforeSomebodyDecides() throws IOException {
        Path backup = backUp();
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            write(sr, NEW);
        }
        restore(backup);
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr);
            assertThat(kinds(sr)).containsExactly(SrHealth.Kind.CONTRADICTION);
            assertThat(sr.check(false).findings())
                    .extracting(SrCheck.Finding::kind)
                    .containsExactly(SrCheck.Kind.REPLACED);
            assertThatThrownBy(() -> sr.snapshot(List.of(disk), "x")).isInstanceOf(SrException.class);
            assertThatThrownBy(() -> sr.destroy(disk)).isInstanceOf(SrException.class);
            sr.attach(disk, AccessMode.READ_ONLY);
            assertThat(DirectorySr.read(files.device(disk), 0)).isEqualTo(OLD);
            sr.detach(disk);
        }
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr);
            sr.keep(disk + ".vhd");
            assertThat(kinds(sr)).isEmpty();
            write(sr, NEW);
        }
        checkGood();
    }

    @Test
    void aFileThatIsPutBackIsTheDiskAgain() throws IOException {
        Path own = Files.move(files.file(disk), files.file("away"));
        Files.copy(own, files.file(disk));
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr);
            Files.move(own, files.file(disk), REPLACE_EXISTING);
            sr.scan();
            assertThat(kinds(sr)).isEmpty();
            write(sr, NEW);
        }
    }

    @Test
    void aFileThatIsReplacedWhileTheSrIsAttachedIsNoticedByAScan() throws IOException {
        Path backup = backUp();
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            restore(backup);
            sr.scan();
            refused(sr);
        }
    }

    @Test
    void whatWasServedBeforeTheAgentDiedIsNotServedFromAnotherFile() throws IOException {
        restore(backUp());
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThatThrownBy(() -> sr.restore(disk, Hold.HOST, AccessMode.READ_WRITE, AccessMode.READ_WRITE))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining("seen last");
        }
    }

    @Test
    void aFileThatIsOverwrittenWithAnotherDiskIsNoticed() throws IOException {
        new NewVhd(Clock.systemUTC(), UUID::randomUUID)
                .create(files.storage(), "other.vhd", DirectorySr.SIZE, io.catena.tool.NewDiskType.DYNAMIC);
        Files.write(files.file(disk), Files.readAllBytes(files.file("other.vhd")));
        Files.delete(files.file("other.vhd"));
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr);
        }
    }

    @Test
    void twoDisksThatAreSwappedAreBothNoticedThoughTheyBuildOnTheSame() throws IOException {
        VdiId other;
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            other = sr.clone(disk, "clone").vdi();
        }
        Files.move(files.file(disk), files.file("x"));
        Files.move(files.file(other), files.file(disk));
        Files.move(files.file("x"), files.file(other));
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr);
            assertThat(kinds(sr)).containsExactly(SrHealth.Kind.CONTRADICTION, SrHealth.Kind.CONTRADICTION);
        }
    }

    @Test
    void theFileThatADiskHadBeforeASnapshotIsNotTakenForIt() throws IOException {
        Path backup = backUp();
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            sr.snapshot(List.of(disk), "snapshot");
        }
        restore(backup);
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr);
        }
    }

    @Test
    void anSrThatIsCopiedAsAWholeIsGood() throws IOException {
        Path copy = Files.createDirectory(elsewhere.resolve("copy"));
        copyAll(directory, copy);
        files.close();
        files = new DirectorySr(copy, redo);
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThat(kinds(sr)).isEmpty();
            write(sr, NEW);
        }
        checkGood();
    }

    @Test
    void anSrOverWhichAnOlderCopyIsPutFileByFileWhereTheyDifferIsGood() throws IOException {
        copyAll(directory, elsewhere);
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            write(sr, NEW);
        }
        copyAll(elsewhere, directory);
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThat(kinds(sr)).isEmpty();
            assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(OLD);
        }
        checkGood();
    }

    @Test
    void aSnapshotByAnotherManagerIsNoContradictionAndNeitherIsItsMerge() throws IOException {
        String base = UUID.randomUUID() + ".vhd";
        Files.move(files.file(disk), files.file(base));
        HiddenFlag.set(files.storage(), base, true);
        new NewVhd(Clock.systemUTC(), UUID::randomUUID).snapshot(files.storage(), disk + ".vhd", base);
        checkGood();

        new Absorb(base, disk + ".vhd").apply(files.storage());
        checkGood();
    }

    @Test
    void whatTheAgentItselfPutInADisksPlaceIsTheDisk() throws IOException {
        VhdRepository killed = files.attach(Wanted.KNOWN);
        VdiId snapshot = killed.snapshot(List.of(disk), "snapshot").get(0).vdi();
        killed.revert(disk, snapshot);
        assertThat(ChainFile.vhd(files.storage(), disk + ".vhd").uniqueId()).isPresent();
        // It ends without a word: what is there now is what the next one finds.
        Path copy = Files.createDirectory(elsewhere.resolve("copy"));
        linkAll(directory, copy);
        DirectorySr next = new DirectorySr(copy, redo);
        try (next;
                VhdRepository sr = next.attach(Wanted.KNOWN)) {
            assertThat(kinds(sr)).isEmpty();
        }
        killed.close();
    }

    private void checkGood() throws IOException {
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThat(kinds(sr)).isEmpty();
            sr.attach(disk, AccessMode.READ_WRITE);
        }
    }

    private void write(VhdRepository sr, int value) throws IOException {
        DirectorySr.write(files.attach(sr, disk), 0, value);
        sr.detach(disk);
    }

    private void refused(VhdRepository sr) {
        assertThatThrownBy(() -> sr.attach(disk, AccessMode.READ_WRITE))
                .isInstanceOfSatisfying(SrException.class, e -> {
                    assertThat(e.error()).isEqualTo(SrError.VDI_UNAVAILABLE);
                    assertThat(e).hasMessageContaining("seen last").hasMessageContaining("expected");
                    assertThat(e.advice()).asString().contains("keep=FILE");
                });
    }

    private static List<SrHealth.Kind> kinds(VhdRepository sr) {
        return sr.stat().health().reasons().stream().map(SrHealth.Reason::kind).toList();
    }

    private Path backUp() throws IOException {
        return Files.copy(files.file(disk), elsewhere.resolve("backup"), COPY_ATTRIBUTES);
    }

    private void restore(Path backup) throws IOException {
        Path beside = Files.copy(backup, files.file("restored"), COPY_ATTRIBUTES);
        Files.move(beside, files.file(disk), REPLACE_EXISTING);
    }

    /** As rsync does it: a file that differs is written beside the old one, and takes its place. */
    private static void copyAll(Path from, Path to) throws IOException {
        for (Path file : all(from)) {
            Path target = to.resolve(from.relativize(file).toString());
            if (Files.isDirectory(file)) {
                Files.createDirectories(target);
            } else if (!Files.exists(target) || Files.mismatch(file, target) >= 0) {
                Path beside = Files.copy(file, target.resolveSibling("part"), COPY_ATTRIBUTES);
                Files.move(beside, target, REPLACE_EXISTING);
            }
        }
    }

    private static void linkAll(Path from, Path to) throws IOException {
        for (Path file : all(from)) {
            Path target = to.resolve(from.relativize(file).toString());
            if (Files.isDirectory(file)) {
                Files.createDirectories(target);
            } else if (!file.endsWith(OfflineAccess.LOCK)) {
                Files.createLink(target, file);
            }
        }
    }

    private static List<Path> all(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            return found.toList();
        }
    }
}
