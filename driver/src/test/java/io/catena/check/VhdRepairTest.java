package io.catena.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.check.finding.Verdict;
import io.catena.store.FileStorage;
import io.catena.store.StorageLockedException;
import io.catena.store.StoredText;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.VhdCreator;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a repair changes, takes back and refuses to touch, with files of our own; those of other programs are the harness's. */
class VhdRepairTest {
    private static final UUID NEW_ID = UUID.fromString("5a1b6c1e-0000-4000-8000-000000000001");
    private static final int SIZE = 8 << 20;
    private static final int ID = 68;
    private static final int HIDDEN = 85;
    private static final int RESERVED = 86;

    @TempDir
    Path directory;

    private FileStorage storage;
    private VhdRepair repair;
    private Path path;
    private VhdEditor disk;

    @BeforeEach
    void makeDisk() throws IOException {
        storage = new FileStorage(directory);
        repair = new VhdRepair(storage, Clock.systemUTC(), () -> NEW_ID);
        new VhdCreator(storage).dynamic("d.vhd", SIZE, UUID.randomUUID(), 0);
        path = directory.resolve("d.vhd");
        disk = new VhdEditor(path);
    }

    private void writeData() throws IOException {
        try (Layer layer = ChainFile.vhd(storage, "d.vhd").openWritable(storage, null)) {
            layer.write(0, ByteBuffer.allocate(4096).put(0, (byte) 0x5a));
        }
    }

    @Test
    void garbageBehindTheFooterIsCutOff() throws IOException {
        writeData();
        byte[] good = Files.readAllBytes(path);
        disk.append(new byte[] {1, 2, 3});
        repairSafely();
        assertThat(Files.readAllBytes(path)).isEqualTo(good);
    }

    /** Found by the fuzzer: the footer's checksum was right, and the good copy was overwritten with it. */
    @Test
    void aFooterThatNoReaderTakesIsRestoredFromItsCopy() throws IOException {
        writeData();
        byte[] good = Files.readAllBytes(path);
        disk.footer(48, VhdEditor.int64(513));
        assertThat(verdict()).isEqualTo(Verdict.REPAIRABLE);
        repairSafely();
        assertThat(Files.readAllBytes(path)).isEqualTo(good);
    }

    /** Found by the fuzzer: the size of the batmap's checked part overflowed. */
    @Test
    void aDiskOfAlmostAllBytesThereAreIsPlannedToo() throws IOException {
        writeData();
        disk.footers(48, VhdEditor.int64(1L << 55)).raw(VhdEditor.BATMAP + 16, VhdEditor.int32(0));
        assertThat(plan().changes()).isNotEmpty();
        assertThat(verdict()).isEqualTo(Verdict.INVALID);
    }

    /** Found by the fuzzer: the new footer and the new batmap were put in the same place. */
    @Test
    void aLostFooterAndALostBatmapDoNotGetTheSamePlace() throws IOException {
        disk.raw(VhdEditor.BATMAP + 16, VhdEditor.int32(0)).cutOff(disk.size() - 212);
        byte[] before = Files.readAllBytes(path);
        repairSafely();
        assertThat(verdict()).isEqualTo(Verdict.VALID);
        repair.undo("d.vhd");
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
    }

    /** Found by the fuzzer: a block given up in a BAT that is also the header would have changed the header. */
    @Test
    void whereMetadataOverlapsOnlyFootersAreTouched() throws IOException {
        disk.header(16, VhdEditor.int64(512));
        assertThat(repair.plan("d.vhd", new RepairOptions(true, null)).changes())
                .isEmpty();
    }

    @Test
    void aNullIdIsReplacedInBothFooters() throws IOException {
        disk.footers(ID, new byte[16]);
        repairSafely();
        assertThat(ChainFile.vhd(storage, "d.vhd").uniqueId()).contains(NEW_ID);
        assertThat(verdict()).isEqualTo(Verdict.VALID);
    }

    @Test
    void aFileOfAnAttachedSrIsNotTouched() throws IOException {
        damageBothFooters();
        StoredText.write(storage, ".catena/sr.json", "{}");
        RepairPlan plan = plan();
        byte[] before = Files.readAllBytes(path);
        Closeable lock = storage.lock(".catena/lock");
        try (lock) {
            assertThatThrownBy(() -> repair.apply(plan)).isInstanceOf(StorageLockedException.class);
        }
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
    }

    @Test
    void aPlanIsForTheFileAsItWas() throws IOException {
        damageBothFooters();
        RepairPlan plan = plan();
        disk.footers(HIDDEN, (byte) 1);
        assertThatThrownBy(() -> repair.apply(plan)).hasMessageContaining("has changed since");
    }

    @Test
    void aRepairIsNotTakenBackOverNewerBytes() throws IOException {
        damageBothFooters();
        repairSafely();
        disk.footers(HIDDEN, (byte) 1);
        byte[] newer = Files.readAllBytes(path);
        assertThatThrownBy(() -> repair.undo("d.vhd")).hasMessageContaining("another program has changed the file");
        assertThat(Files.readAllBytes(path)).isEqualTo(newer);
    }

    @Test
    void aDamagedUndoFileIsRefused() throws IOException {
        damageBothFooters();
        repairSafely();
        new VhdEditor(directory.resolve("d.vhd.undo")).raw(60, (byte) 0x77);
        assertThatThrownBy(() -> repair.undo("d.vhd")).hasMessageContaining("cannot be used to take the repair back");
    }

    private void damageBothFooters() throws IOException {
        disk.footers(RESERVED, (byte) 1);
        assertThat(plan().changes()).isNotEmpty();
    }

    private void repairSafely() throws IOException {
        repair.apply(plan());
    }

    private RepairPlan plan() throws IOException {
        return repair.plan("d.vhd", RepairOptions.SAFE);
    }

    private Verdict verdict() throws IOException {
        return new VhdCheck(storage, Clock.systemUTC())
                .check("d.vhd", CheckOptions.THOROUGH)
                .verdict();
    }
}
