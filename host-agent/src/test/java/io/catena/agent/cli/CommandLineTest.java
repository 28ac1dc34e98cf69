package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.cli.session.Session;
import io.catena.agent.host.MemorySrs;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line against a running agent with SRs in memory. */
@Timeout(60)
@Tag("slow")
final class CommandLineTest {
    private static final String SR = "5f2d3a54-0f86-4f7e-9a0c-0d9f0a1b2c3d";
    private static final String VDI = "aaaaaaaa-0f86-4f7e-9a0c-0d9f0a1b2c3d";

    private final Path directory;
    private final MemorySrs srs = new MemorySrs();
    private final Agent agent;
    private Map<String, String> environment;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    CommandLineTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        Path runDirectory = directory.resolve("run");
        environment = Map.of("CATENA_RUN_DIR", runDirectory.toString(), "LANG", "C.UTF-8");
        agent = Agent.start(runDirectory, parts -> srs.opener(parts.jobs()));
    }

    @AfterEach
    void close() {
        srs.endGc();
        agent.close();
    }

    @Test
    void srCommandsTellWhatTheyDid() {
        assertThat(human("sr", "create", "main", "--path", path(), "--uuid", SR))
                .isEqualTo(SR + "\n");
        assertThat(human("sr", "ls")).isEqualTo("""
                SR                                    NAME  STATE     PATH_  PROBLEM
                $SR  main  attached  $PATH
                """.replace("_", " ".repeat(path().length() - 4))
                .replace("$SR", SR)
                .replace("$PATH", path()));
        assertThat(human("sr", "stat", "main"))
                .contains("capacity       100.0 GiB\n", "longest chain  1 of at most 30\n");
        assertThat(human("sr", "scan", SR)).contains("free           60.0 GiB\n");
        assertThat(human("sr", "set", "main", "--chain-limit", "9")).contains(SR);
        assertThat(human("sr", "check", "main", "--repair")).isEqualTo("nothing found\n");
        assertThat(human("sr", "probe", path())).contains("kind            empty\n");
        assertThat(human("sr", "detach", "main")).isEmpty();
        assertThat(human("sr", "ls")).contains("main  detached");
        assertThat(human("sr", "attach", "main")).isEqualTo(SR + "\n");
        assertThat(human("sr", "attach", path())).isEqualTo(SR + "\n");
        assertThat(human("sr", "destroy", "main")).isEmpty();
        assertThat(human("sr", "ls")).doesNotContain("main");
    }

    @Test
    void vdiCommandsTellWhatTheyDid() {
        createDisk();
        assertThat(human("vdi", "ls", "main")).isEqualTo("""
                VDI                                   NAME     SIZE     USED  DEPTH  STATE     SNAPSHOT OF
                $VDI  disk  1.0 GiB  4.0 KiB      1  detached
                """.replace("$VDI", VDI));
        assertThat(human("vdi", "attach", "disk")).isEqualTo("nbd+unix:///" + VDI + "?socket=/run/catena/nbd.sock\n");
        assertThat(human("vdi", "stat", "disk"))
                .contains("size       1.0 GiB (1073741824 bytes)\n", "state      active rw\n");
        assertThat(human("vdi", "snapshot", "disk", "--name", "monday")).contains(VDI, "250 us");
        assertThat(human("vdi", "tree", "main")).contains("├─ ", "└─ ", "monday", "(base copy)");
        assertThat(human("vdi", "clone", "disk", "--name", "twin")).hasSize(37);
        assertThat(human("vdi", "resize", "twin", "2G")).isEqualTo("2.0 GiB (2147483648 bytes)\n");
        assertThat(human("vdi", "set", "twin", "--key", "a=1", "--key", "b=2=3", "--remove-key", "a"))
                .isEmpty();
        assertThat(human("vdi", "keys", "twin")).isEqualTo("b  2=3\n");
        assertThat(human("vdi", "revert", "twin", "monday")).isEmpty();
        assertThat(human("vdi", "copy", "twin", "--name", "third", "--wait")).contains("copied to VDI");
        assertThat(human("vdi", "destroy", "twin")).isEmpty();
        assertThat(human("vdi", "detach", "disk")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "vdi list, vdi ls",
        "sr list, sr ls",
        "vdi delete, vdi destroy",
        "vdi info, vdi stat",
        "volume, vdi",
        "sr-list, sr ls",
        "vdi-create, vdi create",
        "pool-refresh, sr scan",
        "vol-info, vdi stat",
        "vdi grow, vdi resize",
        "vdi rollback, vdi revert",
        "gc start, gc run",
        "vdi snapshoot, vdi snapshot",
        "vdii ls vdi, vdi",
        "volume vdi, vdi",
        "snapshot disk, vdi snapshot",
        "delete disk, vdi destroy",
        "list, vdi ls",
        "scan main, sr scan"
    })
    void whoTypesWhatOtherToolsCallItIsToldWhatItIsCalledHere(String typed, String meant) {
        assertThat(run(typed.split(" "))).isEqualTo(2);
        assertThat(err.toString().lines().reduce((one, last) -> last)).hasValue("Did you mean: catena " + meant + "?");
    }

    @Test
    void aDryRunTellsAndDoesNothing() {
        createDisk();
        assertThat(human("vdi", "destroy", "disk", "--dry-run")).contains("\"disk\"", "its content is lost");
        assertThat(human("sr", "destroy", "main", "--dry-run")).contains("Refused now: There is a disk");
        assertThat(human("sr", "detach", "main", "--dry-run")).contains("is not served any more");
        assertThat(human("vdi", "create", "main", "--size", "1G", "--dry-run")).contains("of 1073741824 bytes is made");
        assertThat(human("vdi", "clone", "disk", "--dry-run")).contains("the content of \"disk\"");
        assertThat(human("vdi", "snapshot", "disk", "--dry-run")).contains("A snapshot is taken of \"disk\"");
        assertThat(human("vdi", "resize", "disk", "1T", "--dry-run")).contains("gets at least 1099511627776.");
        assertThat(json("vdi", "reset", "disk", "--dry-run")
                        .getAsJsonObject()
                        .get("losesContent")
                        .getAsBoolean())
                .isTrue();
        human("vdi", "snapshot", "disk", "--name", "monday");
        assertThat(human("vdi", "revert", "disk", "monday", "--dry-run")).contains("\"monday\"");
        assertThat(human("vdi", "ls")).contains("disk", "monday");
    }

    @Test
    void theDoctorTellsOfTheHostTheAgentAndItsSrs() {
        createDisk();
        run("doctor");
        assertThat(out.toString()).startsWith("WHAT").contains("run directory", "agent", "answers", "sr main");
        run("doctor", "--json", "--run-dir", directory.resolve("elsewhere").toString());
        assertThat(JsonParser.parseString(out.toString()).getAsJsonArray())
                .last()
                .satisfies(agent -> assertThat(agent.toString()).contains("\"agent\"", "\"problem\"", "advice"));
    }

    @Test
    void severalDisksAreShownAndDetachedInOneCall() {
        createDisk();
        human("vdi", "create", "main", "--size", "1G", "--name", "other");
        assertThat(human("vdi", "stat", "disk", "other"))
                .contains(
                        "name       disk\n", "name       other\n", "file       " + VDI + ".vhd\n", "format     vhd\n");
        assertThat(json("vdi", "stat", "disk", "other").getAsJsonArray()).hasSize(2);
        assertThat(human("vdi", "attach", "disk", "other")).hasLineCount(2);
        assertThat(human("vdi", "detach", "disk", "other")).isEmpty();
        assertThat(human("vdi", "ls")).doesNotContain("active");
    }

    @Test
    void treesAreAsciiInAPlainLocale() {
        createDisk();
        environment = Map.of(
                "CATENA_RUN_DIR", environment.getOrDefault("CATENA_RUN_DIR", ""), "LC_ALL", "C", "LANG", "C.UTF-8");
        assertThat(human("vdi", "tree", "main")).contains("`- ").doesNotContain("└");
    }

    @Test
    void treesAreAsciiIfTheLauncherReplacedTheLocale() {
        createDisk();
        environment = Map.of(
                "CATENA_RUN_DIR",
                environment.getOrDefault("CATENA_RUN_DIR", ""),
                "LC_ALL",
                "C.UTF-8",
                "CATENA_CHARMAP",
                "ISO-8859-1");
        assertThat(human("vdi", "tree", "main")).contains("`- ").doesNotContain("└");
    }

    @Test
    void everyAnswerIsOneJsonDocumentOnRequest() {
        JsonObject sr =
                json("sr", "create", "main", "--path", path(), "--uuid", SR).getAsJsonObject();
        assertThat(sr.get("sr").getAsString()).isEqualTo(SR);
        JsonObject vdi =
                json("vdi", "create", "main", "--size", "10G", "--name", "disk").getAsJsonObject();
        assertThat(vdi.get("virtualSizeBytes").getAsLong()).isEqualTo(10L << 30);
        assertThat(vdi.has("vdi")).isTrue();
        JsonArray snapshots = json("vdi", "snapshot", "disk").getAsJsonArray();
        assertThat(snapshots.get(0).getAsJsonObject().keySet()).containsExactly("vdi", "of", "pauseMicros");
        JsonObject export = json("vdi", "attach", vdi.get("vdi").getAsString(), "--read-only")
                .getAsJsonObject();
        assertThat(export.keySet()).containsExactly("vdi", "mode", "uri");
        assertThat(export.get("mode").getAsString()).isEqualTo("ro");
        json("vdi", "detach", vdi.get("vdi").getAsString());
        srs.endGc();
        assertThat(json("gc", "run", "main").getAsJsonObject().get("job").getAsLong())
                .isEqualTo(1);
        assertThat(json("job", "wait", "1").getAsJsonObject().get("state").getAsString())
                .isEqualTo("done");
        assertThat(json("gc", "run", "main", "--wait")
                        .getAsJsonObject()
                        .get("state")
                        .getAsString())
                .isEqualTo("done");
        assertThat(json("job", "ls").getAsJsonArray()).hasSize(2);
        for (String[] command : new String[][] {
            {"sr", "ls"},
            {"sr", "stat", "main"},
            {"sr", "scan", "main"},
            {"vdi", "ls", "main"},
            {"vdi", "tree", "main"},
            {"job", "show", "1"},
            {"job", "cancel", "1"}
        }) {
            assertThat(json(command).isJsonNull()).as(String.join(" ", command)).isFalse();
        }
    }

    @Test
    void jsonMayBeAskedForBeforeTheCommand() {
        assertThat(run("--json", "sr", "ls")).isZero();
        assertThat(out).hasToString("[]\n");
    }

    @Test
    void waitingForACollectionPrintsOneLineAndItsResult() {
        human("sr", "create", "main", "--path", path());
        srs.endGc();
        assertThat(human("gc", "run", "main", "--wait"))
                .isEqualTo(human("job", "wait", "1"))
                .startsWith("gc 1 [##############################] 2.0 MiB of 2.0 MiB")
                .endsWith("done: merged 1 base copy\n");
    }

    @Test
    void collectionTellsOfAllSrsUnlessOneIsNamed() {
        human("sr", "create", "main", "--path", path());
        human("sr", "create", "other", "--path", path() + "-other");
        assertThat(human("gc", "status", "main").lines().filter(line -> line.startsWith("state ")))
                .hasSize(1);
        assertThat(human("gc", "status").lines().filter(line -> line.startsWith("state ")))
                .hasSize(2);
        assertThat(json("gc", "status").getAsJsonArray()).hasSize(2);
        assertThat(json("gc", "status", "main").isJsonObject()).isTrue();
    }

    @Test
    void aCancelledJobFailsTheWait() {
        human("sr", "create", "main", "--path", path());
        assertThat(human("gc", "run", "main")).isEqualTo("job 1 started; see: catena job wait 1\n");
        human("job", "cancel", "1");
        assertThat(run("job", "wait", "1", "--json")).isEqualTo(1);
        assertThat(error().get("code").getAsString()).isEqualTo("CANCELLED");
        assertThat(human("job", "show", "1")).contains("state    cancelled\n");
        assertThat(human("job", "ls")).contains("cancelled");
    }

    @Test
    void failuresAreExitCode1WithTheCorrectionOnStderr() {
        assertThat(run("vdi", "stat", "none")).isEqualTo(1);
        assertThat(out.toString()).isEmpty();
        assertThat(err).hasToString("""
                catena: There is no VDI called "none" in any attached SR
                See: catena sr ls and catena vdi ls SR
                """);
    }

    @Test
    void failuresWithJsonAreOnBothStreams() {
        assertThat(run("vdi", "stat", "none", "--json")).isEqualTo(1);
        assertThat(err.toString()).startsWith("catena: There is no VDI");
        assertThat(error().get("code").getAsString()).isEqualTo("VDI_MISSING");
        assertThat(error().get("message").getAsString()).startsWith("There is no VDI");
        assertThat(error().get("correction").getAsString()).startsWith("See:");
    }

    @Test
    void withoutAnAgentTheUserLearnsHowToStartOne() {
        assertThat(run("sr", "ls", "--run-dir", directory.resolve("elsewhere").toString()))
                .isEqualTo(1);
        assertThat(err.toString()).endsWith("Start it: catena agent\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "sr",
                "sr nonsense",
                "sr create main",
                "sr ls --nonsense",
                "vdi create main",
                "vdi create main --size huge",
                "vdi create main --size -1G",
                "vdi snapshot",
                "vdi attach x --as floppy",
                "job wait first",
                "agent --nbd-connections 0",
                "agent --nbd-memory 4K",
                "agent --nbd-handshake-seconds 0",
                ""
            })
    void wrongUsageIsExitCode2WithTheReasonOnStderr(String arguments) {
        assertThat(run(arguments.isEmpty() ? new String[0] : arguments.split(" ")))
                .isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString()).containsAnyOf("Usage: catena", "see \"catena");
    }

    /** It was taken for always, which nobody can have meant for sure. */
    @Test
    void aWindowThatEndsWhenItOpensIsRefused() {
        createDisk();
        assertThat(run("gc", "set", "main", "--window", "22:00-22:00")).isEqualTo(1);
        assertThat(err.toString()).contains("ends when it opens");
        human("gc", "set", "main", "--window", "22:00-06:00", "--rate", "1.5M", "--reserve", "1G", "--gc", "on");
    }

    @Test
    void aWrongSizeIsToldInClearText() {
        run("vdi", "create", "main", "--size", "huge");
        assertThat(err.toString())
                .contains("\"huge\" is not a size; write for instance 512M, 10G or a number of bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "agent", "sr", "sr create", "vdi", "vdi attach", "gc run", "job wait"})
    void everyCommandHasHelp(String command) {
        String[] arguments = (command + " --help").strip().split(" ");
        assertThat(run(arguments)).isZero();
        assertThat(out.toString())
                .startsWith(("Usage: catena " + command).strip())
                .contains("--json", "--run-dir");
    }

    private void createDisk() {
        human("sr", "create", "main", "--path", path(), "--uuid", SR);
        assertThat(human("vdi", "create", "main", "--size", "1G", "--name", "disk", "--uuid", VDI))
                .isEqualTo(VDI + "\n");
    }

    private String path() {
        return directory.resolve("main").toString();
    }

    private String human(String... arguments) {
        int code = run(arguments);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        return out.toString();
    }

    private JsonElement json(String... arguments) {
        String[] all = new String[arguments.length + 1];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        all[arguments.length] = "--json";
        return JsonParser.parseString(human(all));
    }

    private JsonObject error() {
        return JsonParser.parseString(out.toString()).getAsJsonObject().getAsJsonObject("error");
    }

    private int run(String... arguments) {
        out = new StringWriter();
        err = new StringWriter();
        Session session = new Session(new PrintWriter(out), new PrintWriter(err), environment, false);
        return Catena.run(session, arguments);
    }
}
