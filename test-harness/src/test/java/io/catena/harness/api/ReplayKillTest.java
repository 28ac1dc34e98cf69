package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests with a key, by curl over TLS, to an agent that is killed: what is asked again is not done again. */
@Timeout(300)
@Tag("slow")
class ReplayKillTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int CUT_OFF = 4;
    private static final int MOST_MILLIS = 40;

    private final Path directory;
    private final TestCertificates certificates;
    private final int port;
    private final Random random = new Random(18);
    private String token = "";

    ReplayKillTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        certificates = new TestCertificates(directory.resolve("tls"));
        certificates.certify("server", "localhost");
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
    }

    @Test
    void aDiskIsMadeOnceHoweverOftenTheAgentDies() throws IOException, InterruptedException {
        try (AgentProcess agent = start()) {
            token = text(
                    JsonParser.parseString(
                            agent.cli("token", "create", "--role", "admin").stdout()),
                    "token");
            agent.cli("sr", "create", "s", "--path", directory.resolve("sr").toString());

            String first = made(Programs.run(DEADLINE, curl("answered", "disk")));
            agent.kill9();
            agent.restart();
            assertThat(made(Programs.run(DEADLINE, curl("answered", "disk")))).isEqualTo(first);
            assertThat(disks("disk")).containsExactly(first);

            for (int round = 0; round < CUT_OFF; round++) {
                String name = "cut-off-" + round;
                try (BackgroundProgram request = BackgroundProgram.start(curl(name, name))) {
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(MOST_MILLIS));
                    agent.kill9();
                    agent.restart();
                    assertThat(request.pid()).isPositive();
                }
                String made = made(Programs.run(DEADLINE, curl(name, name)));
                assertThat(made(Programs.run(DEADLINE, curl(name, name)))).isEqualTo(made);
                assertThat(disks(name)).containsExactly(made);
            }
        }
    }

    private AgentProcess start() throws IOException {
        return AgentProcess.startShortLived(
                directory.resolve("run"),
                "--libvirt",
                "none",
                "--api-listen",
                "127.0.0.1:" + port,
                "--api-certificate",
                certificates.certificate("server").toString(),
                "--api-key",
                certificates.key("server").toString(),
                "--api-state",
                directory.resolve("state").toString());
    }

    private String[] curl(String key, String name) {
        return curl(
                "/v1/srs/s/vdis",
                List.of(
                        "-H",
                        "Idempotency-Key: " + key,
                        "-H",
                        "Content-Type: application/json",
                        "-d",
                        "{\"sizeBytes\":2097152,\"name\":\"" + name + "\"}"));
    }

    private String[] curl(String path, List<String> more) {
        List<String> line = new ArrayList<>(List.of(
                "curl",
                "-sS",
                "--cacert",
                certificates.authority().toString(),
                "-H",
                "Authorization: Bearer " + token,
                "https://localhost:" + port + path));
        line.addAll(more);
        return line.toArray(String[]::new);
    }

    private static String made(Outcome answer) {
        JsonElement vdi = JsonParser.parseString(answer.stdout());
        assertThat(vdi.getAsJsonObject().has("vdi")).as("%s", answer).isTrue();
        return text(vdi, "vdi");
    }

    private List<String> disks(String name) throws IOException {
        Outcome answer = Programs.run(DEADLINE, curl("/v1/srs/s/vdis?name=" + name, List.of()));
        JsonArray items =
                JsonParser.parseString(answer.stdout()).getAsJsonObject().getAsJsonArray("items");
        List<String> ids = new ArrayList<>();
        items.forEach(item -> ids.add(text(item, "vdi")));
        return ids;
    }

    private static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }
}
