package io.catena.harness.check;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.check.CheckOptions;
import io.catena.check.RepairOptions;
import io.catena.check.RepairPlan;
import io.catena.check.VhdCheck;
import io.catena.check.VhdRepair;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.store.FileStorage;
import io.catena.tool.VhdDigest;
import io.catena.tool.VhdInfo;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Repair of the files that other programs damaged. */
@Tag("slow")
class RepairTest {
    private static final UUID NEW_ID = UUID.fromString("5a1b6c1e-0000-4000-8000-000000000001");

    /** Invalid by their manifests, but nothing in them is lost. */
    private static final Set<String> ALSO_REPAIRED = Set.of(
            "bad-batmap-checksum",
            "bad-batmap-lies",
            "bad-geometry",
            "bad-reserved",
            "bad-loc-dup",
            "bad-loc-name",
            "bad-loc-past-eof");

    @TempDir
    Path directory;

    private Fixtures fixtures;

    @BeforeEach
    void unpack() throws IOException {
        fixtures = Fixtures.unpack(directory);
    }

    @Test
    void whatIsRepairedIsValidAndReadsAsTheManifestSays() throws IOException {
        List<String> repaired = new ArrayList<>();
        for (Fixture fixture : fixtures.all()) {
            for (FixtureFile file : fixture.files()) {
                boolean named =
                        ALSO_REPAIRED.contains(fixture.name()) && file.reason().isPresent();
                if (file.verdict() == FixtureFile.Verdict.REPAIRABLE || named) {
                    repairs(fixture, file);
                    repaired.add(fixture.name());
                }
            }
        }
        assertThat(repaired).hasSize(15).containsAll(ALSO_REPAIRED);
    }

    private static void repairs(Fixture fixture, FixtureFile file) throws IOException {
        byte[] before = Files.readAllBytes(file.path());
        VhdRepair repair = repair(fixture);
        String name = name(fixture, file);
        RepairPlan plan = repair.plan(name, RepairOptions.SAFE);
        assertThat(Files.readAllBytes(file.path())).as("a plan changes nothing").isEqualTo(before);
        repair.apply(plan);
        Report report = check(fixture, name);
        assertThat(report.verdict()).as(report.toString()).isIn(Verdict.VALID, Verdict.WARN);
        assertThat(ReferenceReader.sha256(file.path()))
                .as(fixture.name())
                .isEqualTo(file.contentSha256().orElseThrow());
        assertThat(repair.plan(name, RepairOptions.SAFE).isEmpty())
                .as(fixture.name())
                .isTrue();
        repair.undo(name);
        assertThat(Files.readAllBytes(file.path())).as(fixture.name()).isEqualTo(before);
        assertThat(file.path().resolveSibling(name + ".undo")).doesNotExist();
    }

    @Test
    void thereIsNothingToRepairInAValidFile() throws IOException {
        for (Fixture fixture : fixtures.all()) {
            for (FixtureFile file : fixture.files()) {
                if (file.verdict() == FixtureFile.Verdict.VALID) {
                    RepairPlan plan = repair(fixture).plan(name(fixture, file), RepairOptions.SAFE);
                    assertThat(plan.changes()).as(file.path().toString()).isEmpty();
                    assertThat(plan.leftAlone()).as(file.path().toString()).isEmpty();
                }
            }
        }
    }

    /** It said "nothing to repair" of files whose parent is gone, or that were made in the future. */
    @Test
    void onlyWhatTheCheckCallsGoodHasNothingLeft() throws IOException {
        for (Fixture fixture : fixtures.all()) {
            for (FixtureFile file : fixture.files()) {
                String name = name(fixture, file);
                RepairPlan plan = repair(fixture).plan(name, RepairOptions.SAFE);
                boolean good = check(fixture, name).verdict().compareTo(Verdict.WARN) <= 0;
                assertThat(plan.isEmpty() && plan.leftAlone().isEmpty())
                        .as("%s: %s", file.path(), plan.leftAlone())
                        .isEqualTo(good);
                repair(fixture).apply(plan);
                assertThat(plan.leftAlone().isEmpty())
                        .as("%s: %s", file.path(), check(fixture, name))
                        .isEqualTo(check(fixture, name).verdict().compareTo(Verdict.WARN) <= 0);
            }
        }
    }

    @Test
    void anInterruptedResizeIsRevertedByItsJournal() throws IOException {
        Fixture fixture = fixtures.get("resize-interrupted");
        Path disk = fixture.directory().resolve("r.vhd");
        VhdRepair repair = repair(fixture);
        assertThat(repair.plan("r.vhd", RepairOptions.SAFE).leftAlone()).hasSize(1);
        repair.apply(repair.plan("r.vhd", new RepairOptions(false, "r.journal")));
        assertThat(Files.mismatch(disk, fixture.directory().resolve("reverted.vhd")))
                .isEqualTo(-1);
        assertThat(ReferenceReader.sha256(disk))
                .isEqualTo(fixture.file("before.vhd").contentSha256().orElseThrow());
    }

    @Test
    void aJournalOfAnotherDiskOrADamagedOneIsRefused() throws IOException {
        Fixture fixture = fixtures.get("resize-interrupted");
        Path journal = fixture.directory().resolve("r.journal");
        RepairOptions options = new RepairOptions(false, "r.journal");
        write(journal, 5000, (byte) 0x5a);
        assertThatThrownBy(() -> repair(fixture).plan("r.vhd", options)).hasMessageContaining("the checksum");
        write(journal, 8, (byte) 0);
        assertThatThrownBy(() -> repair(fixture).plan("r.vhd", options)).hasMessageContaining("unique id");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bad-bat-past-eof", "bad-truncated-data"})
    void blocksPastTheEndAreGivenUpOnRequestOnly(String name) throws IOException {
        Fixture fixture = fixtures.get(name);
        VhdRepair repair = repair(fixture);
        assertThat(repair.plan("x.vhd", RepairOptions.SAFE).changes()).isEmpty();
        repair.apply(repair.plan("x.vhd", new RepairOptions(true, null)));
        assertThat(check(fixture, "x.vhd").verdict()).isEqualTo(Verdict.VALID);
        ReferenceReader.sha256(fixture.directory().resolve("x.vhd"));
    }

    /** Found by the fuzzer: the header's name, the only one that was right, was overwritten with the damaged one. */
    @Test
    void theParentsNameIsNotTakenFromALocatorThatLeadsNowhere() throws IOException {
        Fixture fixture = fixtures.get("synth-locspace-sectors");
        FixtureFile child = fixture.file("child.vhd");
        String name = fixture.file("bäse-日本.vhd").path().getFileName().toString();
        byte[] damaged = (".\\" + name.replace("vhd", "vhx")).getBytes(UTF_16LE);
        replaceOnce(child.path(), (".\\" + name).getBytes(UTF_16LE), damaged);
        VhdRepair repair = repair(fixture);
        repair.apply(repair.plan("child.vhd", RepairOptions.SAFE));
        assertThat(VhdInfo.of(new FileStorage(fixture.directory()), "child.vhd").parent())
                .as("the parent")
                .asString()
                .contains(name);
        assertThat(check(fixture, "child.vhd").verdict()).isEqualTo(Verdict.VALID);
        assertThat(VhdDigest.sha256(new FileStorage(fixture.directory()), "child.vhd"))
                .isEqualTo(child.contentSha256().orElseThrow());
    }

    private static void replaceOnce(Path path, byte[] from, byte[] to) throws IOException {
        byte[] all = Files.readAllBytes(path);
        for (int at = 0; at + from.length <= all.length; at++) {
            if (Arrays.equals(all, at, at + from.length, from, 0, from.length)) {
                write(path, at, to);
                return;
            }
        }
        throw new AssertionError(path + " does not hold what was to be replaced");
    }

    private static void write(Path path, long offset, byte... bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(offset);
            file.write(bytes);
        }
    }

    private static VhdRepair repair(Fixture fixture) {
        return new VhdRepair(new FileStorage(fixture.directory()), Clock.systemUTC(), () -> NEW_ID);
    }

    private static Report check(Fixture fixture, String name) throws IOException {
        return new VhdCheck(new FileStorage(fixture.directory()), Clock.systemUTC()).check(name, CheckOptions.THOROUGH);
    }

    private static String name(Fixture fixture, FixtureFile file) {
        return fixture.directory().relativize(file.path()).toString();
    }
}
