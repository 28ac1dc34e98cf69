package io.catena.harness.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.check.CheckOptions;
import io.catena.check.VhdCheck;
import io.catena.check.finding.Code;
import io.catena.check.finding.Report;
import io.catena.check.finding.Verdict;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The check's verdict on the files of other programs. Not one of them needs an exception from the manifests. */
@Tag("slow")
class CheckVerdictTest {
    /** The finding that tells what a fixture's reason tells. */
    private static final Map<String, Code> CODES = Map.ofEntries(
            Map.entry("bad-backup-zeroed/x.vhd", Code.FOOTER_COOKIE),
            Map.entry("bad-bat-duplicate/x.vhd", Code.BLOCK_OVERLAP),
            Map.entry("bad-bat-in-headers/x.vhd", Code.BLOCK_IN_METADATA),
            Map.entry("bad-bat-overlap/x.vhd", Code.BLOCK_OVERLAP),
            Map.entry("bad-bat-past-eof/x.vhd", Code.BLOCK_PAST_END),
            Map.entry("bad-batmap-checksum/x.vhd", Code.BATMAP_CHECKSUM),
            Map.entry("bad-batmap-lies/x.vhd", Code.BATMAP_UNALLOCATED),
            Map.entry("bad-both-footers/x.vhd", Code.NO_FOOTER),
            Map.entry("bad-cycle1/c0.vhd", Code.CYCLE),
            Map.entry("bad-cycle2/c0.vhd", Code.CYCLE),
            Map.entry("bad-cycle2/c1.vhd", Code.CYCLE),
            Map.entry("bad-future/x.vhd", Code.FOOTER_TIME_IN_FUTURE),
            Map.entry("bad-geometry/x.vhd", Code.GEOMETRY_TOO_LARGE),
            Map.entry("bad-header-checksum/x.vhd", Code.HEADER_CHECKSUM),
            Map.entry("bad-header-cookie/x.vhd", Code.HEADER_COOKIE),
            Map.entry("bad-loc-dup/leaf.vhd", Code.LOCATOR_DUPLICATE),
            Map.entry("bad-loc-name/leaf.vhd", Code.LOCATOR_NAME),
            Map.entry("bad-loc-past-eof/leaf.vhd", Code.LOCATOR_PAST_END),
            Map.entry("bad-lost-footer/x.vhd", Code.FOOTER_COOKIE),
            Map.entry("bad-nulluuid/x.vhd", Code.NULL_ID),
            Map.entry("bad-parent-missing/leaf.vhd", Code.PARENT_MISSING),
            Map.entry("bad-parent-uuid/leaf.vhd", Code.PARENT_ID),
            Map.entry("bad-primary-checksum/x.vhd", Code.FOOTER_CHECKSUM),
            Map.entry("bad-primary-zeroed/x.vhd", Code.FOOTER_COOKIE),
            Map.entry("bad-qemu-wrote-batmap/q.vhd", Code.BATMAP_MISSING),
            Map.entry("bad-reserved/x.vhd", Code.FOOTER_RESERVED),
            Map.entry("bad-stray-data/x.vhd", Code.STRAY_DATA),
            Map.entry("bad-truncated-bat/x.vhd", Code.TABLE_OFFSET),
            Map.entry("bad-truncated-data/x.vhd", Code.BLOCK_PAST_END),
            Map.entry("bad-type5/x.vhd", Code.DISK_TYPE),
            Map.entry("fill-b/f.vhd", Code.BLOCK_WITHOUT_DATA),
            Map.entry("resize-interrupted/r.vhd", Code.FOOTER_POISONED),
            Map.entry("tap-v01/v01.vhd", Code.CREATOR_LITTLE_ENDIAN),
            Map.entry("tapdisk-killed/k.vhd", Code.FOOTER_COOKIE));

    /** Where vhd-util's check comes to another end than ours, and why. */
    private static final Map<String, String> OTHERWISE = Map.ofEntries(
            Map.entry("qemu-dyn-force/q.vhd", "vhd-util takes a geometry larger than the disk for an error"),
            Map.entry("qemu-fixed-force/q.vhd", "vhd-util takes a geometry larger than the disk for an error"),
            Map.entry("synth-hyperv-chain/child.avhd", "vhd-util wants every locator to lead to a file, not just one"),
            Map.entry("synth-locspace-sectors/child.vhd", "vhd-util cannot read a parent's name beyond ASCII"),
            Map.entry("bad-cycle1/c0.vhd", "vhd-util looks no further than the parent, and at its id only"),
            Map.entry("bad-cycle2/c0.vhd", "vhd-util looks no further than the parent, and at its id only"),
            Map.entry("bad-cycle2/c1.vhd", "vhd-util looks no further than the parent, and at its id only"));

    @TempDir
    static Path directory;

    private static Fixtures fixtures;

    @BeforeAll
    static void unpack() throws Exception {
        fixtures = Fixtures.unpack(directory);
        assertThat(fixtures.all()).as("fixtures").hasSize(66);
        assertThat(fixtures.files()).as("files").hasSize(93);
    }

    @Test
    void theVerdictOnEveryFixtureIsItsManifests() {
        verdictsAre(CheckOptions.PLAIN);
    }

    @Test
    void vhdUtilComesToAnotherEndOnlyWhereTheReasonIsKnown() {
        SortedSet<String> differences = new TreeSet<>();
        forEachFile(CheckOptions.PLAIN, (name, file, report) -> {
            boolean good = report.verdict().compareTo(Verdict.WARN) <= 0;
            assertThat(file.vhdUtilCheck()).as(name).isPresent();
            if (good != (file.vhdUtilCheck().getAsInt() == 0)) {
                differences.add(name);
            }
        });
        assertThat(differences).containsExactlyInAnyOrderElementsOf(OTHERWISE.keySet());
    }

    @Test
    void aThoroughCheckComesToTheSameVerdicts() {
        verdictsAre(CheckOptions.THOROUGH);
    }

    private static void verdictsAre(CheckOptions options) {
        SoftAssertions all = new SoftAssertions();
        forEachFile(
                options,
                (name, file, report) -> all.assertThat(report.verdict().name())
                        .as("%s: %s", name, report.findings())
                        .isEqualTo(file.verdict().name()));
        all.assertAll();
    }

    @Test
    void theReasonForAVerdictIsAmongTheFindings() {
        SoftAssertions all = new SoftAssertions();
        forEachFile(CheckOptions.PLAIN, (name, file, report) -> {
            Code code = CODES.get(name);
            if (code == null) {
                all.assertThat(file.verdict()).as(name).isEqualTo(FixtureFile.Verdict.VALID);
            } else {
                all.assertThat(report.has(code))
                        .as("%s: %s", name, report.findings())
                        .isTrue();
            }
        });
        all.assertAll();
    }

    @Test
    void theCheckChangesNothing() throws Exception {
        Fixture fixture = fixtures.get("bad-loc-dup");
        assertThat(check(fixture, fixture.file("leaf.vhd"), CheckOptions.THOROUGH)
                        .findings())
                .isNotEmpty();
        assertThat(fixture.directory().toFile().list()).containsOnly("leaf.vhd", "base.vhd", "manifest.json");
    }

    @FunctionalInterface
    private interface Look {
        void at(String name, FixtureFile file, Report report);
    }

    private static void forEachFile(CheckOptions options, Look look) {
        for (Fixture fixture : fixtures.all()) {
            for (FixtureFile file : fixture.files()) {
                String name = fixture.name() + "/" + fixture.directory().relativize(file.path());
                look.at(name, file, check(fixture, file, options));
            }
        }
    }

    private static Report check(Fixture fixture, FixtureFile file, CheckOptions options) {
        VhdCheck check = new VhdCheck(new FileStorage(fixture.directory()), Clock.systemUTC());
        try {
            return check.check(fixture.directory().relativize(file.path()).toString(), options);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
