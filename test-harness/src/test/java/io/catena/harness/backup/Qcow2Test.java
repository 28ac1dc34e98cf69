package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StreamFormat;
import io.catena.api.VdiId;
import io.catena.harness.peer.Programs;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What qemu-img makes of our qcow2 images, and we of its. */
@Tag("slow")
class Qcow2Test {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int DISK_BYTES = DiskTrees.DISK_BYTES;
    private static final int CLUSTER = 64 << 10;

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    @TempDir
    Path images;

    private DiskTrees trees;

    @BeforeEach
    void attach() {
        trees = new DiskTrees(directory, redo);
    }

    @AfterEach
    void detach() throws IOException {
        trees.close();
    }

    @Seeds(2)
    void imagesAndTheirBackingFilesHoldWhatTheDisksDo(long seed) throws IOException {
        Random random = new Random(seed);
        trees.grow(random);
        VdiId base = null;
        for (VdiId snapshot : trees.snapshots) {
            Path image = export(snapshot, base, random);
            check(image);
            assertHolds(image, trees.content(snapshot));
            base = snapshot;
        }
        VdiId newest = Objects.requireNonNull(base);
        Path last = images.resolve(newest + ".qcow2");
        Path whole = export(newest, null, images.resolve("whole"), random);
        check(whole);
        assertHolds(whole, trees.content(newest));
        qemuImg("rebase", "-f", "qcow2", "-b", "", last.toString());
        assertHolds(last, trees.content(newest));
    }

    @Test
    void anImageHoldsNoMoreThanTheDiskDoes() throws IOException {
        VdiId disk = trees.create();
        VdiId empty = trees.cut(disk);
        trees.write(disk, 3 * CLUSTER, new byte[] {1});
        VdiId one = trees.cut(disk);
        int metadata = trees.exported(empty, StreamFormat.QCOW2, null, 0).length;

        assertThat(metadata).isEqualTo(4 * CLUSTER);
        assertThat(trees.exported(one, StreamFormat.QCOW2, null, 0)).hasSize(metadata + 2 * CLUSTER);
        assertThat(trees.exported(one, StreamFormat.QCOW2, empty, 0)).hasSize(metadata + 2 * CLUSTER);
        assertThat(trees.exported(empty, StreamFormat.QCOW2, one, 0))
                .as("an L2 table that makes zeros of it")
                .hasSize(metadata + CLUSTER);
        check(Files.write(images.resolve("empty"), trees.exported(empty, StreamFormat.QCOW2, null, 0)));
    }

    @Test
    void imagesOfAllKindsBecomeDisks() throws IOException {
        byte[] content = content(new Random(4));
        for (String options : List.of(
                "compat=1.1",
                "compat=0.10",
                "cluster_size=512",
                "cluster_size=2M",
                "preallocation=metadata",
                "lazy_refcounts=on")) {
            assertImports(convert(content, "-o", options), content);
        }
        assertImports(convert(content, "-c"), content);
        assertImports(convert(content, "-c", "-o", "cluster_size=4k"), content);
    }

    @Test
    void whatIsExportedComesBack() throws IOException {
        trees.grow(new Random(8));
        VdiId disk = trees.snapshots.get(trees.snapshots.size() - 1);
        assertImports(trees.exported(disk, StreamFormat.QCOW2, null, 0), trees.content(disk));
        assertThat(trees.sr.check(false).findings()).isEmpty();
    }

    @Test
    void whatCannotBeReadIsRefusedWithAReason() throws IOException {
        byte[] content = content(new Random(5));
        byte[] whole = convert(content);
        assertRefused(Arrays.copyOf(whole, whole.length / 2), "would stand at byte");
        assertRefused(Arrays.copyOf(content, 1 << 20), "does not begin with the header");
        VdiId disk = trees.create();
        VdiId base = trees.cut(disk);
        trees.write(disk, 0, new byte[] {1});
        assertRefused(trees.exported(disk, StreamFormat.QCOW2, base, 0), "has a backing file");
        assertRefused(convert(content, "-c", "-o", "compression_type=zstd"), "features that are not supported");
        assertRefused(patched(whole, 32, 2), "encrypted");
        assertRefused(patched(whole, 20, 40), "clusters have 2^40");
        assertRefused(patched(whole, 36, 0), "L1 table has 0");
        assertRefused(patched(whole, 24, 1 << 30), "needs");
    }

    private static byte[] patched(byte[] image, int offset, int value) {
        byte[] copy = image.clone();
        ByteBuffer.wrap(copy).putInt(offset, value);
        return copy;
    }

    /** Whatever stands in header and tables. */
    @Seeds(60)
    void damagedImagesAreReadOrRefused(long seed) throws IOException {
        Random random = new Random(seed);
        byte[] image = random.nextBoolean() ? Images.PLAIN : Images.PACKED;
        image = image.clone();
        for (int change = 0; change <= random.nextInt(6); change++) {
            int where = random.nextInt(3) == 0 ? random.nextInt(104) : random.nextInt(image.length);
            image[where] = (byte) random.nextInt(256);
        }
        try {
            trees.imported(StreamFormat.QCOW2, image, -1);
        } catch (SrException e) {
            assertThat(e.error()).as(e.detail()).isIn(SrError.BAD_REQUEST, SrError.SR_NO_SPACE, SrError.VDI_SIZE);
            assertThat(trees.sr.vdis()).isEmpty();
        }
        assertNothingIsLeft();
    }

    /** Small ones, so that a change often hits a table. */
    private static final class Images {
        static final byte[] PLAIN = make();
        static final byte[] PACKED = make("-c");

        private static byte[] make(String... options) {
            try {
                Path directory = Files.createTempDirectory("images");
                byte[] content = new byte[2 << 20];
                Arrays.fill(content, 4096, 9000, (byte) 7);
                List<String> all = new ArrayList<>(List.of(options));
                all.addAll(List.of("-o", "cluster_size=512"));
                byte[] made = convert(directory, content, all.toArray(String[]::new));
                Files.delete(directory);
                return made;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** A last sector that is not whole, clusters that are full, hold something, or nothing. */
    private static byte[] content(Random random) {
        byte[] content = new byte[DISK_BYTES];
        byte[] data = new byte[3 * CLUSTER];
        random.nextBytes(data);
        System.arraycopy(data, 0, content, 5 * CLUSTER - 512, data.length);
        System.arraycopy(data, 0, content, DISK_BYTES - 700, 700);
        Arrays.fill(content, 40 * CLUSTER, 60 * CLUSTER, (byte) 3);
        return content;
    }

    private Path export(VdiId vdi, @Nullable VdiId base, Random random) throws IOException {
        return export(vdi, base, images.resolve(vdi + ".qcow2"), random);
    }

    private Path export(VdiId vdi, @Nullable VdiId base, Path image, Random random) throws IOException {
        byte[] bytes = trees.exported(vdi, StreamFormat.QCOW2, base, 0);
        int from = random.nextInt(bytes.length);
        assertThat(trees.exported(vdi, StreamFormat.QCOW2, base, from))
                .as("the rest from byte %s on", from)
                .isEqualTo(Arrays.copyOfRange(bytes, from, bytes.length));
        return Files.write(image, bytes);
    }

    private void assertHolds(Path image, byte[] content) throws IOException {
        Path raw = Files.write(images.resolve("raw"), content);
        qemuImg("compare", "-f", "qcow2", "-F", "raw", image.toString(), raw.toString());
    }

    /** Fails if anything is wrong, or leaked. */
    private static void check(Path image) throws IOException {
        qemuImg("check", "-f", "qcow2", image.toString());
    }

    private static void qemuImg(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(arguments));
        Programs.run(PATIENCE, command.toArray(String[]::new));
    }

    private byte[] convert(byte[] content, String... options) throws IOException {
        return convert(images, content, options);
    }

    private static byte[] convert(Path directory, byte[] content, String... options) throws IOException {
        Path raw = Files.write(directory.resolve("raw"), content);
        Path image = directory.resolve("image");
        List<String> arguments = new ArrayList<>(List.of("convert", "-f", "raw", "-O", "qcow2"));
        arguments.addAll(List.of(options));
        arguments.addAll(List.of(raw.toString(), image.toString()));
        qemuImg(arguments.toArray(String[]::new));
        byte[] made = Files.readAllBytes(image);
        Files.delete(image);
        Files.delete(raw);
        return made;
    }

    private void assertImports(byte[] image, byte[] content) throws IOException {
        VdiId disk = trees.imported(StreamFormat.QCOW2, image, -1);
        assertThat(Arrays.equals(trees.exported(disk, StreamFormat.RAW, null, 0), content))
                .isTrue();
        trees.sr.destroy(disk);
        assertNothingIsLeft();
    }

    private void assertRefused(byte[] image, String why) {
        int before = trees.sr.vdis().size();
        assertThatThrownBy(() -> trees.imported(StreamFormat.QCOW2, image, -1))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST))
                .hasMessageContaining(why);
        assertThat(trees.sr.vdis()).hasSize(before);
        assertNothingIsLeft();
    }

    private void assertNothingIsLeft() {
        assertThat(directory.resolve(".catena/tmp").toFile().list()).isNullOrEmpty();
    }
}
