package io.catena.check;

import static io.catena.check.VhdEditor.int32;
import static io.catena.check.VhdEditor.int64;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.check.finding.Code;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.format.Geometry;
import io.catena.format.VhdTime;
import io.catena.store.FileStorage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What vhd-util's check misses, is too strict about, or is too slow for. */
@Timeout(60)
class VhdCheckTest {
    private static final Clock NOW = Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);
    private static final int TIMESTAMP = VhdTime.fromEpochSeconds(1_767_225_600);
    private static final int SIZE = 8 << 20;
    private static final int FIRST_BLOCK = 7;

    @TempDir
    Path directory;

    private FileStorage storage;
    private VhdEditor disk;

    @BeforeEach
    void makeDisk() throws IOException {
        storage = new FileStorage(directory);
        disk = dynamic("disk.vhd", SIZE);
        write("disk.vhd", 0);
        write("disk.vhd", 2 << 20);
        assertThat(check("disk.vhd").findings()).isEmpty();
    }

    @Test
    void theFirstReservedByteOfTheFooterCounts() throws IOException {
        disk.footers(86, (byte) 1);
        finds(Verdict.INVALID, Code.FOOTER_RESERVED);
    }

    @Test
    void strayDataIsSeenFromItsFirstByteOn() throws IOException {
        disk.raw(FIRST_BLOCK * 512L + 512 + 100 * 512, (byte) 1);
        finds(Verdict.WARN, Code.STRAY_DATA);
    }

    @Test
    void theFirstByteOfAParentOfADiskWithoutOneCounts() throws IOException {
        disk.header(64, (byte) 1);
        finds(Verdict.INVALID, Code.STRAY_PARENT);
    }

    @Test
    void theTailBlockOfAnUnalignedSizeIsChecked() throws IOException {
        disk.footers(48, int64(SIZE - (1 << 20))).footers(40, int64(SIZE - (1 << 20)));
        disk.footers(56, int32(geometry(SIZE - (1 << 20)))).entry(3, 0x00700000);
        finds(Verdict.INVALID, Code.BLOCK_PAST_END);
    }

    @Test
    void anEntryBeyondTheSizeIsAWarning() throws IOException {
        disk.footers(48, int64(2 << 20)).footers(40, int64(2 << 20)).footers(56, int32(geometry(2 << 20)));
        finds(Verdict.WARN, Code.ENTRY_BEYOND_SIZE);
    }

    @Test
    void aBatmapThatCallsAnUnfinishedBlockFullIsFound() throws IOException {
        disk.batmap((byte) 0x80);
        finds(Verdict.INVALID, Code.BATMAP_NOT_FULL);
    }

    @Test
    void aTableAnywhereIsRefused() throws IOException {
        disk.header(16, int64(Long.MAX_VALUE / 512 * 512));
        finds(Verdict.INVALID, Code.TABLE_OFFSET);
    }

    @Test
    void aHeaderAnywhereIsRefused() throws IOException {
        disk.footers(16, int64(-512));
        finds(Verdict.INVALID, Code.FOOTER_DATA_OFFSET);
    }

    @Test
    void aTableOverTheHeaderIsFound() throws IOException {
        disk.header(16, int64(1024));
        finds(Verdict.INVALID, Code.METADATA_OVERLAP);
    }

    @Test
    void moreThan2040GibIsAWarning() throws IOException {
        long large = (2040L << 30) + (2 << 20);
        VhdEditor huge = dynamic("huge.vhd", large);
        assertThat(huge.size()).isLessThan(8 << 20);
        Report report = check("huge.vhd");
        assertThat(report.verdict()).isEqualTo(Verdict.WARN);
        assertThat(report.has(Code.DISK_SIZE_ABOVE_LIMIT)).isTrue();
    }

    @Test
    void aGeometryThatIsOnlyUnusualIsANote() throws IOException {
        disk.footers(56, int32(0x0001_0411));
        finds(Verdict.VALID, Code.GEOMETRY_UNUSUAL);
    }

    @Test
    void aFixedDiskMustFillItsFile() throws IOException {
        new VhdCreator(storage).fixed("fixed.vhd", SIZE, UUID.randomUUID(), TIMESTAMP);
        assertThat(check("fixed.vhd").findings()).isEmpty();
        VhdEditor fixed = new VhdEditor(directory.resolve("fixed.vhd"));
        fixed.footer(48, int64(2L * SIZE)).footer(56, int32(geometry(2L * SIZE)));
        assertThat(check("fixed.vhd").has(Code.FIXED_TOO_SHORT)).isTrue();
        fixed.footer(48, int64(SIZE / 2)).footer(56, int32(geometry(SIZE / 2)));
        assertThat(check("fixed.vhd").has(Code.FIXED_TOO_LONG)).isTrue();
    }

    @Test
    void aLocatorsPathMustNotLieOverAnythingElse() throws IOException {
        VhdEditor child = child("child.vhd", SIZE);
        child.header(576 + 16, int64(VhdEditor.TABLE));
        Report report = check("child.vhd");
        assertThat(report.has(Code.LOCATOR_OVERLAP)).as(report.toString()).isTrue();
        assertThat(report.verdict()).isEqualTo(Verdict.INVALID);
    }

    @Test
    void aParentLargerThanItsChildIsAWarning() throws IOException {
        child("child.vhd", SIZE / 2);
        Report report = check("child.vhd");
        assertThat(report.verdict()).as(report.toString()).isEqualTo(Verdict.WARN);
        assertThat(report.has(Code.PARENT_LARGER)).isTrue();
    }

    @Test
    void theParentsTimestampIsANoteThatCanBeIgnored() throws IOException {
        child("child.vhd", SIZE).header(56, int32(1));
        assertThat(check("child.vhd").has(Code.PARENT_CHANGED)).isTrue();
        assertThat(check("child.vhd").verdict()).isEqualTo(Verdict.VALID);
        CheckOptions ignoring = new CheckOptions(false, false, true);
        assertThat(new VhdCheck(storage, NOW).check("child.vhd", ignoring).has(Code.PARENT_CHANGED))
                .isFalse();
    }

    @Test
    void theFutureBeginsHalfAnHourFromNow() throws IOException {
        disk.footers(24, int32(TIMESTAMP + 1800));
        assertThat(check("disk.vhd").findings()).isEmpty();
        disk.footers(24, int32(TIMESTAMP + 1801));
        finds(Verdict.INVALID, Code.FOOTER_TIME_IN_FUTURE);
    }

    @Test
    void aDamagedAncestorIsFoundInAChainCheckOnly() throws IOException {
        child("child.vhd", SIZE);
        disk.entry(0, 0x00700000);
        assertThat(check("child.vhd").verdict()).isEqualTo(Verdict.VALID);
        CheckOptions chain = new CheckOptions(false, true, false);
        Report report = new VhdCheck(storage, NOW).check("child.vhd", chain);
        assertThat(report.verdict()).isEqualTo(Verdict.INVALID);
        assertThat(report.has(Code.ANCESTOR_DAMAGED)).isTrue();
    }

    @Test
    void garbageBehindTheFooterCanBeRepaired() throws IOException {
        disk.append((byte) 1, (byte) 2);
        finds(Verdict.REPAIRABLE, Code.FILE_SIZE_UNALIGNED);
    }

    @Test
    void footersThatDifferCanBeRepaired() throws IOException {
        disk.footer(85, (byte) 1);
        finds(Verdict.REPAIRABLE, Code.FOOTERS_DIFFER);
    }

    @Test
    void aFileOfNothingIsInvalid() throws IOException {
        for (int size : new int[] {0, 1, 511, 512, 1535, 4096}) {
            Files.write(directory.resolve("nothing"), new byte[size]);
            assertThat(check("nothing").verdict()).as("%d bytes", size).isEqualTo(Verdict.INVALID);
        }
    }

    @Test
    void onlyAFileThatCannotBeOpenedIsAnError() {
        assertThatThrownBy(() -> check("none.vhd")).isInstanceOf(NoSuchFileException.class);
    }

    /** vhd-util compares each block with each other: two minutes. */
    @Test
    void fiveHundredGibFullyAllocatedTakeLessThanTwoSeconds() throws IOException {
        int blocks = 256_000;
        VhdEditor large = dynamic("large.vhd", blocks * (2L << 20));
        byte[] footer = Files.readAllBytes(directory.resolve("large.vhd"));
        ByteBuffer table = ByteBuffer.allocate(4 * blocks);
        int first = (int) ((large.size() + 4096) / 4096 * 8 + 7);
        for (int block = 0; block < blocks; block++) {
            table.putInt(first + 4104 * (int) ((block * 7919L) % blocks));
        }
        large.raw(VhdEditor.TABLE, table.array());
        large.raw(512L * (first + 4104L * blocks), Arrays.copyOf(footer, 512));
        check("large.vhd");
        long start = System.nanoTime();
        Report report = check("large.vhd");
        Duration time = Duration.ofNanos(System.nanoTime() - start);
        assertThat(report.findings()).isEmpty();
        assertThat(time).isLessThan(Duration.ofSeconds(2));
        large.entry(blocks - 1, first + 1);
        assertThat(check("large.vhd").has(Code.BLOCK_OVERLAP)).isTrue();
    }

    private void finds(Verdict verdict, Code code) throws IOException {
        Report report = check("disk.vhd");
        assertThat(report.has(code)).as(report.toString()).isTrue();
        assertThat(report.verdict()).as(report.toString()).isEqualTo(verdict);
    }

    private Report check(String name) throws IOException {
        return new VhdCheck(storage, NOW).check(name, CheckOptions.PLAIN);
    }

    private VhdEditor dynamic(String name, long size) throws IOException {
        new VhdCreator(storage).dynamic(name, size, UUID.randomUUID(), TIMESTAMP);
        return new VhdEditor(directory.resolve(name));
    }

    private VhdEditor child(String name, long size) throws IOException {
        UUID parent = ChainFile.vhd(storage, "disk.vhd").uniqueId().orElseThrow();
        Files.setLastModifiedTime(directory.resolve("disk.vhd"), FileTime.from(NOW.instant()));
        ParentLink link = ParentLink.of(storage, name, "disk.vhd", parent);
        new VhdCreator(storage).differencing(name, size, UUID.randomUUID(), TIMESTAMP, link);
        return new VhdEditor(directory.resolve(name));
    }

    private void write(String name, long offset) throws IOException {
        try (Layer layer = ChainFile.vhd(storage, name).openWritable(storage, null)) {
            layer.write(offset, ByteBuffer.wrap(new byte[512]).put(0, (byte) 1));
        }
    }

    private static int geometry(long size) {
        return Geometry.of(size);
    }
}
