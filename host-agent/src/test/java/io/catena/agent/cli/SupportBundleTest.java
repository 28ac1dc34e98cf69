package io.catena.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.cli.session.Session;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is given to others has what they need, and nothing that is not theirs to see. */
@Tag("slow")
@Timeout(60)
class SupportBundleTest {
    private static final String CONTENT = "what a guest wrote. ";
    private static final int CONTENT_BYTES = 4 << 20;

    @TempDir
    private Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void hasHeadersStateAndLogWithoutContentAndSecrets() throws Exception {
        Path log = Files.writeString(
                directory.resolve("log"),
                "level=info event=agent-ready\nlevel=debug event=call header=\"Authorization: Bearer planted0secret\"\n");
        Path disk = Files.writeString(
                directory.resolve("raw"), CONTENT.repeat(CONTENT_BYTES / CONTENT.length()) + "\n".repeat(16));
        Path state = directory.resolve("state.json");
        Path archive = directory.resolve("bundle.tar.gz");
        Agent.Options options = new Agent.Options(NbdLimits.DEFAULT, null, false);
        try (Agent agent = Agent.start(directory.resolve("run"), options, socket -> new NoHypervisor())) {
            assertThat(agent.probes()).isNotEmpty();
            done("sr", "create", "main", "--path", directory.resolve("sr").toString());
            done("vdi", "import", "main", "--format", "raw", "--input", disk.toString(), "--name", "disk");
            done("vdi", "set", "disk", "--key", "admin_password=planted1secret", "--key", "owner=accounts");
            done("vdi", "snapshot", "disk", "--name", "monday");
            Files.writeString(state, "{\"mounts\":[{\"options\":\"user=joe,password=planted2secret\"}]}");
            done(
                    "support-bundle",
                    "--output",
                    archive.toString(),
                    "--log",
                    log.toString(),
                    "--state-file",
                    state.toString());
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(archive)))
                .isEqualTo("rw-------");
        String all = unpacked(archive);
        assertThat(all)
                .contains("event=agent-ready", "\"uniqueId\"", "\"allocated\"", "monday", "accounts", "user=joe")
                .contains("version.json", "agent/srs.json", "headers.json", "log.txt", "host/mounts", "missing.txt");
        assertThat(all).doesNotContain("planted").doesNotContain(CONTENT.strip());
    }

    @Test
    void isThereWithoutAnAgentToo() throws Exception {
        Path archive = directory.resolve("bundle.tar.gz");
        done("support-bundle", "--output", archive.toString(), "--log", "/proc/version");
        assertThat(unpacked(archive)).contains("agent/srs.json: ", "MemTotal");
        assertThat(run("support-bundle", "--output", archive.toString(), "--log", "/proc/version"))
                .as("a file that is there is not overwritten")
                .isEqualTo(1);
    }

    @Test
    void theVersionTellsOfJavaAndFormats() {
        done("version", "--json");
        JsonObject version = JsonParser.parseString(out.toString()).getAsJsonObject();
        assertThat(version.keySet()).containsExactly("catena", "commit", "java", "linux", "formats");
        assertThat(version.get("java").getAsString()).startsWith(System.getProperty("java.version"));
        done("version");
        assertThat(out.toString()).contains("formats  VHD 1.0");
    }

    private String unpacked(Path archive) throws IOException, InterruptedException {
        Path to = Files.createDirectory(directory.resolve("unpacked"));
        Process tar = new ProcessBuilder("tar", "-xzf", archive.toString(), "-C", to.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tar.waitFor()).as(said).isZero();
        try (Stream<Path> files = Files.walk(to)) {
            return files.filter(Files::isRegularFile)
                    .map(SupportBundleTest::text)
                    .collect(Collectors.joining("\n"));
        }
    }

    private static String text(Path file) {
        try {
            return file + ":\n" + Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new AssertionError(file.toString(), e);
        }
    }

    private void done(String... command) {
        assertThat(run(command)).as("%s: %s", String.join(" ", command), err).isZero();
    }

    private int run(String... command) {
        Map<String, String> environment =
                Map.of("CATENA_RUN_DIR", directory.resolve("run").toString(), "LANG", "C.UTF-8");
        return Catena.run(new Session(new PrintWriter(out), new PrintWriter(err), environment, false), command);
    }
}
