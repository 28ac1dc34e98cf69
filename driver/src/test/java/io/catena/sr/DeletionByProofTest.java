package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.GcChange;
import io.catena.api.GcStatus;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.sr.open.Wanted;
import io.catena.vhd.HiddenFlag;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Garbage is what an operation of ours orphaned; what only looks like it stays. */
class DeletionByProofTest {
    private static final String BASE = "base.vhd";
    private static final UUID BASE_ID = new UUID(5, 5);

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private DirectorySr files;

    @BeforeEach
    void open() {
        files = new DirectorySr(directory, redo);
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void anAdoptedSrIsNotCollectedBeforeSomebodyAgrees() throws IOException {
        base();
        child("child.vhd");
        try (VhdRepository sr = files.attach(Wanted.ADOPTED)) {
            GcStatus status = sr.garbage().status();
            assertThat(status.plan()).as("what would be done").hasSize(1);
            assertThat(status.nextRun()).isNull();
            assertThatThrownBy(() -> files.collect(sr))
                    .isInstanceOfSatisfying(
                            SrException.class,
                            e -> assertThat(e.advice()).asString().contains("gc=on"));
            assertThat(files.file(BASE)).exists();

            agree(sr);
            assertThat(files.collect(sr).result()).contains("merged 1");
        }
    }

    @Test
    void aLoneBaseCopyGoesOnlyByItsName() throws IOException {
        base();
        try (VhdRepository sr = files.attach(Wanted.ADOPTED)) {
            agree(sr);
            assertThat(files.collect(sr).result()).contains("deleted 0");
            assertThat(files.file(BASE)).exists();
            assertThat(refusal(sr)).contains("deleteUnknown");

            assertThat(files.collect(sr, BASE).result()).contains("deleted 1");
            assertThat(files.file(BASE)).doesNotExist();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"CHILD.VHD", "child.vhd.bak", "sub/child.vhd", "a/b/c/child"})
    void whatBuildsOnABaseCopyKeepsItWhateverItIsCalled(String name) throws IOException {
        base();
        child("here.vhd");
        Files.createDirectories(files.file(name).getParent());
        Files.copy(files.file("here.vhd"), files.file(name));
        try (VhdRepository sr = files.attach(Wanted.ADOPTED)) {
            agree(sr);
            assertThat(sr.garbage().status().plan())
                    .as("a merge would change the other's content")
                    .isEmpty();
            byte[] before = Files.readAllBytes(files.file(BASE));
            files.collect(sr);
            sr.destroy(sr.vdis().get(0).vdi());
            files.collect(sr);

            assertThat(files.file(BASE)).hasBinaryContent(before);
            assertThat(refusal(sr)).contains(name + " may build on it");
            assertThatThrownBy(() -> files.collect(sr, BASE)).hasMessageContaining(name);

            Files.delete(files.file(name));
            files.collect(sr);
            assertThat(files.file(BASE)).as("we took its last child away").doesNotExist();
        }
    }

    @Test
    void whatOurOperationsOrphanedIsGarbageAlsoAfterARestart() throws IOException {
        VdiId disk;
        try (VhdRepository sr = files.create()) {
            disk = DirectorySr.disk(sr);
            DirectorySr.write(files.attach(sr, disk), 0, 1);
            VdiId snapshot = sr.snapshot(List.of(disk), "s").get(0).vdi();
            sr.detach(disk);
            sr.destroy(snapshot);
            sr.destroy(disk);
        }
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThat(files.collect(sr).result()).contains("deleted 1");
            assertThat(sr.stat().nodes()).isZero();
        }
    }

    @Test
    void aChildThatComesBackTakesTheProofAway() throws IOException {
        try (VhdRepository sr = files.create()) {
            VdiId disk = DirectorySr.disk(sr);
            DirectorySr.write(files.attach(sr, disk), 0, 1);
            VdiId snapshot = sr.snapshot(List.of(disk), "s").get(0).vdi();
            sr.detach(disk);
            byte[] kept = Files.readAllBytes(files.file(disk));
            sr.garbage().set(new GcChange(false, false, null, null, null, null, null, null));
            sr.destroy(snapshot);
            sr.destroy(disk);

            Files.write(files.file(disk), kept);
            sr.scan();
            files.collect(sr);
            Path elsewhere = redo.resolve("moved.vhd");
            Files.move(files.file(disk), elsewhere);
            sr.scan();
            assertThat(files.collect(sr).result()).contains("deleted 0");
            assertThat(sr.stat().nodes()).isEqualTo(1);
        }
    }

    private void agree(VhdRepository sr) {
        sr.garbage().set(new GcChange(true, null, null, null, null, null, null, null));
    }

    private static String refusal(VhdRepository sr) {
        return sr.garbage().status().refused().stream()
                .filter(refusal -> refusal.node().equals(BASE))
                .map(refusal -> refusal.reason().toString())
                .findFirst()
                .orElse("");
    }

    private void base() throws IOException {
        new VhdCreator(files.storage()).dynamic(BASE, DirectorySr.SIZE, BASE_ID, 0);
        HiddenFlag.set(files.storage(), BASE, true);
    }

    private void child(String name) throws IOException {
        ParentLink link = ParentLink.of(files.storage(), name, BASE, BASE_ID);
        new VhdCreator(files.storage()).differencing(name, DirectorySr.SIZE, UUID.randomUUID(), 0, link);
    }
}
