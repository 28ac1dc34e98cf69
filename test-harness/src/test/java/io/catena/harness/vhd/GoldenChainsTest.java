package io.catena.harness.vhd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.format.CorruptVhdException;
import io.catena.format.UnsupportedVhdException;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.tool.HostFile;
import io.catena.tool.VhdDigest;
import io.catena.tool.VhdInfo;
import io.catena.vhd.MissingParentException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The driver reads what other programs wrote as they meant it, or says why not. */
@Timeout(300)
@Tag("slow")
class GoldenChainsTest {
    /** What must be said of each file that has no defined content. */
    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("bad-bat-duplicate/x.vhd", "two blocks overlap"),
            Map.entry("bad-bat-in-headers/x.vhd", "block 1 stands at bytes 1536 to"),
            Map.entry("bad-bat-overlap/x.vhd", "two blocks overlap"),
            Map.entry("bad-bat-past-eof/x.vhd", "outside the data from 3072 to 4203008"),
            Map.entry("bad-both-footers/x.vhd", "no valid footer, neither at the end nor at the start"),
            Map.entry("bad-cycle1/c0.vhd", "its parents lead in a circle: c0.vhd -> c0.vhd"),
            Map.entry("bad-cycle2/c0.vhd", "its parents lead in a circle: c0.vhd -> c1.vhd -> c0.vhd"),
            Map.entry("bad-cycle2/c1.vhd", "its parents lead in a circle: c1.vhd -> c0.vhd -> c1.vhd"),
            Map.entry("bad-header-checksum/x.vhd", "dynamic header checksum is 0x12345678, computed 0x"),
            Map.entry("bad-header-cookie/x.vhd", "not \"cxsparse\""),
            Map.entry(
                    "bad-parent-missing/leaf.vhd",
                    "no parent with id 65da053d-0b9f-4ae5-b712-3d60d6961eec at base.vhd"),
            Map.entry("bad-parent-uuid/leaf.vhd", "base.vhd has id 49ef7ac3-63fb-08ef-d58f-99f28808dbe7"),
            Map.entry("bad-truncated-bat/x.vhd", "the file ends inside the BAT"),
            Map.entry("bad-truncated-data/x.vhd", "outside the data from 3072 to 3895296"),
            Map.entry("bad-type5/x.vhd", "disk type is 5, not 2, 3 or 4"),
            Map.entry("resize-interrupted/r.vhd", "disabled by an interrupted resize"),
            Map.entry("tap-v01/v01.vhd", "written by blktap 0.1"));

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
    void everyFileWithADefinedContentIsReadAsItsManifestSays() {
        SoftAssertions all = new SoftAssertions();
        int count = 0;
        for (FixtureFile file : fixtures.files()) {
            if (file.contentSha256().isPresent()) {
                all.assertThatCode(() -> assertThat(digest(file.path()))
                                .isEqualTo(file.contentSha256().get()))
                        .as(name(file))
                        .doesNotThrowAnyException();
                count++;
            }
        }
        all.assertThat(count).isEqualTo(76);
        all.assertAll();
    }

    @Test
    void everyOtherFileIsRefusedForItsReason() {
        SoftAssertions all = new SoftAssertions();
        for (FixtureFile file : fixtures.files()) {
            if (file.contentSha256().isEmpty()) {
                all.assertThatThrownBy(() -> digest(file.path()))
                        .as(name(file))
                        .isInstanceOfAny(
                                CorruptVhdException.class, UnsupportedVhdException.class, MissingParentException.class)
                        .hasMessageContaining(REFUSED.getOrDefault(name(file), "a reason listed here"))
                        .hasMessageStartingWith(file.path().getFileName().toString());
            }
        }
        all.assertThat(withoutContent()).containsExactlyInAnyOrderElementsOf(REFUSED.keySet());
        all.assertAll();
    }

    @Test
    void infoTellsTypeSizeAndIdOfEveryFileThatCanBeRead() throws Exception {
        for (FixtureFile file : fixtures.files()) {
            if (file.contentSha256().isPresent()) {
                HostFile host = HostFile.of(file.path(), List.of(directory));
                VhdInfo info = VhdInfo.of(host.storage(), host.name());
                assertThat(info.type())
                        .as(name(file))
                        .hasToString(file.type().orElseThrow().toUpperCase(Locale.ROOT));
                assertThat(info.virtualSizeBytes())
                        .as(name(file))
                        .isEqualTo(file.virtualSizeBytes().getAsLong());
                assertThat(info.uniqueId()).as(name(file)).isEqualTo(file.uuid().orElseThrow());
                assertThat(info.chainDepth()).as(name(file)).isPositive();
                assertThat(parentOf(host, info)).as(name(file)).isEqualTo(realParent(file));
            }
        }
    }

    @Test
    void infoTellsWhyAChainCannotBeFollowed() throws Exception {
        HostFile host =
                HostFile.of(fixtures.get("bad-parent-missing").file("leaf.vhd").path());
        VhdInfo info = VhdInfo.of(host.storage(), host.name());
        assertThat(info.chainDepth()).isNull();
        assertThat(info.parent().problem()).contains("no parent with id");
        assertThat(info.parent().locators()).extracting("path").containsOnly("./base.vhd");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> digest(directory.resolve("none.vhd")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none.vhd");
    }

    private static Optional<Path> parentOf(HostFile host, VhdInfo info) throws IOException {
        return info.parent() == null
                ? Optional.empty()
                : Optional.of(host.directory()
                        .resolve(Objects.requireNonNull(info.parent().file()))
                        .toRealPath());
    }

    private static Optional<Path> realParent(FixtureFile file) throws IOException {
        return file.parent().isEmpty()
                ? Optional.empty()
                : Optional.of(file.parent().get().toRealPath());
    }

    private static List<String> withoutContent() {
        return fixtures.files().stream()
                .filter(file -> file.contentSha256().isEmpty())
                .map(GoldenChainsTest::name)
                .toList();
    }

    private static String digest(Path path) throws IOException {
        HostFile file = HostFile.of(path, List.of(directory));
        return VhdDigest.sha256(file.storage(), file.name());
    }

    private static String name(FixtureFile file) {
        return directory.resolve("open").relativize(file.path()).toString();
    }
}
