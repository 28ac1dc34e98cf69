package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.catena.api.SrException;
import io.catena.harness.peer.Fixture;
import io.catena.harness.peer.FixtureFile;
import io.catena.harness.peer.Fixtures;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.peer.reference.ReferenceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Directories of VHD files that other programs made are adopted as they are, and every disk in them reads as it should. */
@Tag("slow")
class AdoptedChainsTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    /** Files that are not served, with a part of the reason that the user is given. */
    private static final Map<String, String> BROKEN = new TreeMap<>(Map.ofEntries(
            Map.entry("tap-v01/v01.vhd", "written by blktap 0.1"),
            Map.entry("resize-interrupted/r.vhd", "interrupted resize"),
            Map.entry("bad-both-footers/x.vhd", "no valid footer"),
            Map.entry("bad-header-checksum/x.vhd", "dynamic header checksum"),
            Map.entry("bad-header-cookie/x.vhd", "dynamic header cookie"),
            Map.entry("bad-type5/x.vhd", "disk type is 5"),
            Map.entry("bad-parent-missing/leaf.vhd", "no parent with id"),
            Map.entry("bad-parent-uuid/leaf.vhd", "no parent with id"),
            Map.entry("bad-cycle1/c0.vhd", "in a circle"),
            Map.entry("bad-cycle2/c0.vhd", "in a circle"),
            Map.entry("bad-cycle2/c1.vhd", "in a circle")));

    /** Files whose fault is in the BAT, which is looked at only when the disk is attached. */
    private static final Map<String, String> REFUSED = new TreeMap<>(Map.of(
            "bad-truncated-bat/x.vhd", "the file ends inside the BAT",
            "bad-bat-past-eof/x.vhd", "outside the data",
            "bad-bat-duplicate/x.vhd", "two blocks overlap",
            "bad-bat-overlap/x.vhd", "two blocks overlap",
            "bad-bat-in-headers/x.vhd", "outside the data"));

    /** Files for which no content is defined, though all that their bitmaps call present can be read. */
    private static final Set<String> UNDEFINED = Set.of("bad-truncated-data/x.vhd");

    private static final Set<String> HIDDEN = Set.of("hidden/base.vhd");

    @TempDir
    static Path directory;

    private static Fixtures fixtures;
    private static LiveAgent agent;

    @BeforeAll
    static void startAgent() throws IOException {
        fixtures = Fixtures.unpack(directory);
        // One chain's parent lies in another directory, which is opened only where the admin says so.
        Path parents = directory.resolve("open/chain-dirs/p/q");
        agent = LiveAgent.start(directory.resolve("run"), "--allow-parent", parents.toString());
    }

    @AfterAll
    static void stopAgent() throws IOException {
        agent.close();
    }

    static Stream<String> names() {
        return fixtures.all().stream().map(Fixture::name);
    }

    /** One SR after the other: some fixtures have files of the same id. */
    @ParameterizedTest
    @MethodSource("names")
    void everyDiskReadsAsItsMakerWroteIt(String name) throws Exception {
        Path home = home(fixtures.get(name));
        String sr = agent.attachSr(home);
        for (FixtureFile file : fixtures.get(name).files()) {
            if (file.path().startsWith(home)) {
                check(sr, name + "/" + file.path().getFileName(), file);
            }
        }
        agent.vdis(sr).forEach(vdi -> agent.detach(LiveAgent.id(vdi, "vdi")));
        agent.detachSr(sr);
    }

    private static void check(String sr, String key, FixtureFile file) throws IOException {
        String name = stem(file.path());
        if (HIDDEN.contains(key)) {
            assertThat(agent.vdis(sr))
                    .noneMatch(vdi -> LiveAgent.id(vdi, "name").equals(name));
            return;
        }
        JsonObject vdi = agent.vdi(sr, name);
        String id = LiveAgent.id(vdi, "vdi");
        if (BROKEN.containsKey(key)) {
            assertThat(LiveAgent.id(vdi, "state")).as(key).isEqualTo("broken");
            assertThat(LiveAgent.id(vdi, "problem")).as(key).contains(BROKEN.get(key));
            assertThatThrownBy(() -> agent.attachReadOnly(id)).as(key).isInstanceOf(SrException.class);
        } else if (REFUSED.containsKey(key)) {
            assertThatThrownBy(() -> agent.attachReadOnly(id))
                    .as(key)
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining(REFUSED.get(key));
        } else if (!UNDEFINED.contains(key)) {
            assertThat(NbdCopy.sha256(agent.attachReadOnly(id), DEADLINE))
                    .as(key)
                    .isEqualTo(file.contentSha256().orElseThrow());
        }
    }

    @Test
    void aRawParentIsADiskToo() throws Exception {
        Fixture fixture = fixtures.get("raw-parent");
        String sr = agent.attachSr(fixture.directory());
        String base = LiveAgent.id(agent.vdi(sr, "base"), "vdi");
        Path copy = directory.resolve("base-copy.raw");
        NbdCopy.toFile(agent.attachReadOnly(base), copy, DEADLINE);
        assertThat(copy).hasSameBinaryContentAs(fixture.directory().resolve("base.raw"));
        agent.detach(base);
        agent.detachSr(sr);
    }

    @Test
    void parentsAreReadOnly() throws Exception {
        String sr = agent.attachSr(fixtures.get("chain3").directory());
        assertThat(agent.vdi(sr, "base").get("readOnly").getAsBoolean()).isTrue();
        assertThat(agent.vdi(sr, "leaf").get("readOnly").getAsBoolean()).isFalse();
        assertThat(agent.vdi(sr, "leaf").get("depth").getAsInt()).isEqualTo(3);
        assertThatThrownBy(() -> agent.attach(LiveAgent.id(agent.vdi(sr, "mid"), "vdi")))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("can only be read");
        agent.detachSr(sr);
    }

    @Test
    void badFilesAreNamedAndDoNotHarmTheOthersOfTheirSr() throws Exception {
        Path mixed = Files.createDirectory(directory.resolve("mixed"));
        Map<String, String> wanted = new HashMap<>();
        for (FixtureFile file : fixtures.get("chain3").files()) {
            Files.copy(file.path(), mixed.resolve(file.path().getFileName()));
            wanted.put(stem(file.path()), file.contentSha256().orElseThrow());
        }
        List<String> bad = new ArrayList<>();
        for (Map.Entry<String, String> entry : BROKEN.entrySet()) {
            String[] fixtureAndFile = entry.getKey().split("/", -1);
            if (!fixtureAndFile[0].startsWith("bad-cycle") && !fixtureAndFile[0].startsWith("bad-parent")) {
                // A leaf whose parent is missing would find the one of chain3 by its name, and refuse it all the same.
                String name = fixtureAndFile[0] + ".vhd";
                Files.copy(fixtures.get(fixtureAndFile[0]).directory().resolve(fixtureAndFile[1]), mixed.resolve(name));
                bad.add(name);
            }
        }
        Files.writeString(mixed.resolve("text.vhd"), "no disk at all");
        bad.add("text.vhd");

        JsonObject attached = agent.process()
                .cli("sr", "attach", mixed.toString(), "--adopt")
                .json()
                .getAsJsonObject();
        String sr = LiveAgent.id(attached, "sr");
        JsonObject stat = agent.process().cli("sr", "stat", sr).json().getAsJsonObject();
        List<String> named = new ArrayList<>();
        stat.getAsJsonArray("problems").forEach(problem -> named.add(LiveAgent.id(problem, "file")));
        assertThat(named).containsExactlyInAnyOrderElementsOf(bad);

        Set<String> broken = new HashSet<>();
        agent.process().cli("vdi", "ls", sr).json().getAsJsonArray().forEach(vdi -> {
            if (LiveAgent.id(vdi, "state").equals("broken")) {
                broken.add(LiveAgent.id(vdi, "name") + ".vhd");
            }
        });
        assertThat(broken).containsExactlyInAnyOrderElementsOf(bad);

        for (Map.Entry<String, String> good : wanted.entrySet()) {
            String vdi = LiveAgent.id(agent.vdi(sr, good.getKey()), "vdi");
            assertThat(NbdCopy.sha256(agent.attachReadOnly(vdi), DEADLINE)).isEqualTo(good.getValue());
            agent.detach(vdi);
        }
        agent.detachSr(sr);
    }

    /** Not a test of the agent: whoever adds a fixture finds out here that the lists above want to know of it. */
    @Test
    void theListsOfBadFilesNameAllThatTheReferenceReaderRefuses() {
        Set<String> unreadable = new HashSet<>();
        for (Fixture fixture : fixtures.all()) {
            for (FixtureFile file : fixture.files()) {
                if (!isReadable(file)) {
                    unreadable.add(fixture.name() + "/" + file.path().getFileName());
                }
            }
        }
        Set<String> listed = new HashSet<>(BROKEN.keySet());
        listed.addAll(REFUSED.keySet());
        listed.addAll(UNDEFINED);
        assertThat(listed).containsAll(unreadable);
    }

    private static boolean isReadable(FixtureFile file) {
        if (file.contentSha256().isEmpty()) {
            return false;
        }
        try (ReferenceReader reader = ReferenceReader.open(file.path())) {
            return reader.virtualSize() >= 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** The chain over two directories is adopted where its leaf is; the parent outside is only read. */
    private static Path home(Fixture fixture) {
        return fixture.name().equals("chain-dirs") ? fixture.directory().resolve("c") : fixture.directory();
    }

    private static String stem(Path file) {
        String name = file.toFile().getName();
        return name.substring(0, name.lastIndexOf('.'));
    }
}
