package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.sr.open.Wanted;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two files that claim to be the same disk: what sorts first is not what is served. */
class ContradictionTest {
    private static final int OURS = 0x42424242;
    private static final int TWINS = 0x41414141;

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
    void aRawTwinDoesNotBecomeTheDisk() throws IOException {
        VdiId disk = diskWithRawTwin();
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            refused(sr, disk);
            assertThat(sr.stat().health().reasons())
                    .extracting(SrHealth.Reason::kind)
                    .contains(SrHealth.Kind.CONTRADICTION);
            assertThat(sr.check(false).findings())
                    .extracting(SrCheck.Finding::kind)
                    .contains(SrCheck.Kind.TWIN);
            sr.attach(disk, AccessMode.READ_ONLY);
            assertThat(DirectorySr.read(files.device(disk), 0)).isEqualTo(OURS);
            sr.detach(disk);
            sr.vdis().stream().map(Vdi::vdi).forEach(vdi -> refused(sr, vdi));
        }
    }

    @Test
    void aDiskThatWasServedIsServedAgainAfterARestart() throws IOException {
        VdiId disk = diskWithRawTwin();
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            sr.restore(disk, Hold.HOST, AccessMode.READ_WRITE, AccessMode.READ_WRITE);
            assertThat(DirectorySr.read(files.device(disk), 0)).isEqualTo(OURS);
            DirectorySr.write(files.device(disk), 0, 7);
            sr.detach(disk);
        }
        assertThat(raw(disk)).as("the twin is not written").isEqualTo(TWINS);
    }

    @Test
    void aTwinThatComesWhileADiskIsServedChangesNothingForIt() throws IOException {
        try (VhdRepository sr = files.create()) {
            VdiId disk = DirectorySr.disk(sr);
            DirectorySr.write(files.attach(sr, disk), 0, OURS);
            twin(disk);
            sr.scan();

            assertThat(DirectorySr.read(files.device(disk), 0)).isEqualTo(OURS);
            assertThat(sr.stat().health().state()).isEqualTo(SrHealth.State.DEGRADED);
            assertThatThrownBy(() -> sr.keep(disk + ".vhd")).hasMessageContaining(disk.toString());
        }
    }

    @Test
    void whatIsKeptIsTheDiskFromThenOn() throws IOException {
        VdiId disk = diskWithRawTwin();
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            sr.keep(disk + ".raw");
            assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(TWINS);
        }
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(TWINS);
            assertThat(sr.vdis()).as("the other is a disk of its own").hasSize(2);
            VdiId other = sr.vdis().stream()
                    .map(Vdi::vdi)
                    .filter(vdi -> !vdi.equals(disk))
                    .findFirst()
                    .orElseThrow();
            assertThat(DirectorySr.read(files.attach(sr, other), 0)).isEqualTo(OURS);
            assertThat(sr.stat().health().state()).isEqualTo(SrHealth.State.HEALTHY);
            assertThatThrownBy(() -> sr.keep("none.vhd"))
                    .isInstanceOfSatisfying(
                            SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST));
        }
    }

    @Test
    void aCopyWithTheUniqueIdOfADiskWithoutRecordMakesBothUnusableForWriting() throws IOException {
        new VhdCreator(files.storage()).dynamic("b.vhd", DirectorySr.SIZE, new UUID(5, 5), 0);
        files.attach(Wanted.ADOPTED).close();
        Files.copy(files.file("b.vhd"), files.file("a.vhd"));
        try (VhdRepository sr = files.attach(Wanted.KNOWN)) {
            sr.vdis().stream().map(Vdi::vdi).forEach(vdi -> refused(sr, vdi));

            sr.keep("b.vhd");
            files.attach(sr, new VdiId(new UUID(5, 5)));
            assertThat(sr.tree())
                    .filteredOn(node -> new VdiId(new UUID(5, 5)).equals(node.id()))
                    .singleElement()
                    .satisfies(node -> assertThat(node.file()).isEqualTo("b.vhd"));
        }
    }

    @Test
    void theRecordOfAnEarlierVersionIsCompletedWhereThereIsNoDoubt() throws IOException {
        VdiId disk;
        try (VhdRepository sr = files.create()) {
            disk = DirectorySr.disk(sr);
        }
        Path record = files.file(".catena/vdi/" + disk + ".json");
        String text = Files.readString(record);
        Files.writeString(record, text.replaceAll(",\\s*\"file\": \"[^\"]*\"", ""));
        assertThat(Files.readString(record)).doesNotContain("\"file\"");
        files.attach(Wanted.KNOWN).close();

        assertThat(Files.readString(record)).contains(disk + ".vhd");
    }

    private VdiId diskWithRawTwin() throws IOException {
        VdiId disk;
        try (VhdRepository sr = files.create()) {
            disk = DirectorySr.disk(sr);
            DirectorySr.write(files.attach(sr, disk), 0, OURS);
            sr.detach(disk);
        }
        twin(disk);
        return disk;
    }

    private void twin(VdiId disk) throws IOException {
        byte[] content = new byte[(int) DirectorySr.SIZE];
        ByteBuffer.wrap(content).putInt(0, TWINS);
        Files.write(files.file(disk + ".raw"), content);
    }

    private int raw(VdiId disk) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(files.file(disk + ".raw"))).getInt(0);
    }

    private static void refused(VhdRepository sr, VdiId vdi) {
        assertThatThrownBy(() -> sr.attach(vdi, AccessMode.READ_WRITE)).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(SrError.VDI_UNAVAILABLE);
            assertThat(e.advice()).asString().contains("keep=FILE");
        });
    }
}
