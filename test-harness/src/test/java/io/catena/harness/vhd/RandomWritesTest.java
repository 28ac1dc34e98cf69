package io.catena.harness.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.disk.Chain;
import io.catena.disk.ChainPath;
import io.catena.disk.LiveDisk;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.VhdiMount;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.harness.sim.Seeds;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.tool.HostFile;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the driver writes, others read: the reference reader, qemu and libvhdi. */
@Timeout(300)
@Tag("slow")
class RandomWritesTest {
    private static final int SECTOR = 512;
    private static final int PAGE = 4096;
    private static final UUID BASE = new UUID(1, 1);
    private static final UUID CHILD = new UUID(1, 2);

    @TempDir
    Path directory;

    /** All that are valid and not a parent, each with its whole directory, since parents are found from there. */
    @Test
    void leavesOfOtherProgramsTakeWrites() throws Exception {
        Fixtures fixtures = Fixtures.unpack(directory);
        Random random = new Random(42);
        int count = 0;
        for (FixtureFile file : fixtures.files()) {
            boolean small = file.virtualSizeBytes().orElse(0) <= 64 << 20;
            if (file.verdict() == FixtureFile.Verdict.VALID
                    && small
                    && file.contentSha256().isPresent()) {
                Path leaf = file.path();
                Path kept = directory.resolve("kept");
                Files.copy(leaf, kept, StandardCopyOption.REPLACE_EXISTING);
                byte[] expected = content(leaf);
                writeRandomly(leaf, expected, SECTOR, random);
                assertThat(content(leaf)).as(leaf.toString()).isEqualTo(expected);
                Files.move(kept, leaf, StandardCopyOption.REPLACE_EXISTING);
                count++;
            }
        }
        assertThat(count).isGreaterThan(40);
    }

    @Seeds(3)
    void newDisksAreReadByAll(long seed) throws Exception {
        Random random = new Random(seed);
        for (long size : List.of(2L << 20, (2L << 20) + 512, (6L << 20) - 512, 16L << 20)) {
            Path vhd = directory.resolve("d" + size + ".vhd");
            new VhdCreator(storage()).dynamic(name(vhd), size, BASE, 0);
            byte[] expected = new byte[(int) size];
            for (int round = 0; round < 3; round++) {
                writeRandomly(vhd, expected, SECTOR, random);
                assertThat(content(vhd)).isEqualTo(expected);
            }
            Path raw = directory.resolve("expected.raw");
            Files.write(raw, expected);
            assertThat(QemuImg.isSame(vhd, raw)).as("qemu, size %d", size).isTrue();
            try (VhdiMount mount = VhdiMount.open(vhd)) {
                assertThat(mount.view()).hasSameBinaryContentAs(raw);
            }
        }
    }

    /** In whole pages, else libvhdi takes sectors for present that are not. */
    @Seeds(3)
    void newChildrenAreReadByLibvhdi(long seed) throws Exception {
        Random random = new Random(seed);
        byte[] expected = new byte[8 << 20];
        Path base = directory.resolve("base.vhd");
        Path child = directory.resolve("child.vhd");
        new VhdCreator(storage()).dynamic("base.vhd", expected.length, BASE, 0);
        writeRandomly(base, expected, SECTOR, random);
        ParentLink link = ParentLink.of(storage(), "child.vhd", "base.vhd", BASE);
        new VhdCreator(storage()).differencing("child.vhd", expected.length, CHILD, 0, link);
        writeRandomly(child, expected, PAGE, random);
        assertThat(content(child)).isEqualTo(expected);
        Path raw = directory.resolve("expected.raw");
        Files.write(raw, expected);
        try (VhdiMount mount = VhdiMount.open(child)) {
            assertThat(mount.view()).hasSameBinaryContentAs(raw);
        }
    }

    @Test
    void theLargestDiskTakesWritesAnywhere() throws Exception {
        long size = 2040L << 30;
        Path vhd = directory.resolve("huge.vhd");
        new VhdCreator(storage()).dynamic("huge.vhd", size, BASE, 0);
        Random random = new Random(7);
        List<Long> offsets = new ArrayList<>(List.of(0L, size - PAGE, (1L << 40) - SECTOR));
        for (int i = 0; i < 20; i++) {
            offsets.add(random.nextLong(size / PAGE - 1) * PAGE);
        }
        List<byte[]> pieces = new ArrayList<>();
        try (LiveDiskOf disk = new LiveDiskOf(vhd)) {
            for (long offset : offsets) {
                byte[] piece = bytes(PAGE, random);
                disk.live.write(offset, ByteBuffer.wrap(piece));
                pieces.add(piece);
            }
        }
        try (ReferenceReader reader = ReferenceReader.open(vhd);
                VhdiMount mount = VhdiMount.open(vhd);
                RandomAccessFile view = new RandomAccessFile(mount.view().toFile(), "r")) {
            assertThat(view.length()).isEqualTo(size);
            for (int i = 0; i < offsets.size(); i++) {
                assertThat(reader.read(offsets.get(i), PAGE)).isEqualTo(pieces.get(i));
                byte[] seen = new byte[PAGE];
                view.seek(offsets.get(i));
                view.readFully(seen);
                assertThat(seen).as("libvhdi at %d", offsets.get(i)).isEqualTo(pieces.get(i));
            }
        }
    }

    private static void writeRandomly(Path vhd, byte[] expected, int unit, Random random) throws IOException {
        try (LiveDiskOf disk = new LiveDiskOf(vhd)) {
            for (int i = 0; i < 40; i++) {
                int units = 1 + random.nextInt(i % 8 == 0 ? (1 << 20) / unit : 64 * SECTOR / unit);
                int first = random.nextInt(expected.length / unit);
                int length = Math.min(units * unit, expected.length - first * unit);
                byte[] piece = bytes(length, random);
                disk.live.write((long) first * unit, ByteBuffer.wrap(piece));
                System.arraycopy(piece, 0, expected, first * unit, length);
                if (i % 10 == 5) {
                    disk.live.flush();
                }
                checkSomewhere(disk.live, expected, random);
            }
        }
    }

    private static void checkSomewhere(LiveDisk disk, byte[] expected, Random random) throws IOException {
        int length = 1 + random.nextInt(Math.min(expected.length, 100_000));
        int offset = random.nextInt(expected.length - length + 1);
        byte[] seen = new byte[length];
        disk.read(offset, ByteBuffer.wrap(seen));
        assertThat(seen).isEqualTo(Arrays.copyOfRange(expected, offset, offset + length));
    }

    private static byte[] bytes(int length, Random random) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] content(Path vhd) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(vhd)) {
            return reader.read(0, (int) reader.virtualSize());
        }
    }

    private Storage storage() {
        return new FileStorage(directory);
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    /** A leaf open for writing with its ancestors, until closed. */
    private static final class LiveDiskOf implements AutoCloseable {
        private final List<Chain.Node> nodes = new ArrayList<>();
        private final LiveDisk live;

        LiveDiskOf(Path vhd) throws IOException {
            HostFile file = HostFile.of(vhd, List.of(vhd.getParent().getParent()));
            for (ChainFile part : ChainPath.of(file.storage(), ChainFile.vhd(file.storage(), file.name()))) {
                nodes.add(new Chain.Node(
                        part.name(),
                        nodes.isEmpty() ? part.openWritable(file.storage(), null) : part.openReadOnly(file.storage())));
            }
            live = new LiveDisk(new Chain(nodes), false);
        }

        @Override
        public void close() throws IOException {
            for (Chain.Node node : nodes) {
                node.layer().close();
            }
        }
    }
}
