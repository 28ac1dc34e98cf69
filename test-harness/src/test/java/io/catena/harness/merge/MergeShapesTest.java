package io.catena.harness.merge;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.GcStatus.Way;
import io.catena.api.Job;
import io.catena.api.SrCheck;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.format.DiskType;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.harness.sim.SimulatedStorage;
import io.catena.harness.tool.BareSr;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nodes become one also if one of them is raw, if their blocks differ, and if they differ in size, whichever way they are
 * merged. What a disk shows is worked out here, from what was written to each file.
 */
@Tag("slow")
class MergeShapesTest {
    private static final int MIB = 1 << 20;
    private static final int SECTOR = 512;
    private static final int RAW = 0;
    private static final int SMALL = 512 << 10;
    private static final int LARGE = 2 << 20;
    private static final long TABLE_OFFSET = 1536;
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final VdiId LEAF = new VdiId(new UUID(3, 1));
    private static final VdiId SISTER = new VdiId(new UUID(3, 2));

    private final Storage storage = SimulatedStorage.disk(1);
    private final BareSr sr = new BareSr(storage, SimulatedStorage.tmpfs(2), 3);
    private final Random random = new Random(4);
    private final Jobs jobs = BareSr.jobs();

    /** A node. */
    private static final class Made {
        final String name;

        /** What it holds itself; 0 where it holds nothing. */
        final byte[] sectors;

        final @Nullable Made parent;

        Made(String name, byte[] sectors, @Nullable Made parent) {
            this.name = name;
            this.sectors = sectors;
            this.parent = parent;
        }

        /** Returns what a sector shows; what lies behind the end of a node below shows as zeros. */
        byte shows(int sector) {
            for (Made at = this; at != null && sector < at.sectors.length; at = at.parent) {
                if (at.sectors[sector] != 0) {
                    return at.sectors[sector];
                }
            }
            return 0;
        }
    }

    /**
     * Two nodes that become one.
     *
     * @param upperBlock the size of its blocks in bytes
     * @param lowerBlock the same, or {@link #RAW}
     */
    private record Shape(Way way, int upperBlock, int upperMib, int lowerBlock, int lowerMib) {
        @Override
        public String toString() {
            return way + " of " + upperMib + " MiB with " + name(upperBlock) + " on " + lowerMib + " MiB "
                    + (lowerBlock == RAW ? "raw" : "with " + name(lowerBlock));
        }

        private static String name(int block) {
            return (block >> 10) + " KiB blocks";
        }

        /** What moves little is cheap. */
        int upperPercent() {
            return way == Way.PULL_UP ? 80 : 10;
        }

        int lowerPercent() {
            return way == Way.PULL_UP ? 10 : 80;
        }
    }

    @AfterEach
    void close() {
        jobs.close();
    }

    static Stream<Shape> innerShapes() {
        return Stream.of(
                new Shape(Way.PUSH_DOWN, SMALL, 8, LARGE, 8),
                new Shape(Way.PUSH_DOWN, LARGE, 8, SMALL, 8),
                new Shape(Way.PUSH_DOWN, LARGE, 8, RAW, 8),
                new Shape(Way.PUSH_DOWN, SMALL, 8, RAW, 8),
                new Shape(Way.PUSH_DOWN, LARGE, 6, LARGE, 8),
                new Shape(Way.PUSH_DOWN, SMALL, 6, RAW, 8),
                new Shape(Way.PULL_UP, SMALL, 8, LARGE, 8),
                new Shape(Way.PULL_UP, LARGE, 8, SMALL, 8),
                new Shape(Way.PULL_UP, LARGE, 8, RAW, 8),
                new Shape(Way.PULL_UP, SMALL, 8, RAW, 8),
                new Shape(Way.PULL_UP, LARGE, 8, LARGE, 4),
                new Shape(Way.PULL_UP, SMALL, 8, LARGE, 4),
                new Shape(Way.PULL_UP, LARGE, 8, RAW, 4));
    }

    static Stream<Shape> leafShapes() {
        return Stream.of(
                new Shape(Way.DRAIN, SMALL, 8, LARGE, 8),
                new Shape(Way.DRAIN, LARGE, 8, SMALL, 8),
                new Shape(Way.PULL_UP, SMALL, 8, LARGE, 8),
                new Shape(Way.PULL_UP, LARGE, 8, SMALL, 8),
                new Shape(Way.PULL_UP, LARGE, 8, RAW, 8),
                new Shape(Way.PULL_UP, SMALL, 8, RAW, 8),
                new Shape(Way.PULL_UP, LARGE, 8, LARGE, 4),
                new Shape(Way.PULL_UP, SMALL, 8, LARGE, 4),
                new Shape(Way.PULL_UP, LARGE, 8, RAW, 4),
                new Shape(Way.PULL_UP, LARGE, 6, LARGE, 8));
    }

    @ParameterizedTest
    @MethodSource("innerShapes")
    void innerNodesOfAnyShapeBecomeOne(Shape shape) throws IOException {
        List<Made> disks = innerNodes(shape, shape.upperMib());
        merge(shape.way(), disks);
    }

    @ParameterizedTest
    @MethodSource("innerShapes")
    void innerNodesOfAnyShapeBecomeOneUnderADiskThatIsUsed(Shape shape) throws IOException {
        List<Made> disks = innerNodes(shape, shape.upperMib());
        mergeAttached(shape.way(), disks);
    }

    @ParameterizedTest
    @MethodSource("leafShapes")
    void aLeafAndItsBaseCopyOfAnyShapeBecomeOne(Shape shape) throws IOException {
        merge(shape.way(), List.of(leaf(shape)));
    }

    @ParameterizedTest
    @MethodSource("leafShapes")
    void aLeafThatIsUsedAndItsBaseCopyOfAnyShapeBecomeOne(Shape shape) throws IOException {
        mergeAttached(shape.way(), List.of(leaf(shape)));
    }

    /** What the parent has behind the node's end must not show in a disk that is larger than the node. */
    @ParameterizedTest
    @MethodSource("smallerThanAll")
    void aNodeSmallerThanWhatIsAboveAndBelowPullsUp(Shape shape) throws IOException {
        merge(Way.PULL_UP, innerNodes(shape, 8));
    }

    static Stream<Shape> smallerThanAll() {
        return Stream.of(
                new Shape(Way.PUSH_DOWN, LARGE, 6, LARGE, 8),
                new Shape(Way.PUSH_DOWN, SMALL, 6, LARGE, 8),
                new Shape(Way.PUSH_DOWN, LARGE, 6, RAW, 8));
    }

    private List<Made> innerNodes(Shape shape, int leafMib) throws IOException {
        Made upper = pair(shape, new UUID(2, 1) + ".vhd", true);
        return List.of(
                vhd(LEAF + ".vhd", leafMib, LARGE, upper, false, 5),
                vhd(SISTER + ".vhd", leafMib, LARGE, upper, false, 5));
    }

    private Made leaf(Shape shape) throws IOException {
        return pair(shape, LEAF + ".vhd", false);
    }

    private Made pair(Shape shape, String upper, boolean hidden) throws IOException {
        VhdRepository.create(storage, new SrId(new UUID(1, 1)), "sr");
        Made lower = shape.lowerBlock() == RAW
                ? raw(new UUID(1, 1), shape.lowerMib(), shape.lowerPercent())
                : vhd(new UUID(1, 1) + ".vhd", shape.lowerMib(), shape.lowerBlock(), null, true, shape.lowerPercent());
        return vhd(upper, shape.upperMib(), shape.upperBlock(), lower, hidden, shape.upperPercent());
    }

    private void merge(Way way, List<Made> disks) throws IOException {
        try (VhdRepository repository = sr.attach(jobs)) {
            checkWay(repository, way);
            collect(repository);
            check(repository, disks);
        }
        checkAgain(disks);
    }

    private void mergeAttached(Way way, List<Made> disks) throws IOException {
        try (VhdRepository repository = sr.attach(jobs)) {
            repository.attach(LEAF, AccessMode.READ_WRITE);
            write(disks.get(0));
            checkWay(repository, way);
            collect(repository);
            write(disks.get(0));
            check(repository, disks);
        }
        checkAgain(disks);
    }

    private static void checkWay(VhdRepository repository, Way way) {
        assertThat(repository.garbage().status().plan())
                .as("%s", repository.garbage().status())
                .singleElement()
                .satisfies(step -> assertThat(step.way()).as(step.reason()).isEqualTo(way));
    }

    private void collect(VhdRepository repository) {
        int depth = repository.vdi(LEAF).depth();
        Job job = jobs.waitFor(repository.collectGarbage().id(), DEADLINE);
        assertThat(job.result()).as("%s", job).contains("merged 1").doesNotContain("set aside");
        assertThat(repository.vdi(LEAF).depth()).isEqualTo(depth - 1);
        assertThat(repository.check(false).findings())
                .filteredOn(finding -> finding.kind() != SrCheck.Kind.MISSING_RECORD)
                .isEmpty();
    }

    private void check(VhdRepository repository, List<Made> disks) throws IOException {
        for (Made disk : disks) {
            VdiId id = VdiId.parse(disk.name.replace(".vhd", ""));
            if (repository.vdi(id).export() == null) {
                repository.attach(id, AccessMode.READ_ONLY);
            }
            BlockDevice device = sr.device(id);
            assertThat(device.sizeBytes()).isEqualTo(disk.sectors.length * (long) SECTOR);
            ByteBuffer content = ByteBuffer.allocate((int) device.sizeBytes());
            device.read(0, content);
            for (int sector = 0; sector < disk.sectors.length; sector++) {
                byte[] expected = new byte[SECTOR];
                Arrays.fill(expected, disk.shows(sector));
                if (content.slice(sector * SECTOR, SECTOR).mismatch(ByteBuffer.wrap(expected)) >= 0) {
                    throw new AssertionError("sector " + sector + " of " + disk.name + " begins with "
                            + content.get(sector * SECTOR) + ", expected " + disk.shows(sector));
                }
            }
        }
    }

    /** As another process finds it. */
    private void checkAgain(List<Made> disks) throws IOException {
        try (VhdRepository repository = sr.attach(jobs)) {
            check(repository, disks);
        }
    }

    private void write(Made disk) throws IOException {
        for (int i = 0; i < 20; i++) {
            int first = random.nextInt(disk.sectors.length - 8);
            byte value = value();
            sr.device(LEAF).write((long) first * SECTOR, filled(value, 8));
            Arrays.fill(disk.sectors, first, first + 8, value);
        }
        sr.device(LEAF).flush();
    }

    private Made raw(UUID id, int mib, int percent) throws IOException {
        byte[] sectors = new byte[mib * MIB / SECTOR];
        String name = id + ".raw";
        try (BlockFile file = storage.create(name)) {
            file.truncate((long) mib * MIB);
            fill(sectors, percent, (offset, bytes) -> file.write(offset, bytes));
            file.sync();
        }
        StoredText.write(
                storage, ".catena/vdi/" + id + ".json", "{\"name\":\"\",\"description\":\"\",\"baseCopy\":true}");
        return new Made(name, sectors, null);
    }

    private Made vhd(String name, int mib, int blockBytes, @Nullable Made parent, boolean hidden, int percent)
            throws IOException {
        long size = (long) mib * MIB;
        int entries = (int) ((size + blockBytes - 1) / blockBytes);
        SparseLayout layout = new SparseLayout(size, TABLE_OFFSET, entries, blockBytes);
        DynamicHeader header = DynamicHeader.dynamic(TABLE_OFFSET, entries, blockBytes);
        Footer footer = Footer.of(
                parent == null ? DiskType.DYNAMIC : DiskType.DIFFERENCING,
                size,
                UUID.fromString(name.substring(0, 36)),
                1);
        try (BlockFile file = storage.create(name)) {
            byte[] table = new byte[(int) (layout.tableEnd() - TABLE_OFFSET)];
            Arrays.fill(table, (byte) 0xff);
            file.write(SECTOR, header.encode());
            file.write(TABLE_OFFSET, ByteBuffer.wrap(table));
            if (parent != null) {
                UUID parentId = ChainFile.read(storage, parent.name).uniqueId().orElse(DynamicHeader.NO_ID);
                ParentLink link = ParentLink.of(storage, name, parent.name, parentId);
                for (ParentLink.Patch patch : link.layOut(header, SECTOR, layout.tableEnd())) {
                    patch.apply(file);
                }
            }
            Footer marked = hidden ? footer.withHidden(true) : footer;
            file.write(0, marked.encode());
            file.write(file.size(), marked.encode());
            file.sync();
        }
        storage.syncNames();
        byte[] sectors = new byte[(int) (size / SECTOR)];
        try (Layer layer = ChainFile.vhd(storage, name).openWritable(storage, null)) {
            fill(sectors, percent, layer::write);
        }
        return new Made(name, sectors, parent);
    }

    /** Takes what is written. */
    @FunctionalInterface
    private interface Target {
        void write(long offset, ByteBuffer bytes) throws IOException;
    }

    /** Writes runs of sectors until some of them, in per cent, are written; the last one always is. */
    private void fill(byte[] sectors, int percent, Target target) throws IOException {
        int wanted = sectors.length * percent / 100;
        int last = sectors.length - 1;
        write(sectors, last, 1, target);
        for (int done = 1; done < wanted; ) {
            int first = random.nextInt(sectors.length);
            int count = Math.min(1 + random.nextInt(100), sectors.length - first);
            for (int i = first; i < first + count; i++) {
                done += sectors[i] == 0 ? 1 : 0;
            }
            write(sectors, first, count, target);
        }
    }

    private void write(byte[] sectors, int first, int count, Target target) throws IOException {
        byte value = value();
        target.write((long) first * SECTOR, filled(value, count));
        Arrays.fill(sectors, first, first + count, value);
    }

    private byte value() {
        return (byte) (1 + random.nextInt(255));
    }

    private static ByteBuffer filled(byte value, int sectors) {
        byte[] bytes = new byte[sectors * SECTOR];
        Arrays.fill(bytes, value);
        return ByteBuffer.wrap(bytes);
    }
}
