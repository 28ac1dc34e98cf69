package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real programs, on a disk that qemu made. */
@Tag("slow")
class PeersInteropTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final int SIZE = 5 * 1024 * 1024 + 512;

    @TempDir
    Path directory;

    private Path raw;
    private Path vhd;

    @BeforeEach
    void makeADisk() throws Exception {
        byte[] content = new byte[SIZE];
        new Random(7).nextBytes(content);
        raw = directory.resolve("disk,raw");
        vhd = directory.resolve("disk,x.vhd");
        Files.write(raw, content);
        QemuImg.convertFromRaw(raw, vhd, "dynamic");
    }

    @Test
    void qemuAndTheReferenceReaderAgree() throws Exception {
        assertThat(QemuImg.info(vhd).get("virtual-size").getAsLong()).isEqualTo(SIZE);
        assertThat(QemuImg.isSame(vhd, raw)).isTrue();
        assertThat(ReferenceReader.sha256(vhd)).isEqualTo(sha256(raw));
        QemuImg.convertToRaw(vhd, directory.resolve("back.raw"));
        assertThat(directory.resolve("back.raw")).hasSameBinaryContentAs(raw);
    }

    @Test
    void qemuSeesADifference() throws Exception {
        byte[] content = Files.readAllBytes(raw);
        content[SIZE - 1]++;
        Files.write(raw, content);
        assertThat(QemuImg.isSame(vhd, raw)).isFalse();
    }

    /** Also when all that is missing would be zero. */
    @Test
    void qemuSeesAnotherSize() throws Exception {
        Path empty = directory.resolve("empty.vhd");
        QemuImg.create(empty, "dynamic", SIZE);
        Path shorter = directory.resolve("shorter.raw");
        Files.write(shorter, new byte[SIZE - 512]);
        assertThat(QemuImg.isSame(empty, shorter)).isFalse();
    }

    @Test
    void qemuFailsOnAFileThatIsMissing() {
        assertThatThrownBy(() -> QemuImg.isSame(directory.resolve("none.vhd"), raw))
                .isInstanceOf(IOException.class);
    }

    @Test
    void aDiskThatQemuCreatesIsEmpty() throws Exception {
        Path empty = directory.resolve("empty.vhd");
        QemuImg.create(empty, "fixed", SIZE);
        try (ReferenceReader reader = ReferenceReader.open(empty)) {
            assertThat(reader.virtualSize()).isEqualTo(SIZE);
            assertThat(reader.read(0, SIZE)).containsOnly(0);
        }
    }

    @Test
    void libvhdiAndTheReferenceReaderAgree() throws Exception {
        Path mountPoint;
        try (VhdiMount mount = VhdiMount.open(vhd)) {
            mountPoint = mount.view().getParent();
            assertThat(mount.view()).hasSameBinaryContentAs(raw);
        }
        assertThat(mountPoint).doesNotExist();
    }

    @Test
    void libvhdiShowsTheLeafOfAChain() throws Exception {
        FixtureFile child = Fixtures.unpack(directory).get("synth-hyperv-chain").file("child.avhd");
        try (VhdiMount mount = VhdiMount.open(child.path())) {
            assertThat(sha256(mount.view())).isEqualTo(child.contentSha256().orElseThrow());
        }
    }

    @Test
    void libvhdiRefusesWhatIsNoVhd() {
        assertThatThrownBy(() -> VhdiMount.open(raw))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("vhdimount");
    }

    @Test
    void nbdcopyDigestsAWholeExport() throws Exception {
        try (Nbdkit server = Nbdkit.serve("file", raw.toString())) {
            assertThat(NbdCopy.sha256(server.uri(), DEADLINE)).isEqualTo(sha256(raw));
        }
    }

    @Test
    void nbdcopyCopiesBothWays() throws Exception {
        Path copy = directory.resolve("copy.raw");
        try (Nbdkit server = Nbdkit.serve("memory", Integer.toString(SIZE))) {
            NbdCopy.fromFile(raw, server.uri(), DEADLINE);
            NbdCopy.toFile(server.uri(), copy, DEADLINE);
        }
        assertThat(copy).hasSameBinaryContentAs(raw);
    }

    @Test
    void nbdcopyFailsWhenNobodyServes() {
        assertThatThrownBy(() -> NbdCopy.sha256("nbd+unix:///?socket=" + directory.resolve("none"), DEADLINE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("exit code 1");
    }

    @Test
    void nbdcopyIsKilledAtTheDeadline() throws Exception {
        try (Nbdkit server = Nbdkit.serve("--filter=delay", "file", raw.toString(), "delay-read=60")) {
            assertThatThrownBy(() -> NbdCopy.sha256(server.uri(), Duration.ofMillis(500)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("failed or took more than");
        }
    }

    @Test
    void fioWritesAndVerifies() throws Exception {
        try (Nbdkit server = Nbdkit.serve("memory", "8M")) {
            FioJob job =
                    FioJob.verified(server.uri(), "randwrite", 4096, 8 << 20).withQueueDepth(4);
            FioResult result = Fio.run(job, DEADLINE);
            assertThat(result.ioErrors()).isZero();
            assertThat(result.write().bytes()).isEqualTo(8 << 20);
            assertThat(result.read().bytes()).isEqualTo(8 << 20);
            assertThat(result.write().iops()).isPositive();
            assertThat(result.write().p99Nanos())
                    .isGreaterThanOrEqualTo(result.write().p50Nanos());
        }
    }

    @Test
    void fioMeasuresForATime() throws Exception {
        try (Nbdkit server = Nbdkit.serve("memory", "8M")) {
            FioResult result = Fio.run(
                    FioJob.verified(server.uri(), "randread", 4096, 8 << 20).timed(1), DEADLINE);
            assertThat(result.read().bytes()).isPositive();
            assertThat(result.write().bytes()).isZero();
        }
    }

    @Test
    void fioNoticesWrongContent() throws Exception {
        try (Nbdkit server = Nbdkit.serve("memory", "1M")) {
            assertThatThrownBy(() -> Fio.run(FioJob.verified(server.uri(), "read", 4096, 1 << 20), DEADLINE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("verify");
        }
    }

    @Test
    void fioNoticesIoErrors() throws Exception {
        try (Nbdkit server = Nbdkit.serve("--filter=error", "memory", "1M", "error-rate=100%")) {
            assertThatThrownBy(() -> Fio.run(FioJob.verified(server.uri(), "write", 4096, 1 << 20), DEADLINE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("fio");
        }
    }

    private static String sha256(Path file) throws IOException {
        return HexFormat.of().formatHex(ReferenceReader.newSha256().digest(Files.readAllBytes(file)));
    }
}
