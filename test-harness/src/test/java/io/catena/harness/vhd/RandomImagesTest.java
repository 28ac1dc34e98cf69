package io.catena.harness.vhd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.VhdiMount;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.harness.sim.Seeds;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.tool.HostFile;
import io.catena.tool.OpenChain;
import io.catena.tool.VhdDigest;
import io.catena.tool.VhdWrite;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images of chance, written by us and read by others, and the other way round. A raw file beside each image holds what it
 * must show.
 *
 * <p>What others cannot do is left to the reference reader: qemu knows no parents; libvhdi takes sectors for present, in a
 * differencing disk, that share eight with one that is, and knows no raw parents. Of disks with blocks smaller than 2 MiB
 * libvhdi 20210425 was seen to read pieces wrong that qemu and the reference reader read as they were written.
 */
@Timeout(300)
@Tag("slow")
class RandomImagesTest {
    private static final int SECTOR = 512;
    private static final int PAGE = 4096;
    private static final int MIB = 1 << 20;
    private static final int BLOCK = DynamicHeader.DEFAULT_BLOCK_SIZE;
    private static final long LIMIT = Footer.MAX_DISK_BYTES;
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    private Storage storage;
    private Path raw;

    @BeforeEach
    void storage() {
        storage = new FileStorage(directory);
        raw = directory.resolve("expected.raw");
    }

    /** Where a size is rounded, or a table grows by a sector: one block, sectors of BAT and batmap, steps of the geometry. */
    static List<Long> edges() {
        long[] around = {
            BLOCK,
            128L * BLOCK,
            4096L * BLOCK,
            1L << 32,
            17L * 4 * 1024 * SECTOR,
            17L * 16 * 1024 * SECTOR,
            31L * 16 * 1024 * SECTOR,
            65535L * 16 * 63 * SECTOR,
            65535L * 16 * 255 * SECTOR,
            1L << 40
        };
        TreeSet<Long> sizes = new TreeSet<>(List.of((long) SECTOR, LIMIT - BLOCK, LIMIT - SECTOR, LIMIT));
        for (long edge : around) {
            sizes.addAll(List.of(edge - SECTOR, edge, edge + SECTOR));
        }
        return List.copyOf(sizes);
    }

    @ParameterizedTest
    @MethodSource("edges")
    void aDiskOfAnySizeIsReadByAll(long size) throws Exception {
        new VhdCreator(storage).dynamic("disk.vhd", size, new UUID(1, size), 0);
        Path vhd = directory.resolve("disk.vhd");
        Random random = new Random(size);
        List<Long> offsets = writeSomewhere("disk.vhd", size, SECTOR, random);
        assertThat(QemuImg.info(vhd).get("virtual-size").getAsLong()).as("qemu").isEqualTo(size);
        if (size <= 1L << 33) {
            assertThat(QemuImg.isSame(vhd, raw)).as("qemu").isTrue();
        }
        referenceShows(vhd, size, offsets);
        weShow("disk.vhd", size, offsets);
        libvhdiShows(vhd, size, offsets);
    }

    @ParameterizedTest
    @ValueSource(ints = {512 << 10, 1 << 20, 2 << 20})
    void aDiskWithSmallerBlocksIsReadByAllWhoCan(int blockSize) throws Exception {
        long size = 16 * MIB + 3 * SECTOR;
        makeWithBlocks("disk.vhd", size, blockSize);
        Path vhd = directory.resolve("disk.vhd");
        List<Long> offsets = writeSomewhere("disk.vhd", size, SECTOR, new Random(blockSize));
        assertThat(QemuImg.isSame(vhd, raw)).as("qemu").isTrue();
        referenceShows(vhd, size, offsets);
        weShow("disk.vhd", size, offsets);
        if (blockSize == BLOCK) {
            libvhdiShows(vhd, size, offsets);
        }
    }

    /** In whole pages and from a VHD on, so that libvhdi can read it too; else by the reference reader and us only. */
    @Seeds(8)
    void aChainOfChanceIsReadByAllWhoCan(long seed) throws Exception {
        Random random = new Random(seed);
        long size = (2L + random.nextInt(20)) * MIB + (seed % 2 == 0 ? 0 : SECTOR);
        boolean forLibvhdi = random.nextBoolean();
        int unit = forLibvhdi ? PAGE : SECTOR;
        boolean rawBase = !forLibvhdi && random.nextBoolean();
        String top = rawBase ? "base.raw" : "n0.vhd";
        TreeSet<Long> offsets = new TreeSet<>();
        if (rawBase) {
            try (BlockFile file = storage.create(top)) {
                file.truncate(size);
            }
        } else {
            new VhdCreator(storage).dynamic(top, size, new UUID(1, 1), 0);
        }
        offsets.addAll(writeSomewhere(top, size, unit, random));
        int depth = 1 + random.nextInt(5);
        for (int i = 1; i <= depth; i++) {
            UUID parentId = ChainFile.read(storage, top).uniqueId().orElse(DynamicHeader.NO_ID);
            String child = "n" + i + ".vhd";
            ParentLink link = ParentLink.of(storage, child, top, parentId);
            new VhdCreator(storage).differencing(child, size, new UUID(1, 1 + i), 0, link);
            top = child;
            offsets.addAll(writeSomewhere(top, size, unit, random));
        }
        Path leaf = directory.resolve(top);
        referenceShows(leaf, size, List.copyOf(offsets));
        weShow(top, size, List.copyOf(offsets));
        assertThat(VhdDigest.sha256(storage, top)).isEqualTo(ReferenceReader.sha256(leaf));
        if (forLibvhdi) {
            libvhdiShows(leaf, size, List.copyOf(offsets));
        }
    }

    /** Single sectors, which libvhdi could not tell from their neighbours otherwise. */
    @Test
    void whatIsWrittenInWholePagesIsReadByLibvhdi() throws Exception {
        Random random = new Random(9);
        long size = 6L * MIB + SECTOR;
        new VhdCreator(storage).dynamic("base.vhd", size, new UUID(1, 1), 0);
        List<Long> offsets = new ArrayList<>(writeSomewhere("base.vhd", size, PAGE, random));
        ParentLink link = ParentLink.of(storage, "child.vhd", "base.vhd", new UUID(1, 1));
        new VhdCreator(storage).differencing("child.vhd", size, new UUID(1, 2), 0, link);
        for (long offset : List.of(SECTOR * 3L, BLOCK - SECTOR * 1L, BLOCK + PAGE * 5L + SECTOR, size - SECTOR)) {
            byte[] piece = bytes((int) Math.min(2 * SECTOR, size - offset), random);
            VhdWrite.copy(new ByteArrayInputStream(piece), storage, "child.vhd", offset, true);
            try (RandomAccessFile expected = new RandomAccessFile(raw.toFile(), "rw")) {
                expected.seek(offset);
                expected.write(piece);
            }
            offsets.add(offset / PAGE * PAGE);
        }
        Path child = directory.resolve("child.vhd");
        referenceShows(child, size, offsets);
        libvhdiShows(child, size, offsets);
    }

    /** qemu rounds sizes up to whole cylinders, unless told not to. */
    @Seeds(6)
    void whatQemuWritesIsReadByUs(long seed) throws Exception {
        Random random = new Random(seed);
        long size = (long) SECTOR * (1 + random.nextInt(40_000));
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(size);
            for (int i = 0; i < 6; i++) {
                byte[] piece = bytes(SECTOR * (1 + random.nextInt(300)), random);
                file.seek(random.nextLong(size));
                file.write(piece, 0, (int) Math.min(piece.length, size - file.getFilePointer()));
            }
        }
        for (String subformat : List.of("dynamic", "fixed")) {
            for (String force : List.of("on", "off")) {
                String name = subformat + force + ".vhd";
                qemu(
                        "convert",
                        "-f",
                        "raw",
                        "-O",
                        "vpc",
                        "-o",
                        "subformat=" + subformat + ",force_size=" + force,
                        raw.toString(),
                        path(name));
                holdsTheRawBytes(name, size, force.equals("on"));
            }
        }
    }

    /** In our own image: into blocks that are there, and into new ones. */
    @Seeds(3)
    void whatQemuWritesIntoOursIsReadByUs(long seed) throws Exception {
        Random random = new Random(seed);
        long size = 12L * MIB;
        new VhdCreator(storage).dynamic("disk.vhd", size, new UUID(1, 1), 0);
        writeSomewhere("disk.vhd", size, SECTOR, random);
        for (int i = 0; i < 5; i++) {
            long offset = (long) SECTOR * random.nextInt((int) (size / SECTOR) - 200);
            String write = "write -P " + (1 + i) + " " + offset + " " + SECTOR * (1 + random.nextInt(200));
            Programs.run(DEADLINE, "qemu-io", "-f", "vpc", "-c", write, path("disk.vhd"));
            Programs.run(DEADLINE, "qemu-io", "-f", "raw", "-c", write, raw.toString());
        }
        holdsTheRawBytes("disk.vhd", size, true);
    }

    private void holdsTheRawBytes(String name, long size, boolean exact) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, name)) {
            if (exact) {
                assertThat(chain.sizeBytes()).as(name).isEqualTo(size);
            } else {
                assertThat(chain.sizeBytes()).as(name).isGreaterThanOrEqualTo(size);
            }
            ByteBuffer found = ByteBuffer.allocate((int) size);
            chain.disk().read(0, found);
            assertThat(found.array()).as(name).isEqualTo(Files.readAllBytes(raw));
        }
    }

    /** Writes at both ends, at the edges of blocks and anywhere; returns the offsets of a piece that covers each. */
    private List<Long> writeSomewhere(String name, long size, int unit, Random random) throws IOException {
        TreeSet<Long> offsets = new TreeSet<>(List.of(0L, size - SECTOR));
        for (int i = 0; i < 12; i++) {
            offsets.add(random.nextLong(size / unit) * unit);
        }
        for (long edge = BLOCK; edge < size && offsets.size() < 30; edge += BLOCK * (1 + size / BLOCK / 8)) {
            offsets.add(edge - unit);
        }
        List<Long> places = new ArrayList<>();
        ChainFile file = ChainFile.read(storage, name);
        try (Layer layer = file.openWritable(storage, null);
                RandomAccessFile expected = new RandomAccessFile(raw.toFile(), "rw")) {
            expected.setLength(size);
            for (long offset : offsets) {
                long start = offset / unit * unit;
                long wanted = unit * (1L + random.nextInt(8 * PAGE / unit));
                byte[] piece = bytes((int) Math.min(wanted, size - start), random);
                layer.write(start, ByteBuffer.wrap(piece));
                expected.seek(start);
                expected.write(piece);
                places.add(start);
            }
        }
        return places;
    }

    private void makeWithBlocks(String name, long size, int blockSize) throws IOException {
        int blocks = (int) ((size + blockSize - 1) / blockSize);
        SparseLayout layout = new SparseLayout(size, 1536, blocks, blockSize);
        Footer footer = Footer.of(DiskType.DYNAMIC, size, new UUID(3, 3), 1);
        ByteBuffer table = ByteBuffer.allocate((int) (layout.tableEnd() - 1536));
        while (table.hasRemaining()) {
            table.put((byte) -1);
        }
        try (BlockFile file = storage.create(name)) {
            file.write(0, footer.encode());
            file.write(512, DynamicHeader.dynamic(1536, blocks, blockSize).encode());
            file.write(1536, table.flip());
            file.write(layout.tableEnd(), footer.encode());
        }
    }

    private void referenceShows(Path vhd, long size, List<Long> offsets) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(vhd)) {
            assertThat(reader.virtualSize()).isEqualTo(size);
            shows("the reference reader", size, offsets, reader::read);
        }
    }

    private void weShow(String name, long size, List<Long> offsets) throws IOException {
        HostFile host = HostFile.of(directory.resolve(name));
        try (OpenChain chain = OpenChain.readOnly(host.storage(), host.name())) {
            assertThat(chain.sizeBytes()).isEqualTo(size);
            shows("catena", size, offsets, (offset, length) -> {
                ByteBuffer bytes = ByteBuffer.allocate(length);
                chain.disk().read(offset, bytes);
                return bytes.array();
            });
        }
    }

    private void libvhdiShows(Path vhd, long size, List<Long> offsets) throws IOException {
        try (VhdiMount mount = VhdiMount.open(vhd);
                RandomAccessFile view = new RandomAccessFile(mount.view().toFile(), "r")) {
            assertThat(view.length()).as("libvhdi").isEqualTo(size);
            shows("libvhdi", size, offsets, (offset, length) -> read(view, offset, length));
        }
    }

    /** How a reader reads. */
    @FunctionalInterface
    private interface Reading {
        byte[] read(long offset, int length) throws IOException;
    }

    /** Compares what was written, and as much around it. */
    private void shows(String who, long size, List<Long> offsets, Reading reading) throws IOException {
        try (RandomAccessFile expected = new RandomAccessFile(raw.toFile(), "r")) {
            for (long offset : offsets) {
                long from = Math.max(0, offset - 8 * PAGE);
                int length = (int) Math.min(size - from, 24 * PAGE);
                assertThat(reading.read(from, length))
                        .as("%s, byte %d of %d", who, from, size)
                        .isEqualTo(read(expected, from, length));
            }
        }
    }

    private static byte[] read(RandomAccessFile file, long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        file.seek(offset);
        file.readFully(bytes);
        return bytes;
    }

    private static byte[] bytes(int count, Random random) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private static void qemu(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(arguments));
        Programs.run(DEADLINE, command.toArray(new String[0]));
    }
}
