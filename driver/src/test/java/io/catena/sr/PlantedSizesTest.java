package io.catena.sr;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.sr.kept.KeptFiles;
import io.catena.sr.live.OpenLogs;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small files of an SR that somebody made large, or filled with sizes that nothing has, do not use up the memory. */
final class PlantedSizesTest extends RepositoryFixture {
    private static final long LARGE_BYTES = 4L << 30;

    /** Kept, since a logger that nobody keeps forgets its level. */
    private final Logger log = Logger.getLogger("io.catena");

    @BeforeEach
    void saySoLittle() {
        log.setLevel(Level.OFF);
    }

    @AfterEach
    void sayMoreAgain() {
        log.setLevel(null);
    }

    private Path own(String name) throws IOException {
        Path file = directory.resolve(".catena").resolve(name);
        Files.createDirectories(file.getParent());
        return file;
    }

    private void attachAgain() throws IOException {
        sr.close();
        sr = attachSr();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "files.json",
                "files.self",
                "orphans.json",
                "gc.json",
                "jobs/7.json",
                "cbt/anchors.json",
                "push-down/00000000-0000-0000-0000-000000000001.json"
            })
    void aLargeFileThatIsNeededForNothingKeepsTheSrFromNothing(String name) throws IOException {
        VdiId disk = create("disk");
        sr.close();
        try (RandomAccessFile file = new RandomAccessFile(own(name).toFile(), "rw")) {
            file.setLength(LARGE_BYTES);
        }

        sr = attachSr();

        write(attach(disk), 0, 7);
        assertThat(read(exported(disk), 0)).isEqualTo(7);
    }

    @Test
    void aRecordThatIsLargerThanAnyIsNotKeptInMemory() throws IOException {
        VdiId disk = create("disk");
        Files.writeString(
                own("vdi/" + disk + ".json"), "{\"name\":\"" + "x".repeat(200_000) + "\",\"description\":\"\"}");
        attachAgain();

        assertThat(sr.vdi(disk).name()).hasSizeLessThan(100);
        write(attach(disk), 0, 7);
        assertThatThrownBy(() -> sr.set(disk, keys("x")))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("is not replaced, since it was not read");
    }

    @Test
    void recordsThatAreManyTakeNoMoreThanTheirShare() throws IOException {
        VdiRecords records = new VdiRecords(new FileStorage(directory));
        String large = "{\"name\":\"" + "x".repeat(120_000) + "\",\"description\":\"\"}";
        int kept = 0;
        for (int i = 0; i < 400; i++) {
            VdiId id = new VdiId(new UUID(1, i));
            Files.writeString(own("vdi/" + id + ".json"), large);
            kept += records.get(id, "").name().isEmpty() ? 0 : 1;
        }
        assertThat(kept).isBetween(200, 300);

        VdiId last = new VdiId(new UUID(1, 399));
        assertThatThrownBy(() -> records.write(last, VdiRecord.ofBaseCopy())).isInstanceOf(IOException.class);
        assertThat(Files.readString(own("vdi/" + last + ".json"))).hasSize(large.length());

        records.forget();
        assertThat(records.get(last, "").name()).isNotEmpty();
    }

    @Test
    void moreThanARecordHoldsIsRefused() throws IOException {
        VdiId disk = create("disk");
        String most = "x".repeat(65_000);
        sr.set(disk, keys(most));
        assertError(() -> sr.set(disk, keys(most + most)), SrError.BAD_REQUEST);
        assertError(() -> create(most + most), SrError.BAD_REQUEST);

        sr.snapshot(List.of(disk), "");
        attachAgain();
        assertThat(sr.vdi(disk).keys().equals(Map.of("key", most))).isTrue();
    }

    private static VdiChange keys(String value) {
        return new VdiChange(null, null, Map.of("key", value), Set.of());
    }

    @Test
    void whatIsKeptOfASnapshotThatNoDiskCanHaveSaysNothing() throws IOException {
        UUID snapshot = UUID.randomUUID();
        String body = "{\"version\":1,\"snapshot\":\"" + snapshot + "\",\"sizeBytes\":9223372036854775807,"
                + "\"anchors\":[],\"changed\":\"\"}";
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(UTF_8));
        Files.writeString(own("cbt/" + snapshot + ".bits"), Long.toHexString(crc.getValue()) + "\n" + body);
        Files.writeString(own("vdi/" + snapshot + ".json"), "{\"name\":\"s\",\"description\":\"\"}");
        attachAgain();

        assertThat(sr.vdi(new VdiId(snapshot)).virtualSizeBytes()).isZero();
    }

    @Test
    void aNoteIsNotLargerThanOneCanBeWritten() throws IOException {
        Files.writeString(own("notes/followers"), "[" + "{},".repeat(500_000) + "{}]");
        attachAgain();

        assertError(() -> sr.notes().read("followers"), SrError.IO_ERROR);
    }

    @Test
    void jobsThatNobodyBeganAreNotAllBegun() throws IOException {
        for (int job = 1; job <= 300; job++) {
            Files.writeString(
                    own("jobs/" + job + ".json"), "{\"job\":" + job + ",\"kind\":\"" + "x".repeat(1000) + "\"}");
        }
        attachAgain();

        assertThat(sr.jobIntents().all()).hasSize(100);
    }

    @Test
    void namesInNotesAreNotLongerThanNamesOfFiles() throws IOException {
        UUID snapshot = UUID.randomUUID();
        UUID log = UUID.randomUUID();
        String body = "{\"version\":1,\"snapshot\":\"" + snapshot + "\",\"sizeBytes\":4096,\"anchors\":[{\"node\":\""
                + "x".repeat(1000) + "\"}],\"changed\":\"\"}";
        CRC32C crc = new CRC32C();
        crc.update(body.getBytes(UTF_8));
        Files.writeString(own("cbt/" + snapshot + ".bits"), Long.toHexString(crc.getValue()) + "\n" + body);
        Files.writeString(own("open/" + log), "x".repeat(1000));

        assertThat(new KeptFiles(new FileStorage(directory)).anchors()).isEmpty();
        assertThat(new OpenLogs(new FileStorage(directory)).ids()).containsExactly(log);
        assertThat(new OpenLogs(new FileStorage(directory)).name(log)).isEmpty();
    }
}
