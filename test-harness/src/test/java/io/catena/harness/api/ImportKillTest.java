package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.Waiting;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk is imported by the command line, and the agent is killed, or ended in order, in the middle. */
@Timeout(300)
@Tag("slow")
class ImportKillTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int BYTES = 16 << 20;

    /** So much is sent in a second that there is time to kill somebody. */
    private static final String RATE = "3M";

    @TempDir
    private Path directory;

    @Test
    void aFileGoesOnWhereItWasWhateverEndsTheAgent() throws Exception {
        byte[] content = new byte[BYTES];
        new Random(19).nextBytes(content);
        Path file = Files.write(directory.resolve("disk.raw"), content);
        try (AgentProcess agent = AgentProcess.startShortLived(directory.resolve("run"), "--libvirt=none")) {
            makeSr(agent);
            String id = UUID.randomUUID().toString();
            try (BackgroundProgram client = importing("--input '" + file + "' --uuid " + id)) {
                awaitNoted();
                agent.kill9();
                client.awaitLine(line -> line.contains("The connection was lost"), DEADLINE);
                agent.restart();
                client.awaitLine(ImportKillTest::goesOn, DEADLINE);
                client.awaitLine(id::equals, DEADLINE);
            }
            assertThat(SourceAgent.content(agent.runDirectory(), id)).isEqualTo(content);

            try (BackgroundProgram client = importing("--input '" + file + "' --name second")) {
                awaitNoted();
                agent.restart();
                client.awaitLine(ImportKillTest::goesOn, DEADLINE);
                client.awaitLine(ImportKillTest::isId, DEADLINE);
            }
            assertThat(SourceAgent.content(agent.runDirectory(), "second")).isEqualTo(content);
            assertThat(temporary()).isEmpty();
        }
    }

    @Test
    void whatComesThroughAPipeSaysThatItCannotGoOn() throws Exception {
        Path file = Files.write(directory.resolve("disk.raw"), new byte[BYTES]);
        try (AgentProcess agent = AgentProcess.startShortLived(directory.resolve("run"), "--libvirt=none")) {
            makeSr(agent);
            try (BackgroundProgram client = BackgroundProgram.start(
                    "sh", "-c", "cat '" + file + "' | " + command("--size " + BYTES) + "; echo exit $?")) {
                Waiting.until("some has come", () -> !temporary().isEmpty());
                agent.kill9();
                client.awaitLine(line -> line.contains("The content broke off"), DEADLINE);
                client.awaitLine(line -> line.contains("through a pipe cannot be sent again"), DEADLINE);
                client.awaitLine("exit 1"::equals, DEADLINE);
            }
            agent.restart();
            assertThat(temporary()).isEmpty();
        }
    }

    /** Who interrupts it wants nothing to be kept. */
    @Test
    void nothingIsKeptOfWhatIsInterrupted() throws Exception {
        Path file = Files.write(directory.resolve("disk.raw"), new byte[BYTES]);
        try (AgentProcess agent = AgentProcess.startShortLived(directory.resolve("run"), "--libvirt=none")) {
            makeSr(agent);
            try (BackgroundProgram client = importing("--input '" + file + "'")) {
                awaitNoted();
                client.terminate(DEADLINE);
            }
            Waiting.until("nothing is kept", () -> temporary().isEmpty());
        }
    }

    private static boolean goesOn(String line) {
        return line.startsWith("catena: Going on from ");
    }

    private static boolean isId(String line) {
        return line.matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    }

    private BackgroundProgram importing(String options) throws IOException {
        return BackgroundProgram.start("sh", "-c", "exec " + command(options));
    }

    private String command(String options) {
        return AgentProcess.home().resolve("host-agent/bin/catena") + " vdi import s --format raw --rate " + RATE
                + " --run-dir '" + directory.resolve("run") + "' " + options;
    }

    private void makeSr(AgentProcess agent) {
        String body = "{'name':'s','path':'" + directory.resolve("sr") + "'}";
        JsonObject sr = JsonParser.parseString(body.replace('\'', '"')).getAsJsonObject();
        JsonElement made = new ControlClient(agent.runDirectory().resolve("agent.sock"), DEADLINE).post("/v1/srs", sr);
        assertThat(made.getAsJsonObject().has("sr")).isTrue();
    }

    /** Waits until the agent knows for good how far it is. */
    private void awaitNoted() throws Exception {
        Waiting.until(
                "it is noted",
                () -> temporary().stream().anyMatch(file -> file.toString().endsWith(".upload")));
    }

    private List<Path> temporary() throws IOException {
        Path temporary = directory.resolve("sr/.catena/tmp");
        if (!Files.exists(temporary)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(temporary)) {
            return files.toList();
        }
    }
}
