package io.catena.check;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.check.finding.Code;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.store.FileStorage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.VhdDigest;
import io.catena.tool.VhdWrite;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What other programs write in their own way: called what it is, read, and repaired if blktap would refuse it. */
@Timeout(120)
@Tag("slow")
class ForeignWritersTest {
    private static final int SIZE = 8 << 20;
    private static final int LOCATORS = 576;
    private static final int LOCATOR = 24;
    private static final int NAME = 64;

    @TempDir
    Path directory;

    private FileStorage storage;
    private VhdRepair repair;

    @BeforeEach
    void open() {
        storage = new FileStorage(directory);
        repair = new VhdRepair(storage, Clock.systemUTC(), () -> new UUID(1, 2));
    }

    @Test
    void aParentNameInLittleEndianIsANote() throws IOException {
        VhdEditor child = makeChain("parent.vhd");
        child.header(NAME, Arrays.copyOf("parent.vhd".getBytes(UTF_16LE), 512));
        assertNoted(Code.PARENT_NAME_LITTLE_ENDIAN);
        child.header(LOCATORS, new byte[8 * LOCATOR]);
        assertThat(new VhdCheck(storage, Clock.systemUTC())
                        .check("child.vhd", CheckOptions.PLAIN)
                        .has(Code.PARENT_BY_NAME))
                .as("found by that name")
                .isTrue();
        assertThat(VhdDigest.sha256(storage, "child.vhd")).isEqualTo(VhdDigest.sha256(storage, "parent.vhd"));
    }

    @Test
    void anEscapedBlankInAPathIsABlank() throws IOException {
        VhdEditor child = makeChain("my disk.vhd");
        byte[] escaped = "file://./my%20disk.vhd".getBytes(UTF_8);
        int macX = 3072;
        child.raw(macX, escaped).header(LOCATORS + 8, VhdEditor.int32(escaped.length));
        child.header(LOCATORS + LOCATOR, new byte[7 * LOCATOR]);
        Report report = check("child.vhd");
        assertThat(report.verdict()).as("%s", report).isEqualTo(Verdict.VALID);
        assertThat(report.has(Code.PARENT_BY_NAME)).isFalse();
        assertThat(VhdDigest.sha256(storage, "child.vhd")).isEqualTo(VhdDigest.sha256(storage, "my disk.vhd"));
    }

    @Test
    void aPercentSignThatIsPartOfANameIsTakenAsItStands() throws IOException {
        makeChain("my%20disk.vhd");
        new NewVhd(Clock.systemUTC(), UUID::randomUUID).create(storage, "my disk.vhd", SIZE, NewDiskType.DYNAMIC);
        assertThat(check("child.vhd").verdict()).isEqualTo(Verdict.VALID);
        assertThat(VhdDigest.sha256(storage, "child.vhd")).isEqualTo(VhdDigest.sha256(storage, "my%20disk.vhd"));
    }

    /** Xen Orchestra gives all eight locators a place, and none of them a platform. */
    @Test
    void placesOfUnusedLocatorsAreANote() throws IOException {
        VhdEditor child = makeChain("parent.vhd");
        VhdEditor parent = new VhdEditor(directory.resolve("parent.vhd"));
        for (int slot = 0; slot < 8; slot++) {
            parent.header(LOCATORS + slot * LOCATOR + 16, VhdEditor.int64(4096L * slot));
        }
        child.header(LOCATORS + 5 * LOCATOR + 16, VhdEditor.int64(4096));
        assertNoted(Code.LOCATOR_UNUSED_PLACE);
        Report report = check("parent.vhd");
        assertThat(report.verdict()).as("%s", report).isEqualTo(Verdict.VALID);
        assertThat(report.has(Code.LOCATOR_UNUSED_PLACE)).isTrue();
        parent.header(LOCATORS + 8, (byte) 1);
        assertThat(check("parent.vhd").has(Code.STRAY_PARENT)).as("a length").isTrue();
    }

    private void assertNoted(Code code) throws IOException {
        Report report = check("child.vhd");
        assertThat(report.has(code)).as("%s", report).isTrue();
        assertThat(report.verdict()).as("%s", report).isEqualTo(Verdict.VALID);
        RepairPlan plan = repair.plan("child.vhd", RepairOptions.SAFE);
        assertThat(plan.isEmpty()).isTrue();
        assertThat(plan.leftAlone()).isEmpty();
    }

    @Test
    void aHeaderOfOldQemuIsRepaired() throws IOException {
        makeChain("parent.vhd").header(8, VhdEditor.int64(0xFFFF_FFFFL));
        repairs(Code.HEADER_DATA_OFFSET_OLD_QEMU);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aChildWithoutLocatorsGetsThem(boolean oldQemuToo) throws IOException {
        VhdEditor child = makeChain("parent.vhd");
        child.header(LOCATORS, new byte[8 * LOCATOR]).raw(3072, new byte[1536]);
        if (oldQemuToo) {
            child.header(8, VhdEditor.int64(0xFFFF_FFFFL));
        }
        repairs(Code.PARENT_BY_NAME);
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Files.move(directory.resolve("child.vhd"), elsewhere.resolve("child.vhd"));
        Files.move(directory.resolve("parent.vhd"), elsewhere.resolve("parent.vhd"));
        Report report =
                new VhdCheck(new FileStorage(elsewhere), Clock.systemUTC()).check("child.vhd", CheckOptions.PLAIN);
        assertThat(report.verdict()).as("%s", report).isEqualTo(Verdict.VALID);
    }

    private void repairs(Code code) throws IOException {
        Report report = check("child.vhd");
        assertThat(report.has(code)).as("%s", report).isTrue();
        assertThat(report.verdict()).as("%s", report).isEqualTo(Verdict.REPAIRABLE);
        String content = VhdDigest.sha256(storage, "child.vhd");
        byte[] before = Files.readAllBytes(directory.resolve("child.vhd"));
        RepairPlan plan = repair.plan("child.vhd", RepairOptions.SAFE);
        assertThat(plan.leftAlone()).isEmpty();
        repair.apply(plan);
        assertThat(check("child.vhd").verdict()).as("%s", check("child.vhd")).isEqualTo(Verdict.VALID);
        assertThat(VhdDigest.sha256(storage, "child.vhd")).isEqualTo(content);
        repair.undo("child.vhd");
        assertThat(Files.readAllBytes(directory.resolve("child.vhd"))).isEqualTo(before);
        repair.apply(repair.plan("child.vhd", RepairOptions.SAFE));
    }

    /** The repair does not move blocks; it says what does. */
    @Test
    void withoutRoomForLocatorsTheWayToMakeItIsTold() throws IOException {
        VhdEditor child = makeChain("parent.vhd");
        VhdWrite.copy(new ByteArrayInputStream(new byte[] {1}), storage, "child.vhd", 0, false);
        byte[] long240 = name(240).getBytes(UTF_16LE);
        child.header(LOCATORS, new byte[8 * LOCATOR]).header(NAME, long240);
        Files.move(directory.resolve("parent.vhd"), directory.resolve(name(240)));
        child.header(NAME, Arrays.copyOf(name(240).getBytes(java.nio.charset.StandardCharsets.UTF_16BE), 512));
        // The first block, of which the bitmap is moved to right behind the batmap, leaves no sector.
        child.entry(0, 6);
        RepairPlan plan = repair.plan("child.vhd", RepairOptions.SAFE);
        assertThat(plan.leftAlone().toString()).contains("vhd reparent");
    }

    @Test
    void namesOf240BytesCanBeChecked() throws IOException {
        makeChain(name(240));
        assertThat(check("child.vhd").verdict()).as("%s", check("child.vhd")).isEqualTo(Verdict.VALID);
        VhdEditor parent = new VhdEditor(directory.resolve(name(240)));
        parent.footer(85, (byte) 1);
        repair.apply(repair.plan(name(240), RepairOptions.SAFE));
        assertThat(check(name(240)).verdict()).isEqualTo(Verdict.VALID);
        repair.undo(name(240));
    }

    /** A file of a few KiB on disk that claims the largest BAT there can be. */
    @ParameterizedTest
    @ValueSource(longs = {0xFFFF_FFFFL, Integer.MAX_VALUE, 1L << 26})
    @Timeout(60)
    void aTableOfHolesIsCheckedInBoundedTime(long entries) throws IOException {
        makeChain("parent.vhd");
        VhdEditor disk = new VhdEditor(directory.resolve("parent.vhd"));
        byte[] footer = Arrays.copyOf(Files.readAllBytes(directory.resolve("parent.vhd")), 512);
        long size = 1536 + (entries * 4 + 511) / 512 * 512;
        disk.header(28, VhdEditor.int32((int) entries)).raw(size, footer);
        Report report = check("parent.vhd");
        assertThat(report.verdict()).as("%s", report).isIn(Verdict.UNSUPPORTED, Verdict.INVALID);
        assertThat(report.has(entries > Integer.MAX_VALUE ? Code.TOO_MANY_BLOCKS : Code.TABLE_TOO_LARGE))
                .isTrue();
        assertThat(repair.plan("parent.vhd", RepairOptions.SAFE).leftAlone()).isNotEmpty();
    }

    /** Makes a parent with data and a child that is empty; returns the child. */
    private VhdEditor makeChain(String parent) throws IOException {
        NewVhd maker = new NewVhd(Clock.systemUTC(), UUID::randomUUID);
        maker.create(storage, parent, SIZE, NewDiskType.DYNAMIC);
        try (Layer layer = ChainFile.vhd(storage, parent).openWritable(storage, null)) {
            layer.write(0, ByteBuffer.allocate(4096).put(0, (byte) 0x5a));
        }
        maker.snapshot(storage, "child.vhd", parent);
        return new VhdEditor(directory.resolve("child.vhd"));
    }

    private static String name(int bytes) {
        return "n".repeat(bytes - 4) + ".vhd";
    }

    private Report check(String name) throws IOException {
        return new VhdCheck(storage, Clock.systemUTC()).check(name, CheckOptions.PLAIN);
    }
}
