package io.catena.harness.sim;

import static io.catena.harness.sim.Samples.putDurably;
import static io.catena.harness.sim.Samples.read;
import static io.catena.harness.sim.Samples.write;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The fault model's part on power cuts: each test collects what 400 seeds make of one situation. */
class PowerCutTest {
    private static final int SEEDS = 400;

    @Test
    void syncedBytesSizesAndNamesAlwaysSurvive() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "AB");
                            disk.rename("a", "b");
                            disk.syncNames();
                            try (BlockFile file = disk.open("b")) {
                                write(file, 1, "XYZ");
                                file.truncate(3 * 512);
                                file.sync();
                            }
                        },
                        disk -> disk.list("") + read(disk, "b")))
                .containsExactly("[b]AXY");
    }

    @Test
    void eachUnsyncedSectorSurvivesOrNotOnItsOwnAndIsNeverTorn() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "ABC");
                            write(disk.open("a"), 0, "XYZ");
                        },
                        disk -> read(disk, "a")))
                .containsExactly("ABC", "ABZ", "AYC", "AYZ", "XBC", "XBZ", "XYC", "XYZ");
    }

    @Test
    void aSectorKeepsAnyOfTheValuesItHadSinceItsSync() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "A");
                            BlockFile file = disk.open("a");
                            write(file, 0, "B");
                            file.sync();
                            write(file, 0, "C");
                            write(file, 0, "D");
                        },
                        disk -> read(disk, "a")))
                .containsExactly("B", "C", "D");
    }

    @Test
    void aWriteInsideASectorSurvivesWhole() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "A");
                            disk.open("a").write(100, ByteBuffer.wrap(new byte[] {'x', 'y', 'z'}));
                        },
                        disk -> {
                            ByteBuffer bytes = ByteBuffer.allocate(5);
                            disk.open("a").readFully(99, bytes);
                            return new String(bytes.array(), US_ASCII);
                        }))
                .containsExactly("AAAAA", "AxyzA");
    }

    @Test
    void growthAndItsBytesSurviveApart() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "A");
                            BlockFile file = disk.open("a");
                            write(file, 1, "B");
                            write(file, 2, "C");
                        },
                        disk -> read(disk, "a")))
                .containsExactly("A", "A0", "A00", "A0C", "AB", "AB0", "ABC");
    }

    @Test
    void aTruncateSurvivesOrNotAsAWhole() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "ABC");
                            disk.open("a").truncate(512);
                        },
                        disk -> read(disk, "a")))
                .containsExactly("A", "ABC");
    }

    @Test
    void whatWasCutOffAndGrownOverIsZeroOrIfTheTruncateIsLostOld() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "ABC");
                            BlockFile file = disk.open("a");
                            file.truncate(512);
                            file.truncate(4 * 512);
                        },
                        disk -> read(disk, "a")))
                .containsExactly("A", "A000", "ABC");
    }

    @Test
    void anUnsyncedWriteThatASurvivingTruncateCutOffDoesNotComeBack() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "AB");
                            BlockFile file = disk.open("a");
                            write(file, 1, "X");
                            file.truncate(512);
                            file.truncate(2 * 512);
                        },
                        disk -> read(disk, "a")))
                .containsExactly("A", "A0", "AB", "AX");
    }

    @Test
    void namesOfDifferentFilesSurviveIndependently() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            disk.create("a");
                            disk.create("b");
                            disk.create("c");
                        },
                        disk -> disk.list("").toString()))
                .containsExactly("[]", "[a, b, c]", "[a, b]", "[a, c]", "[a]", "[b, c]", "[b]", "[c]");
    }

    @Test
    void theFirstFewNameChangesOfAFileSurvive() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            disk.create("a");
                            disk.rename("a", "b");
                            disk.rename("b", "c");
                            disk.delete("c");
                        },
                        disk -> disk.list("").toString()))
                .containsExactly("[]", "[a]", "[b]", "[c]");
    }

    @Test
    void aRenameOverAnotherFileLeavesTheOldOrTheNew() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "N");
                            putDurably(disk, "b", "O");
                            disk.rename("a", "b");
                        },
                        disk -> disk.list("") + read(disk, "b")))
                .containsExactly("[a, b]O", "[b]N");
    }

    @Test
    void reusingANameBeforeItsRenameIsSyncedMayLoseTheFile() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "leaf", "O");
                            disk.rename("leaf", "base");
                            disk.create("leaf");
                        },
                        disk -> disk.list("").toString()))
                .containsExactly("[base, leaf]", "[base]", "[leaf]");
    }

    @Test
    void aDeletedFileMayComeBackWithItsBytes() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "A");
                            disk.delete("a");
                        },
                        disk -> disk.exists("a") ? read(disk, "a") : "gone"))
                .containsExactly("A", "gone");
    }

    @Test
    void syncingAFileDoesNotSyncItsName() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            BlockFile file = disk.create("a");
                            write(file, 0, "A");
                            file.sync();
                        },
                        disk -> disk.exists("a") ? read(disk, "a") : "gone"))
                .containsExactly("A", "gone");
    }

    @Test
    void syncingNamesDoesNotSyncBytes() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            write(disk.create("a"), 0, "A");
                            disk.syncNames();
                        },
                        disk -> read(disk, "a")))
                .containsExactly("", "0", "A");
    }

    @Test
    void aWriteInFlightLeavesAnySubsetOfItsSectors() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "AB");
                            BlockFile file = disk.open("a");
                            disk.machine().cutPowerAtCall(1);
                            assertThatThrownBy(() -> write(file, 0, "XY")).isInstanceOf(PowerLossException.class);
                        },
                        disk -> read(disk, "a")))
                .containsExactly("AB", "AY", "XB", "XY");
    }

    @Test
    void aSyncInFlightMakesAnySubsetDurable() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "AB");
                            BlockFile file = disk.open("a");
                            write(file, 0, "XY");
                            disk.machine().cutPowerAtCall(1);
                            assertThatThrownBy(file::sync).isInstanceOf(PowerLossException.class);
                        },
                        disk -> read(disk, "a")))
                .containsExactly("AB", "AY", "XB", "XY");
    }

    @Test
    void aRenameInFlightHappenedOrNot() throws IOException {
        assertThat(outcomes(
                        disk -> {
                            putDurably(disk, "a", "A");
                            disk.machine().cutPowerAtCall(1);
                            assertThatThrownBy(() -> disk.rename("a", "b")).isInstanceOf(PowerLossException.class);
                        },
                        disk -> disk.list("").toString()))
                .containsExactly("[a]", "[b]");
    }

    /** Returns what {@code view} sees, over all seeds, after {@code before} and a power cut. */
    private static Set<String> outcomes(Before before, View view) throws IOException {
        Set<String> outcomes = new TreeSet<>();
        for (long seed = 0; seed < SEEDS; seed++) {
            SimulatedStorage disk = SimulatedStorage.disk(seed);
            before.run(disk);
            disk.machine().cutPower();
            disk.machine().restorePower();
            outcomes.add(view.of(disk));
            disk.machine().cutPower(); // what survived is durable
            disk.machine().restorePower();
            assertThat(outcomes).contains(view.of(disk));
        }
        return outcomes;
    }

    @FunctionalInterface
    private interface Before {
        void run(SimulatedStorage disk) throws IOException;
    }

    @FunctionalInterface
    private interface View {
        String of(SimulatedStorage disk) throws IOException;
    }
}
