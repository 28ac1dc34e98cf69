package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Discards, zeroes and block status through the programs that people use, on real chains. */
@Timeout(300)
@Tag("slow")
class NbdChainPeersTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE_BYTES = 32 * MIB;

    private static final Duration DEADLINE = Duration.ofSeconds(100);
    private static final String INSTALL = "apt-get install -y libnbd-bin qemu-utils fio";

    private static final Tool NBDINFO = new Tool("nbdinfo", INSTALL);
    private static final Tool NBDCOPY = new Tool("nbdcopy", INSTALL);
    private static final Tool QEMU_IO = new Tool("qemu-io", INSTALL);
    private static final Tool QEMU_IMG = new Tool("qemu-img", INSTALL);
    private static final Tool FIO = new Tool("fio", INSTALL);

    @TempDir
    private Path directory;

    /** What the map calls zeros is zeros, and it says so of all that no file has. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 30})
    void mapsOfBothProgramsTellTheTruth(int depth) throws Exception {
        try (ChainExport chain = export(depth)) {
            QEMU_IO.run(DEADLINE, "-f", "raw", chain.uri(), "-c", "write -P 7 5M 3M", "-c", "write -P 8 512 512");
            byte[] content = content(chain);

            boolean[] qemu = zeroSectors(
                    QEMU_IMG.run(
                            DEADLINE,
                            "map",
                            "--output=json",
                            "--image-opts",
                            "driver=nbd,server.type=unix,server.path=" + socket(chain.uri()) + ",export="
                                    + NbdFixture.name(1)),
                    "start",
                    element -> element.get("zero").getAsBoolean());
            boolean[] nbdinfo = zeroSectors(
                    NBDINFO.run(DEADLINE, "--map", "--json", chain.uri()),
                    "offset",
                    element -> element.get("type").getAsInt() == 3);

            assertThat(qemu).isEqualTo(nbdinfo);
            int zeros = 0;
            for (int sector = 0; sector < qemu.length; sector++) {
                boolean isZero = isZero(content, sector * 512, 512);
                assertThat(!qemu[sector] || isZero).as("sector %d", sector).isTrue();
                zeros += qemu[sector] ? 1 : 0;
            }
            assertThat(qemu[6 * 2048 + 1]).as("data").isFalse();
            assertThat(zeros).isPositive();
            if (depth == 1) {
                assertThat(zeros).isEqualTo((SIZE_BYTES - 3 * MIB - 512) / 512);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 30})
    void discardsAndZeroesThroughQemuReadAsZerosAndTheRestIsAsItWas(int depth) throws Exception {
        try (ChainExport chain = export(depth)) {
            QEMU_IO.run(DEADLINE, "-f", "raw", chain.uri(), "-c", "write -P 0xaa 0 20M", "-c", "flush");
            byte[] expected = content(chain);
            long before = chain.leafBytes();

            String output = QEMU_IO.run(
                    DEADLINE,
                    "-d",
                    "unmap",
                    "-f",
                    "raw",
                    chain.uri(),
                    "-c",
                    "discard 2M 8M",
                    "-c",
                    "discard 11M 512",
                    "-c",
                    "write -z -u 12M 3M",
                    "-c",
                    "write -z 16M 1M",
                    "-c",
                    "write -z -u 22M 8M",
                    "-c",
                    "write -P 0xbb 3M 64k",
                    "-c",
                    "flush");

            assertThat(output).doesNotContain("failed");
            zero(expected, 2 * MIB, 8 * MIB);
            zero(expected, 11 * MIB, 512);
            zero(expected, 12 * MIB, 3 * MIB);
            zero(expected, 16 * MIB, MIB);
            zero(expected, 22 * MIB, 8 * MIB);
            Arrays.fill(expected, 3 * MIB, 3 * MIB + (64 << 10), (byte) 0xbb);
            assertThat(Arrays.equals(content(chain), expected)).isTrue();
            assertThat(chain.leafBytes()).isLessThan(before - 10 * MIB);
            assertThatOthersReadTheSame(chain, depth, expected);
        }
    }

    private void assertThatOthersReadTheSame(ChainExport chain, int depth, byte[] expected) throws IOException {
        chain.close();
        Path raw = Files.write(directory.resolve("expected.raw"), expected);
        if (depth == 1) {
            assertThat(QemuImg.isSame(chain.leaf(), raw)).isTrue();
        }
        byte[] reference = reference(chain.leaf());
        assertThat(Arrays.equals(reference, expected)).isTrue();
    }

    private static byte[] reference(Path leaf) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(leaf)) {
            return reader.read(0, SIZE_BYTES);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, false", "1, true", "3, false", "30, false"})
    void nbdcopyCopiesSparseImagesInAndOut(int depth, boolean destinationIsZero) throws Exception {
        Path image = directory.resolve("image.raw");
        byte[] content = new byte[SIZE_BYTES];
        Random random = new Random(7);
        for (int i = 0; i < 20; i++) {
            byte[] piece = new byte[random.nextInt(300_000)];
            random.nextBytes(piece);
            System.arraycopy(piece, 0, content, random.nextInt(SIZE_BYTES - piece.length), piece.length);
        }
        Files.write(image, content);
        try (ChainExport chain = export(depth)) {
            if (destinationIsZero) {
                NBDCOPY.run(DEADLINE, "--flush", "--destination-is-zero", image.toString(), chain.uri());
            } else {
                NBDCOPY.run(DEADLINE, "--flush", image.toString(), chain.uri());
            }
            assertThat(Arrays.equals(content(chain), content)).isTrue();

            Path copy = directory.resolve("copy.raw");
            NBDCOPY.run(DEADLINE, chain.uri(), copy.toString());
            assertThat(Arrays.equals(Files.readAllBytes(copy), content)).isTrue();

            NBDCOPY.run(DEADLINE, "--allocated", chain.uri(), copy.toString());
            assertThat(Arrays.equals(Files.readAllBytes(copy), content)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 30})
    void qemuImgConvertsFromAndToAndComparesEqual(int depth) throws Exception {
        try (ChainExport chain = export(depth)) {
            Path copy = directory.resolve("copy.raw");
            QEMU_IMG.run(DEADLINE, "convert", "-f", "raw", "-O", "raw", chain.uri(), copy.toString());
            assertThat(QEMU_IMG.run(DEADLINE, "compare", "-f", "raw", "-F", "raw", chain.uri(), copy.toString()))
                    .contains("Images are identical");
            QEMU_IO.run(DEADLINE, "-f", "raw", copy.toString(), "-c", "write -z 3M 17M", "-c", "write -P 5 8M 1M");
            QEMU_IMG.run(DEADLINE, "convert", "-n", "-f", "raw", "-O", "raw", copy.toString(), chain.uri());
            assertThat(QEMU_IMG.run(DEADLINE, "compare", "-f", "raw", "-F", "raw", chain.uri(), copy.toString()))
                    .contains("Images are identical");
        }
    }

    @ParameterizedTest(name = "{0} deep, {1} with {2}")
    @CsvSource({
        "1, randtrimwrite, 4k",
        "3, randtrimwrite, 512",
        "30, randtrimwrite, 4k",
        "1, trimwrite, 2M",
        "3, randrw, 64k",
        "30, randrw, 4k"
    })
    void fioVerifiesAcrossTrims(int depth, String mix, String blockSize) throws Exception {
        try (ChainExport chain = export(depth)) {
            List<String> arguments = new ArrayList<>(List.of(
                    "--name=verify",
                    "--thread",
                    "--ioengine=nbd",
                    "--uri=" + chain.uri(),
                    "--rw=" + mix,
                    "--bs=" + blockSize,
                    "--iodepth=8",
                    "--size=" + (blockSize.equals("512") ? "4M" : "32M"),
                    "--verify=crc32c",
                    "--verify_fatal=1",
                    "--verify_state_save=0",
                    "--fsync=32"));
            if (mix.contains("trim")) {
                arguments.addAll(List.of("--trim_percentage=20", "--trim_verify_zero=1", "--trim_backlog=16"));
            }
            assertThat(FIO.run(DEADLINE, arguments.toArray(String[]::new))).contains("err= 0");
        }
    }

    /** Requests of all sizes that begin and end in the middle of pages, and those that overlap others. */
    @ParameterizedTest(name = "{0} deep, {1}")
    @CsvSource({
        "1, unaligned", "3, unaligned", "30, unaligned",
        "1, overlapping", "3, overlapping", "30, overlapping",
        "1, sectors", "3, sectors", "30, sectors"
    })
    void fioVerifiesOddSizesAndOverlaps(int depth, String mix) throws Exception {
        List<String> options = switch (mix) {
            case "unaligned" ->
                List.of("--rw=randrw", "--bsrange=512-96k", "--blockalign=512", "--iodepth=1", "--fsync=16");
            case "overlapping" ->
                List.of(
                        "--rw=randwrite",
                        "--bsrange=512-64k",
                        "--blockalign=512",
                        "--norandommap",
                        "--serialize_overlap=1",
                        "--iodepth=16",
                        "--fsync=8");
            default -> List.of("--rw=randwrite", "--bs=512", "--iodepth=32", "--fsync=64", "--io_size=2M");
        };
        try (ChainExport chain = export(depth)) {
            List<String> arguments = new ArrayList<>(List.of(
                    "--name=verify",
                    "--thread",
                    "--ioengine=nbd",
                    "--uri=" + chain.uri(),
                    "--size=16M",
                    "--verify=crc32c",
                    "--verify_fatal=1",
                    "--verify_state_save=0"));
            arguments.addAll(options);
            assertThat(FIO.run(DEADLINE, arguments.toArray(String[]::new))).contains("err= 0");
        }
    }

    /** What fio's engine cannot send: FUA, zeroes with all their flags, bytes at odd places. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 30})
    void anyMixOfRequestsReadsBackAsItWasWrittenAlsoForOthers(int depth) throws Exception {
        Random random = new Random(depth);
        byte[] expected;
        ChainExport chain = export(depth);
        try (chain) {
            expected = content(chain);
            try (NbdClient client = NbdClient.connect(Path.of(socket(chain.uri())), NbdFixture.name(1))) {
                for (int i = 0; i < 600; i++) {
                    request(client, random, expected);
                }
                assertThat(Arrays.equals(content(chain), expected)).isTrue();
                client.flush();
            }
        }
        assertThat(Arrays.equals(reference(chain.leaf()), expected)).isTrue();
    }

    private static void request(NbdClient client, Random random, byte[] expected) throws IOException {
        int unit = random.nextBoolean() ? 1 : 512;
        int length = unit * (1 + random.nextInt((random.nextInt(8) == 0 ? 3 * MIB : 20_000) / unit));
        int offset = unit * random.nextInt((SIZE_BYTES - length) / unit);
        int flags = random.nextInt(4) == 0 ? NbdClient.FLAG_FUA : 0;
        switch (random.nextInt(6)) {
            case 0, 1 -> {
                byte[] data = new byte[length];
                random.nextBytes(data);
                assertThat(client.request(flags, NbdClient.WRITE, offset, length, data))
                        .isZero();
                System.arraycopy(data, 0, expected, offset, length);
            }
            case 2 -> {
                int noHole = random.nextBoolean() ? NbdClient.FLAG_NO_HOLE : 0;
                assertThat(client.request(flags | noHole, NbdClient.WRITE_ZEROES, offset, length, new byte[0]))
                        .isZero();
                zero(expected, offset, length);
            }
            case 3 -> {
                assertThat(client.request(flags, NbdClient.TRIM, offset, length, new byte[0]))
                        .isZero();
                zero(expected, offset, length);
            }
            case 4 -> client.flush();
            default ->
                assertThat(Arrays.equals(client.read(offset, length), 0, length, expected, offset, offset + length))
                        .as("%d bytes at %d", length, offset)
                        .isTrue();
        }
    }

    /** A guest that trims and writes for ever: the file does not grow beyond what it holds at a time. */
    @Test
    void placesOfDiscardedBlocksAreUsedAgain() throws Exception {
        try (ChainExport chain = export(1)) {
            for (int round = 0; round < 10; round++) {
                int from = round % 3 * 10;
                QEMU_IO.run(
                        DEADLINE,
                        "-f",
                        "raw",
                        chain.uri(),
                        "-c",
                        "write -P 1 " + from + "M 10M",
                        "-c",
                        "flush",
                        "-c",
                        "discard " + from + "M 10M",
                        "-c",
                        "flush");
            }
            assertThat(Files.size(chain.leaf())).isLessThan(16 * MIB);
            assertThat(chain.leafBytes()).isLessThan(MIB);
        }
    }

    /** Many threads: no request ever finds its block given to another. */
    @Test
    void discardsAmongReadsWritesAndFlushesShowNobodyTheDataOfOthers() throws Exception {
        int sliceBytes = 4 * MIB;
        try (ChainExport chain = export(1)) {
            Thread[] guests = new Thread[SIZE_BYTES / sliceBytes];
            String[] faults = new String[guests.length];
            for (int i = 0; i < guests.length; i++) {
                int guest = i;
                guests[i] = new Thread(() -> faults[guest] = play(chain, guest, (long) guest * sliceBytes, sliceBytes));
                guests[i].start();
            }
            for (Thread guest : guests) {
                guest.join(DEADLINE.toMillis());
                assertThat(guest.isAlive()).isFalse();
            }
            assertThat(faults).containsOnly("");
        }
    }

    /** Returns what went wrong; nothing if nothing did. */
    private static String play(ChainExport chain, int guest, long from, int length) {
        Random random = new Random(guest);
        byte[] expected = new byte[length];
        try {
            for (int round = 0; round < 1500; round++) {
                int bytes = random.nextInt(4) == 0 ? 2 * MIB : 512 * (1 + random.nextInt(64));
                int offset =
                        bytes == 2 * MIB ? random.nextInt(2) * bytes : 512 * random.nextInt((length - bytes) / 512);
                switch (random.nextInt(8)) {
                    case 0, 1 -> {
                        chain.disk().discard(from + offset, bytes);
                        zero(expected, offset, bytes);
                    }
                    case 2, 3, 4 -> {
                        Arrays.fill(expected, offset, offset + bytes, (byte) (1 + guest * 20 + round % 20));
                        chain.disk().write(from + offset, ByteBuffer.wrap(expected, offset, bytes));
                    }
                    case 5 -> chain.disk().flush();
                    default -> {
                        byte[] found = new byte[bytes];
                        chain.disk().read(from + offset, ByteBuffer.wrap(found));
                        if (!Arrays.equals(found, 0, bytes, expected, offset, offset + bytes)) {
                            return "round " + round + ": " + bytes + " bytes at " + (from + offset) + " are wrong";
                        }
                    }
                }
            }
            return "";
        } catch (IOException | RuntimeException e) {
            return e.toString();
        }
    }

    private ChainExport export(int depth) throws IOException {
        return new ChainExport(Files.createDirectory(directory.resolve("sr")), depth, SIZE_BYTES);
    }

    private static byte[] content(ChainExport chain) throws IOException {
        byte[] content = new byte[SIZE_BYTES];
        chain.disk().read(0, ByteBuffer.wrap(content));
        return content;
    }

    private static String socket(String uri) {
        return uri.substring(uri.indexOf("socket=") + "socket=".length());
    }

    private static void zero(byte[] bytes, int from, int length) {
        Arrays.fill(bytes, from, from + length, (byte) 0);
    }

    private static boolean isZero(byte[] bytes, int from, int length) {
        return Arrays.equals(bytes, from, from + length, new byte[length], 0, length);
    }

    /** Says of one extent whether it is zeros. */
    @FunctionalInterface
    private interface ZeroTest {
        boolean isZero(JsonObject extent);
    }

    private static boolean[] zeroSectors(String json, String offsetKey, ZeroTest test) {
        boolean[] zeros = new boolean[SIZE_BYTES / 512];
        for (JsonElement element : JsonParser.parseString(json).getAsJsonArray()) {
            JsonObject extent = element.getAsJsonObject();
            int from = extent.get(offsetKey).getAsInt() / 512;
            Arrays.fill(zeros, from, from + extent.get("length").getAsInt() / 512, test.isZero(extent));
        }
        return zeros;
    }
}
