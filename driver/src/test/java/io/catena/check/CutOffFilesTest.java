package io.catena.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.check.finding.Code;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.format.CorruptVhdException;
import io.catena.store.FileStorage;
import io.catena.tool.VhdDigest;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of which the end is missing, as an upload that broke off leaves them: nothing is made up for what is lost. */
class CutOffFilesTest {
    private static final int BLOCK = 2 << 20;
    private static final int SECTOR = 512;

    @TempDir
    Path directory;

    private FileStorage storage;
    private VhdRepair repair;

    @BeforeEach
    void open() {
        storage = new FileStorage(directory);
        repair = new VhdRepair(storage, Clock.systemUTC(), () -> new UUID(1, 2));
    }

    /** The lost data were zeros after the repair, and the file valid. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aFileCutBehindTheBitmapOfItsLastBlockIsInvalid(int blocks) throws IOException {
        cutBehindLastBitmap(makeDisk(blocks, BLOCK));
        assertLost();
    }

    @Test
    void oneSectorThatTheBitmapTellsOfIsEnoughToBeLost() throws IOException {
        cutBehindLastBitmap(makeDisk(2, SECTOR));
        assertLost();
    }

    private void assertLost() throws IOException {
        Report report = check();
        assertThat(report.has(Code.BLOCK_DATA_LOST)).as("%s", report).isTrue();
        assertThat(report.verdict()).isEqualTo(Verdict.INVALID);
        assertThatThrownBy(() -> VhdDigest.sha256(storage, "d.vhd")).isInstanceOf(CorruptVhdException.class);
        RepairPlan plan = repair.plan("d.vhd", RepairOptions.SAFE);
        assertThat(plan.changes()).isEmpty();
        assertThat(plan.leftAlone().toString()).contains("BLOCK_DATA_LOST", "dropEntriesPastEnd");
        repair.apply(repair.plan("d.vhd", new RepairOptions(true, null)));
        assertThat(check().verdict()).isEqualTo(Verdict.VALID);
    }

    @Test
    void aBlockOfWhichNoSectorWasWrittenHasLostNothing() throws IOException {
        VhdEditor disk = makeDisk(2, SECTOR);
        String content = VhdDigest.sha256(storage, "d.vhd");
        int sector = (int) (disk.size() / SECTOR) + 6;
        disk.entry(3, sector).cutOff(disk.size() - SECTOR).raw((long) sector * SECTOR, new byte[SECTOR]);
        assertThat(check().has(Code.BLOCK_WITHOUT_DATA)).isTrue();
        assertThat(VhdDigest.sha256(storage, "d.vhd")).isEqualTo(content);
        repair.apply(repair.plan("d.vhd", RepairOptions.SAFE));
        assertThat(check().verdict()).as("%s", check()).isEqualTo(Verdict.VALID);
        assertThat(VhdDigest.sha256(storage, "d.vhd")).isEqualTo(content);
    }

    /** Wherever it is cut: what is called valid after a repair has all of its content. */
    @Test
    void noCutIsRepairedToOtherContent() throws IOException {
        byte[] whole = Files.readAllBytes(pathOf(makeDisk(3, BLOCK)));
        String content = VhdDigest.sha256(storage, "d.vhd");
        int repaired = 0;
        Set<Integer> cuts = cuts(whole.length);
        for (int cut : cuts) {
            Files.write(directory.resolve("d.vhd"), Arrays.copyOf(whole, cut));
            RepairPlan plan = repair.plan("d.vhd", RepairOptions.SAFE);
            repair.apply(plan);
            boolean good = check().verdict().compareTo(Verdict.WARN) <= 0;
            assertThat(plan.leftAlone().isEmpty())
                    .as("cut at %d: %s", cut, plan.leftAlone())
                    .isEqualTo(good);
            if (good) {
                assertThat(VhdDigest.sha256(storage, "d.vhd"))
                        .as("cut at %d", cut)
                        .isEqualTo(content);
                repaired++;
            }
        }
        assertThat(repaired).as("cuts within the footer").isBetween(3, cuts.size() / 2);
    }

    private static Set<Integer> cuts(int size) {
        Set<Integer> cuts = new TreeSet<>();
        int[] edges = {
            0,
            SECTOR,
            1536,
            2048,
            2560,
            3072,
            3584,
            4096,
            size - BLOCK - 1024,
            size - BLOCK - SECTOR,
            size - BLOCK,
            size - 1024,
            size - SECTOR,
            size - 256,
            size
        };
        for (int edge : edges) {
            for (int delta : new int[] {-SECTOR, -1, 0, 1, SECTOR}) {
                if (edge + delta >= 0 && edge + delta <= size) {
                    cuts.add(edge + delta);
                }
            }
        }
        return cuts;
    }

    /**
     * Makes a disk of 8 MiB with data.
     *
     * @param bytes how many in each block
     */
    private VhdEditor makeDisk(int blocks, int bytes) throws IOException {
        new VhdCreator(storage).dynamic("d.vhd", 4L * BLOCK, UUID.randomUUID(), 0);
        try (Layer layer = ChainFile.vhd(storage, "d.vhd").openWritable(storage, null)) {
            byte[] data = new byte[bytes];
            Arrays.fill(data, (byte) 0x5a);
            for (int block = 0; block < blocks; block++) {
                layer.write((long) block * BLOCK, ByteBuffer.wrap(data));
            }
        }
        return new VhdEditor(directory.resolve("d.vhd"));
    }

    private Path pathOf(VhdEditor disk) throws IOException {
        assertThat(disk.size()).isPositive();
        return directory.resolve("d.vhd");
    }

    private static void cutBehindLastBitmap(VhdEditor disk) throws IOException {
        disk.cutOff(disk.size() - SECTOR - BLOCK);
    }

    private Report check() throws IOException {
        return new VhdCheck(storage, Clock.systemUTC()).check("d.vhd", CheckOptions.PLAIN);
    }
}
