package io.catena.harness.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.format.Footer;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.peer.QemuImg;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.harness.sim.Seeds;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.tool.HostFile;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.OpenChain;
import io.catena.tool.VhdInfo;
import io.catena.tool.VhdResize;
import io.catena.tool.VhdWrite;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("slow")
final class ResizeTest {
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final int BLOCK = 2 << 20;

    @TempDir
    Path directory;

    private Storage storage = new FileStorage(Path.of("."));
    private final Random random = new Random(3);
    private final NewVhd maker = new NewVhd(
            Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC),
            () -> new UUID(random.nextLong(), random.nextLong()));

    @BeforeEach
    void useDirectory() {
        storage = new FileStorage(directory);
    }

    @Seeds(10)
    void aDiskOfAnyBlockSizeKeepsItsContentAndGrowsByZeros(long seed) throws Exception {
        Random chance = new Random(seed * 31);
        int blockSize = chance.nextBoolean() ? 512 << 10 : BLOCK;
        long size = (1 + chance.nextInt(40)) * (512L << 10);
        boolean batmap = chance.nextBoolean();
        new SampleVhd(blockSize, size, batmap).make(storage, "a.vhd");
        SampleVhd.fill(storage, "a.vhd", blockSize, 1 + chance.nextInt(20), chance);
        byte[] before = content("a.vhd");
        for (int i = 0; i < 3; i++) {
            size = new VhdResize(storage, "a.vhd").resize(size + chance.nextInt(1 << 29), false);
            assertThat(size % blockSize).isZero();
            checkGrown("a.vhd", before, size);
        }
    }

    @Test
    void growthWithinTheReservedTableMovesNothing() throws Exception {
        maker.create(storage, "a.vhd", 8 * MIB, 100 * GIB);
        write("a.vhd", 3 * MIB, 5000);
        byte[] before = content("a.vhd");
        long fileBytes = Files.size(directory.resolve("a.vhd"));
        new VhdResize(storage, "a.vhd").resize(GIB, false);
        checkGrown("a.vhd", before, GIB);
        assertThat(directory.resolve("a.vhd")).hasSize(fileBytes);
    }

    @Test
    void allBlocksMoveWhenTheTableNeedsTheirPlace() throws Exception {
        maker.create(storage, "a.vhd", 6 * MIB, NewDiskType.DYNAMIC);
        write("a.vhd", 0, 6 * (int) MIB);
        byte[] before = content("a.vhd");
        assertThat(new VhdResize(storage, "a.vhd").resize(2040 * GIB, false)).isEqualTo(2040 * GIB);
        checkGrownSparse("a.vhd", before, 2040 * GIB);
        write("a.vhd", 2040 * GIB - 4096, 4096);
        SoundVhd.check(directory.resolve("a.vhd"));
    }

    @Test
    void locatorsMakeRoomAndStillFindTheParent() throws Exception {
        maker.create(storage, "p.vhd", 8 * MIB, NewDiskType.DYNAMIC);
        write("p.vhd", MIB, 70_000);
        maker.snapshot(storage, "c.vhd", "p.vhd");
        write("c.vhd", MIB + 4096, 512);
        write("c.vhd", 5 * MIB, 4096);
        byte[] before = content("c.vhd");
        new VhdResize(storage, "c.vhd").resize(700 * MIB, false);
        checkGrown("c.vhd", before, 700 * MIB);
        VhdInfo info = VhdInfo.of(storage, "c.vhd");
        assertThat(info.chainDepth()).isEqualTo(2);
        assertThat(Objects.requireNonNull(info.parent()).locators())
                .allMatch(locator -> "./p.vhd".equals(locator.path()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"resize-fast", "resize-journal", "resize-nomove", "child-larger"})
    void whatVhdUtilResizedGrowsFurther(String name) throws Exception {
        Fixture fixture = Fixtures.unpack(directory).get(name);
        for (FixtureFile file : fixture.files()) {
            if (file.contentSha256().isEmpty() || file.path().toString().endsWith(".raw")) {
                continue;
            }
            Storage there = new FileStorage(fixture.directory());
            String vhd = fixture.directory().relativize(file.path()).toString();
            long before = VhdInfo.of(there, vhd).virtualSizeBytes();
            long size = new VhdResize(there, vhd).resize(before + GIB, false);
            SoundVhd.check(file.path());
            checkStart(file.path(), before, file.contentSha256().get());
            checkZerosFrom(file.path(), before, size);
            assertThat(new VhdResize(there, vhd).resize(before, false)).isEqualTo(before);
            assertThat(ReferenceReader.sha256(file.path()))
                    .isEqualTo(file.contentSha256().get());
        }
    }

    @Test
    void imagesOfQemuGrowAndQemuReadsThem() throws Exception {
        byte[] bytes = new byte[5 * (int) MIB + 512 * 7];
        random.nextBytes(bytes);
        for (String subformat : List.of("dynamic", "fixed")) {
            Path raw = directory.resolve(subformat + ".raw");
            Files.write(raw, bytes);
            Path vhd = directory.resolve(subformat + ".vhd");
            QemuImg.convertFromRaw(raw, vhd, subformat);
            assertThat(content(vhd)).isEqualTo(bytes);
            long size = new VhdResize(storage, subformat + ".vhd").resize(600 * MIB, false);
            assertThat(size).isEqualTo(600 * MIB);
            try (var file = new RandomAccessFile(raw.toFile(), "rw")) {
                file.setLength(size);
            }
            assertThat(QemuImg.isSame(vhd, raw)).isTrue();
            if (subformat.equals("dynamic")) {
                SoundVhd.check(vhd);
            }
            checkContent(vhd, bytes, size);
        }
    }

    @Test
    void dataThatASmallerSizeCutsOffIsNamed() throws Exception {
        maker.create(storage, "p.vhd", 16 * MIB, NewDiskType.DYNAMIC);
        write("p.vhd", 9 * MIB + 1024, 512);
        maker.snapshot(storage, "c.vhd", "p.vhd");
        VhdResize resize = new VhdResize(storage, "c.vhd");
        assertThatThrownBy(() -> resize.resize(8 * MIB, false))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("data at byte " + (9 * MIB + 1024));
        assertThat(resize.resize(10 * MIB, false)).isEqualTo(10 * MIB);
        assertThat(resize.resize(8 * MIB, true)).isEqualTo(8 * MIB);
        SoundVhd.check(directory.resolve("c.vhd"));
        assertThatThrownBy(() -> resize.resize(16 * MIB, false))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("its parent is larger and holds data at byte " + (9 * MIB + 1024));
    }

    @Test
    void whatAForcedShrinkCutOffDoesNotComeBack() throws Exception {
        maker.create(storage, "a.vhd", 16 * MIB, NewDiskType.DYNAMIC);
        write("a.vhd", 0, 16 * (int) MIB);
        byte[] before = content("a.vhd");
        new VhdResize(storage, "a.vhd").resize(4 * MIB, true);
        assertThat(Files.size(directory.resolve("a.vhd"))).isLessThan(5 * MIB);
        new VhdResize(storage, "a.vhd").resize(16 * MIB, false);
        checkGrown("a.vhd", Arrays.copyOf(before, 4 * (int) MIB), 16 * MIB);
    }

    @Test
    void aFixedDiskGrowsByZerosAndShrinks() throws Exception {
        maker.create(storage, "f.vhd", 4 * MIB, NewDiskType.FIXED);
        write("f.vhd", 0, 4 * (int) MIB);
        byte[] before = content("f.vhd");
        assertThat(new VhdResize(storage, "f.vhd").resize(9 * MIB + 1, false)).isEqualTo(9 * MIB + 512);
        checkContent(directory.resolve("f.vhd"), before, 9 * MIB + 512);
        assertThat(new VhdResize(storage, "f.vhd").resize(4 * MIB, false)).isEqualTo(4 * MIB);
        assertThat(content("f.vhd")).isEqualTo(before);
        assertThatThrownBy(() -> new VhdResize(storage, "f.vhd").resize(MIB, false))
                .hasMessageContaining("would cut off");
        assertThat(new VhdResize(storage, "f.vhd").resize(MIB, true)).isEqualTo(MIB);
        assertThat(directory.resolve("f.vhd")).hasSize(MIB + Footer.SIZE);
    }

    @Test
    void impossibleSizesAreRefused() throws Exception {
        maker.create(storage, "a.vhd", 8 * MIB, NewDiskType.DYNAMIC);
        VhdResize resize = new VhdResize(storage, "a.vhd");
        for (long size : new long[] {0, -1, 2040 * GIB + 1, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> resize.resize(size, true)).hasMessageContaining("is not possible");
        }
        assertThat(VhdInfo.of(storage, "a.vhd").virtualSizeBytes()).isEqualTo(8 * MIB);
    }

    private void write(String name, long offset, int length) throws IOException {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        VhdWrite.copy(new ByteArrayInputStream(bytes), storage, name, offset);
    }

    private byte[] content(String name) throws IOException {
        return content(directory.resolve(name));
    }

    private static byte[] content(Path path) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(path)) {
            return reader.read(0, (int) reader.virtualSize());
        }
    }

    private void checkGrown(String name, byte[] before, long size) throws IOException {
        checkGrown(directory.resolve(name), before, size);
    }

    private static void checkGrown(Path path, byte[] before, long size) throws IOException {
        SoundVhd.check(path);
        checkContent(path, before, size);
    }

    /** What was there is as it was, and all behind it is a hole. */
    private static void checkContent(Path path, byte[] before, long size) throws IOException {
        MessageDigest digest = newSha256();
        digest.update(before);
        checkStart(path, before.length, HexFormat.of().formatHex(digest.digest()));
        checkZerosFrom(path, before.length, size);
    }

    /** The reference and the driver read the same; in pieces, for some disks are larger than the heap of the tests. */
    private static void checkStart(Path path, long lengthBytes, String sha256) throws IOException {
        MessageDigest expected = newSha256();
        MessageDigest found = newSha256();
        HostFile file = HostFile.of(path);
        try (ReferenceReader reader = ReferenceReader.open(path);
                OpenChain chain = OpenChain.readOnly(file.storage(), file.name())) {
            for (long offset = 0; offset < lengthBytes; offset += MIB) {
                int length = (int) Math.min(MIB, lengthBytes - offset);
                expected.update(reader.read(offset, length));
                ByteBuffer piece = ByteBuffer.allocate(length);
                chain.disk().read(offset, piece);
                found.update(piece.flip());
            }
        }
        assertThat(HexFormat.of().formatHex(expected.digest())).isEqualTo(sha256);
        assertThat(HexFormat.of().formatHex(found.digest())).isEqualTo(sha256);
    }

    private static void checkZerosFrom(Path path, long offset, long size) throws IOException {
        try (ReferenceReader reader = ReferenceReader.open(path)) {
            assertThat(reader.virtualSize()).isEqualTo(size);
            int grown = (int) Math.min(size - offset, 3 * MIB);
            assertThat(reader.read(offset, grown)).isEqualTo(new byte[grown]);
        }
    }

    private static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private void checkGrownSparse(String name, byte[] before, long size) throws IOException {
        SoundVhd.check(directory.resolve(name));
        try (ReferenceReader reader = ReferenceReader.open(directory.resolve(name))) {
            assertThat(reader.virtualSize()).isEqualTo(size);
            assertThat(reader.read(0, before.length)).isEqualTo(before);
            assertThat(reader.read(before.length, 1 << 20)).isEqualTo(new byte[1 << 20]);
            assertThat(reader.read(size - (1 << 20), 1 << 20)).isEqualTo(new byte[1 << 20]);
        }
    }
}
