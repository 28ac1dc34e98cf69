package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.api.ApiFixture.Answer;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code API.md} promises those who write a driver for a cloud: its table, row by row, and the example. */
@Timeout(120)
@Tag("slow")
class CloudCallsTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final long SIZE = 8 << 20;

    private final ApiFixture api;
    private final String admin;
    private final String sr;

    CloudCallsTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        admin = api.token(Role.ADMIN);
        sr = api.sr("main");
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void aVolumeIsMadeOnceAndDeletedOnce() throws IOException {
        String path = "/v1/srs/" + sr + "/vdis/by-client-name/pvc-1";
        String disk = vdi(ok("PUT", path, "{'sizeBytes':" + SIZE + "}"));
        assertThat(vdi(ok("PUT", path, "{'sizeBytes':" + SIZE + "}"))).isEqualTo(disk);
        refused("PUT", path, "{'sizeBytes':" + 2 * SIZE + "}", 409, "VDI_EXISTS");
        ok("PATCH", "/v1/srs/" + sr, "{'minFreeBytes':" + Long.MAX_VALUE + "}");
        refused(
                "PUT",
                "/v1/srs/" + sr + "/vdis/by-client-name/pvc-2",
                "{'sizeBytes':" + SIZE + "}",
                507,
                "SR_NO_SPACE");

        String attachment = "/v1/vdis/" + disk + "/attachments/host-1";
        ok("PUT", attachment, "{}");
        refused("DELETE", "/v1/vdis/" + disk, null, 409, "VDI_IN_USE");
        ok("DELETE", attachment, null);
        ok("DELETE", "/v1/vdis/" + disk, null);
        assertThat(ask("DELETE", "/v1/vdis/" + disk, null).status()).isEqualTo(204);
    }

    @Test
    void aVolumeIsExpandedAndPublishedAgainAndAgain() throws IOException {
        String disk = disk();
        String resize = "/v1/vdis/" + disk + "/resize";
        String larger = ok("POST", resize, "{'sizeBytes':" + 2 * SIZE + "}").body();
        assertThat(ok("POST", resize, "{'sizeBytes':" + 2 * SIZE + "}").body()).isEqualTo(larger);
        refused("POST", resize, "{'sizeBytes':" + SIZE + "}", 400, "VDI_SIZE");

        String mine = "/v1/vdis/" + disk + "/attachments/host-1";
        Answer published = ok("PUT", mine, "{}");
        assertThat(ok("PUT", mine, "{}").object()).isEqualTo(published.object());
        refused("PUT", "/v1/vdis/" + disk + "/attachments/host-2", "{}", 409, "VDI_IN_USE");
        ok("DELETE", mine, null);
        ok("DELETE", mine, null);
        ok("DELETE", "/v1/vdis/" + disk, null);
        assertThat(ask("DELETE", mine, null).status()).isEqualTo(204);
    }

    @Test
    void aSnapshotIsTakenOnceAndBecomesAVolumeOrItsContent() throws IOException {
        String disk = disk();
        ok("PATCH", "/v1/srs/" + sr, "{'chainWarning':2,'chainLimit':2}");
        write(disk);
        String body = "{'vdis':['" + disk + "'],'name':'backup'}";
        Answer snapshot = ok("POST", "/v1/vdis/snapshot", body, "Idempotency-Key", "s");
        assertThat(ok("POST", "/v1/vdis/snapshot", body, "Idempotency-Key", "s").body())
                .isEqualTo(snapshot.body());
        write(disk);
        refused("POST", "/v1/vdis/snapshot", body, 409, "SNAPSHOT_CHAIN_TOO_LONG");

        String taken = vdi(snapshot.object().getAsJsonArray("items").get(0).getAsJsonObject());
        Answer clone = ok("POST", "/v1/vdis/" + taken + "/clone", "{'name':'new'}", "Idempotency-Key", "c");
        assertThat(ok("POST", "/v1/vdis/" + taken + "/clone", "{'name':'new'}", "Idempotency-Key", "c")
                        .body())
                .isEqualTo(clone.body());
        refused("POST", "/v1/vdis/" + KnownThings.GONE + "/clone", "{}", 404, "VDI_MISSING");

        String revert = "/v1/vdis/" + disk + "/revert";
        ok("POST", revert, "{'snapshot':'" + taken + "'}");
        ok("POST", revert, "{'snapshot':'" + taken + "'}");
        ok("PUT", "/v1/vdis/" + disk + "/attachments/host-1", "{}");
        refused("POST", revert, "{'snapshot':'" + taken + "'}", 409, "VDI_IN_USE");
        ok("DELETE", "/v1/vdis/" + taken, null);
        assertThat(ask("DELETE", "/v1/vdis/" + taken, null).status()).isEqualTo(204);
    }

    @Test
    void whatThereIsIsCountedAndListed() throws IOException {
        assertThat(ok("GET", "/v1/srs/" + sr + "/capacity", null).object().has("freeBytes"))
                .isTrue();
        refused("GET", "/v1/srs/" + KnownThings.GONE + "/capacity", null, 404, "SR_UNAVAILABLE");
        refused("GET", "/v1/srs/" + sr + "/vdis?cursor=none", null, 400, "BAD_CURSOR");
    }

    /** Twice, as those do who try it. */
    @Test
    void theExampleRuns() throws IOException {
        Path home = Path.of(Objects.requireNonNull(System.getProperty(AgentProcess.HOME_PROPERTY)));
        Path file = api.directory.resolve("example.qcow2");
        for (int i = 0; i < 2; i++) {
            String told = Programs.run(
                            DEADLINE,
                            "env",
                            "CATENA_TOKEN=" + admin,
                            "python3",
                            home.resolve("host-agent/examples/example.py").toString(),
                            "https://localhost:" + api.port(),
                            api.certificates.authority().toString(),
                            sr,
                            file.toString())
                    .stdout();
            assertThat(told).contains("snapshot ", "merged: ", "disks now: example");
            assertThat(Files.readAllBytes(file)).startsWith('Q', 'F', 'I', 0xfb);
        }
    }

    private String disk() throws IOException {
        return vdi(ok("POST", "/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + SIZE + ",'name':'disk'}"));
    }

    /** A disk that was not written since the last snapshot makes no chain longer. */
    private void write(String disk) throws IOException {
        String attachment = "/v1/vdis/" + disk + "/attachments/writer";
        String uri = ok("PUT", attachment, "{}")
                .object()
                .getAsJsonObject("connection")
                .get("nbdUnix")
                .getAsString();
        try (NbdDisk open = NbdDisk.connect(uri, DEADLINE)) {
            open.write(0, ByteBuffer.wrap(new byte[4096]));
        }
        ok("DELETE", attachment, null);
    }

    private Answer ask(String method, String path, @Nullable String body, String... headers) throws IOException {
        return api.ask(method, admin, path, body, headers);
    }

    private Answer ok(String method, String path, @Nullable String body, String... headers) throws IOException {
        Answer answer = ask(method, path, body, headers);
        assertThat(answer.status())
                .as(method + " " + path + ": " + answer.body())
                .isBetween(200, 201);
        return answer;
    }

    private void refused(String method, String path, @Nullable String body, int status, String code)
            throws IOException {
        Answer answer = ask(method, path, body);
        assertThat(answer.status())
                .as(method + " " + path + ": " + answer.body())
                .isEqualTo(status);
        assertThat(answer.text("code")).isEqualTo(code);
    }

    private static String vdi(Answer answer) {
        return answer.text("vdi");
    }

    private static String vdi(JsonObject object) {
        return object.get("vdi").getAsString();
    }
}
