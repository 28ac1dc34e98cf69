package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.harness.api.ApiFixture.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that keep others out, or look for what is not theirs. */
@Timeout(60)
@Tag("slow")
class HostileClientsTest {
    /** More than the server has threads. */
    private static final int SLOW = 45;

    /** As many as one caller may have. */
    private static final int STREAMS = 5;

    private final Path directory;
    private final ApiFixture api;
    private final List<Socket> sockets = new ArrayList<>();

    HostileClientsTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        api = new ApiFixture(directory);
    }

    @AfterEach
    void close() throws IOException {
        hangUp();
        api.close();
    }

    @Test
    void loginsThatNeverComeKeepNobodyOut() throws IOException {
        String login = "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 64\r\n\r\n{";
        for (int i = 0; i < SLOW; i++) {
            send(login);
        }

        assertThat(api.get("", "/healthz").status()).isEqualTo(200);
        assertThat(api.get(api.token(Role.VIEWER), "/v1/srs").status()).isEqualTo(200);
    }

    /** Connects, and sends the beginning of a request. */
    private void send(String text) throws IOException {
        Socket socket =
                api.client().sslContext().getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), api.port());
        sockets.add(socket);
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void hangUp() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        sockets.clear();
    }

    private static String content(String sr) {
        return "/v1/srs/" + sr + "/vdis/" + UUID.randomUUID() + "/content?format=raw";
    }

    private Answer imported(String token, String sr) throws IOException {
        return api.ask("PUT", token, content(sr), "x".repeat(512));
    }

    @Test
    void uploadsThatNeverEndKeepNoOtherCallerOut() throws IOException {
        String sr = api.sr("a");
        String slow = api.token(Role.OPERATOR);
        String trickle = " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + slow
                + "\r\nContent-Length: 1048576\r\n\r\nx";

        Answer refused = until(503, () -> {
            send("PUT " + content(sr) + trickle);
            return imported(slow, sr);
        });
        assertThat(refused.text("detail")).contains("5 disks are imported for token ");
        assertThat(imported(api.token(Role.OPERATOR, sr), sr).status()).isEqualTo(201);
        hangUp();
        until(201, () -> imported(slow, sr));
    }

    @Test
    void whoTakesNoContentKeepsNoOtherCallerOut() throws IOException {
        String sr = api.sr("a");
        JsonObject wanted = new JsonObject();
        wanted.addProperty("sizeBytes", 1L << 30);
        String disk = api.local()
                .post("/v1/srs/" + sr + "/vdis", wanted)
                .getAsJsonObject()
                .get("vdi")
                .getAsString();
        String path = "/v1/vdis/" + disk + "/content";
        String slow = api.token(Role.BACKUP);
        for (int i = 0; i < STREAMS; i++) {
            Answer beyond = api.get(slow, path + "?from=" + (2L << 30));
            assertThat(beyond.status()).isEqualTo(400);
        }

        Answer refused = until(503, () -> {
            send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + slow + "\r\n\r\n");
            return api.get(slow, path + "?from=" + (1L << 30));
        });
        assertThat(refused.text("detail")).contains("5 disks are streamed for token ");
        assertThat(api.get(api.token(Role.BACKUP), path + "?from=" + (1L << 30)).status())
                .isEqualTo(200);
        hangUp();
        until(200, () -> api.get(slow, path + "?from=" + (1L << 30)));
    }

    /** Asks again and again until an answer has this status. */
    private static Answer until(int status, Asking asking) throws IOException {
        Answer answer = asking.ask();
        while (answer.status() != status) {
            answer = asking.ask();
        }
        return answer;
    }

    @FunctionalInterface
    private interface Asking {
        Answer ask() throws IOException;
    }

    @Test
    void aLoginThatIsTooLargeIsRefused() throws IOException {
        Answer answer = api.ask("POST", "", "/v1/session", "{'token':'" + "x".repeat(5000) + "'}");

        assertThat(answer.status()).isEqualTo(413);
    }

    @Test
    void noFileHoldsTheSecretOfAToken() throws IOException {
        String admin = api.token(Role.ADMIN);
        String body = "{'role':'viewer','name':'x'}";
        String secret = api.ask("POST", admin, "/v1/tokens", body, "Idempotency-Key", "k")
                .text("token");

        Answer again = api.ask("POST", admin, "/v1/tokens", body, "Idempotency-Key", "k");

        assertThat(again.status()).isEqualTo(409);
        assertThat(again.text("code")).isEqualTo("IDEMPOTENCY_UNKNOWN");
        assertThat(api.get(secret, "/v1/srs").status()).isEqualTo(200);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(secret);
            }
        }
    }
}
