package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrHealth;
import io.catena.api.SrProbe;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.sr.open.Wanted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever may write in an SR's directory can make millions of files there: neither memory nor time goes with them. */
@Tag("slow")
final class CrowdedDirectoryTest {
    private static final int MANY = 150_000;
    private static final int A_MILLION = 1_000_000;
    private static final String TWIN = "a-twin-with-a-name-that-takes-room-in-memory-";

    /** Kept, since a logger that nobody keeps forgets its level. */
    private final Logger log = Logger.getLogger("io.catena");

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    private final Crowd crowd = new Crowd();
    private DirectorySr files;
    private VhdRepository sr;
    private VdiId disk;

    @BeforeEach
    void create() throws IOException {
        log.setLevel(Level.OFF);
        files = new DirectorySr(directory, redo, crowd);
        sr = files.create();
        disk = DirectorySr.disk(sr);
        DirectorySr.write(files.attach(sr, disk), 0, 7);
    }

    @AfterEach
    void close() throws IOException {
        log.setLevel(null);
        crowd.remove();
        sr.close();
        files.close();
    }

    private void attachAgain() throws IOException {
        sr.close();
        sr = files.attach(Wanted.KNOWN);
    }

    private static void refused(Runnable work, String... told) {
        assertThatThrownBy(work::run)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.SR_UNAVAILABLE))
                .hasMessageContainingAll(told);
    }

    @ParameterizedTest
    @CsvSource({
        MANY + ",.vhd,holds 150001 files of disks,at most 100000",
        A_MILLION + ",.vhd,holds more than 200000 files,at most 200000",
        A_MILLION + ",.txt,holds more than 500000 names,at most so many",
    })
    void whatIsTooMuchIsNotAttached(int count, String end, String found, String limit) throws IOException {
        sr.close();
        crowd.make("", count, end);

        refused(() -> files.attach(Wanted.KNOWN), found, limit);

        crowd.remove();
        sr = files.attach(Wanted.KNOWN);
        assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(7);
    }

    @Test
    void filesThatAreNoDisksMayBeMore() throws IOException {
        crowd.make("", 3 * MANY, ".txt");
        attachAgain();

        assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(7);
        assertThat(sr.scan().health().reasons()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"'',.vhd", "'',.txt", ".catena/vdi,.json"})
    void anAttachedSrServesWhatItHas(String crowded, String end) throws IOException {
        BlockDevice device = files.device(disk);
        VdiId other = DirectorySr.disk(sr);
        crowd.make(crowded, A_MILLION, end);

        refused(() -> sr.scan(), "holds more than");

        assertThat(sr.stat().health().reasons())
                .extracting(SrHealth.Reason::kind)
                .containsExactly(SrHealth.Kind.TOO_MANY_FILES);
        DirectorySr.write(device, 512, 8);
        device.flush();
        assertThat(DirectorySr.read(device, 0)).isEqualTo(7);
        assertThat(sr.vdis()).hasSize(2);
        sr.detach(disk);
        assertThat(DirectorySr.read(files.attach(sr, disk), 512)).isEqualTo(8);
        VdiId snapshot = sr.snapshot(List.of(other), "").get(0).vdi();
        files.collect(sr);
        assertThat(sr.vdi(snapshot).parent()).isNotNull();
        refused(() -> sr.check(false), "holds more than");

        crowd.remove();
        assertThat(sr.scan().health().reasons()).isEmpty();
        assertThat(sr.vdis()).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"vdi", "cbt", "open", "replaced", "jobs", "notes", "tmp", "push-down", "journal"})
    void whateverIsCrowdedTheAttachEndsSoonAndHarmsNobody(String own) throws IOException {
        sr.close();
        crowd.make(".catena/" + own, A_MILLION, "." + own);
        long begun = System.nanoTime();
        try {
            sr = files.attach(Wanted.KNOWN);
        } catch (SrException e) {
            assertThat(e.error()).isEqualTo(SrError.SR_UNAVAILABLE);
            assertThat(e).hasMessageContaining(".catena/" + own + " holds more than");
            crowd.remove();
            sr = files.attach(Wanted.KNOWN);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(20));
        assertThat(DirectorySr.read(files.attach(sr, disk), 0)).isEqualTo(7);
    }

    @Test
    void aProbeSaysThatItIsTooMuch() {
        crowd.make("", A_MILLION, ".vhd");
        refused(() -> Probe.of(files.storage(), directory), "holds more than 200000 files");

        crowd.make("", MANY, ".vhd");
        refused(() -> Probe.of(files.storage(), directory), "holds 150001 files of disks", "at most 100000");

        crowd.make("", MANY, ".txt");
        assertThat(Probe.of(files.storage(), directory).kind()).isEqualTo(SrProbe.Kind.SR);
    }

    @Test
    void aCheckListsNotEachOfThousandsOfFiles() {
        crowd.make("", MANY, ".txt");

        SrCheck check = sr.check(false);

        assertThat(check.findings()).hasSizeLessThan(1100);
        assertThat(check.findings()).extracting(SrCheck.Finding::problem).contains("149000 more are not listed");
    }

    /** To name all of them in each of the reasons takes the square of their number. */
    @Test
    void thousandsOfFilesThatClaimOneDiskAreToldInAFewWords() throws IOException {
        sr.detach(disk);
        for (int i = 0; i < 1000; i++) {
            Files.copy(files.file(disk), files.file(TWIN + i + ".vhd"));
        }

        List<SrHealth.Reason> reasons = sr.scan().health().reasons();

        assertThat(reasons).hasSizeBetween(100, 110);
        assertThat(reasons.stream().mapToInt(reason -> reason.what().length()).sum())
                .isLessThan(100_000);
        assertThat(reasons).extracting(SrHealth.Reason::what).anyMatch(what -> what.contains(" more claim to be"));
        VdiId last = twin(999);
        assertThatThrownBy(() -> sr.attach(last, AccessMode.READ_WRITE)).isInstanceOf(SrException.class);

        sr.keep(TWIN + "7.vhd");
        assertThat(sr.stat().health().reasons()).isEmpty();
        assertThat(DirectorySr.read(files.attach(sr, twin(7)), 0)).isEqualTo(7);
    }

    private VdiId twin(int number) {
        return sr.vdis().stream()
                .filter(vdi -> vdi.file().equals(TWIN + number + ".vhd"))
                .findFirst()
                .orElseThrow()
                .vdi();
    }
}
