package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The clients that people use, against the server. */
@Timeout(300)
@Tag("slow")
class NbdPeersTest {
    private static final int SIZE_BYTES = 64 << 20;
    private static final Duration DEADLINE = Duration.ofSeconds(100);
    private static final String INSTALL = "apt-get install -y libnbd-bin qemu-utils fio";

    private static final Tool NBDINFO = new Tool("nbdinfo", INSTALL);
    private static final Tool NBDCOPY = new Tool("nbdcopy", INSTALL);
    private static final Tool QEMU_IO = new Tool("qemu-io", INSTALL);
    private static final Tool QEMU_IMG = new Tool("qemu-img", INSTALL);
    private static final Tool QEMU_NBD = new Tool("qemu-nbd", INSTALL);
    private static final Tool FIO = new Tool("fio", INSTALL);

    private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES);

    @TempDir
    Path directory;

    private NbdFixture nbd;
    private String uri;
    private String readOnlyUri;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture(NbdLimits.DEFAULT);
        uri = nbd.publish(1, AccessMode.READ_WRITE, disk);
        readOnlyUri = nbd.publish(2, AccessMode.READ_ONLY, disk);
    }

    @AfterEach
    void stop() throws IOException {
        nbd.close();
    }

    @Test
    void nbdinfoSeesWhatTheExportCanDo() throws Exception {
        assertThat(NBDINFO.run(DEADLINE, uri))
                .contains("protocol: newstyle-fixed without TLS")
                .contains("export-size: 67108864")
                .contains("is_read_only: false")
                .contains("can_flush: true")
                .contains("can_fua: true")
                .contains("can_multi_conn: true")
                .contains("can_trim: true")
                .contains("can_zero: true")
                .contains("can_fast_zero: true")
                .contains("can_cache: true")
                .contains("can_df: true")
                .contains("base:allocation")
                .contains("block_size_minimum: 512")
                .contains("block_size_preferred: 4096")
                .contains("block_size_maximum: 33554432");
        assertThat(NBDINFO.run(DEADLINE, readOnlyUri)).contains("is_read_only: true");
    }

    @Test
    void hundredsOfExportsAreListed() throws Exception {
        int count = 200;
        for (int number = 3; number <= count; number++) {
            nbd.publish(number, AccessMode.READ_WRITE, disk);
        }
        assertThat(NBDINFO.run(DEADLINE, "--list", uri).split("export=", -1)).hasSize(count + 1);
        assertThat(QEMU_NBD.run(DEADLINE, "-L", "-k", nbd.socket().toString()))
                .contains("exports available: " + count)
                .contains(NbdFixture.name(count));
    }

    @Test
    void nbdinfoListsTheExports() throws Exception {
        assertThat(NBDINFO.run(DEADLINE, "--list", uri))
                .contains("export=\"" + NbdFixture.name(1) + "\"")
                .contains("export=\"" + NbdFixture.name(2) + "\"");
    }

    @Test
    void nbdcopyCopiesIn() throws Exception {
        Path image = randomImage();

        NBDCOPY.run(DEADLINE, "--flush", image.toString(), uri);

        assertThat(Arrays.equals(disk.content(), Files.readAllBytes(image))).isTrue();
        assertThat(disk.flushes()).isPositive();
    }

    @Test
    void nbdcopyCopiesOut() throws Exception {
        new Random(4).nextBytes(disk.content());
        Path copy = directory.resolve("copy.img");

        NBDCOPY.run(DEADLINE, uri, copy.toString());

        assertThat(Arrays.equals(disk.content(), Files.readAllBytes(copy))).isTrue();
    }

    @Test
    void qemuIoWritesAndVerifiesPatterns() throws Exception {
        String output = QEMU_IO.run(
                DEADLINE,
                "-f",
                "raw",
                uri,
                "-c",
                "write -P 0x5a 512 7k",
                "-c",
                "write -f -P 0x5b 1M 32M",
                "-c",
                "flush",
                "-c",
                "read -P 0x5a 512 7k",
                "-c",
                "read -P 0x5b 1M 32M",
                "-c",
                "read -P 0 40M 24M");

        assertThat(output).doesNotContain("failed");
        assertThat(disk.content()[512]).isEqualTo((byte) 0x5a);
        assertThat(disk.flushes()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void qemuIoHearsOfAFailingDisk() throws Exception {
        disk.failWith("No space left on device");

        assertThat(QEMU_IO.start(DEADLINE, "-t", "none", "-f", "raw", uri, "-c", "write 0 4k")
                        .output())
                .contains("write failed: No space left on device");
        disk.failWith(null);
    }

    @Test
    void qemuIoCannotWriteToAReadOnlyExport() throws Exception {
        assertThat(QEMU_IO.start(DEADLINE, "-f", "raw", readOnlyUri, "-c", "write 0 4k")
                        .exitCode())
                .isNotZero();
        assertThat(disk.content()[0]).isZero();
    }

    @Test
    void qemuImgConvertsInAndComparesEqual() throws Exception {
        Path image = randomImage();

        QEMU_IMG.run(DEADLINE, "convert", "-n", "-f", "raw", "-O", "raw", image.toString(), uri);

        assertThat(QEMU_IMG.run(DEADLINE, "compare", "-f", "raw", "-F", "raw", image.toString(), readOnlyUri))
                .contains("Images are identical");
        assertThat(Arrays.equals(disk.content(), Files.readAllBytes(image))).isTrue();
    }

    @ParameterizedTest(name = "{0} blocks, {1} deep")
    @CsvSource({"4k, 32", "64k, 8", "1M, 4"})
    void fioVerifiesWhatItWrote(String blockSize, int depth) throws Exception {
        String output = FIO.run(
                DEADLINE,
                "--name=verify",
                "--thread",
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=randwrite",
                "--bs=" + blockSize,
                "--iodepth=" + depth,
                "--size=64M",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--verify_state_save=0",
                "--fsync=16");

        assertThat(output).contains("err= 0");
        assertThat(disk.flushes()).isPositive();
    }

    private Path randomImage() throws IOException {
        byte[] content = new byte[SIZE_BYTES];
        new Random(3).nextBytes(content);
        return Files.write(directory.resolve("image.img"), content);
    }
}
