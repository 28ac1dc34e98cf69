package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

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

    private final Path directory;
    private final ApiFixture api;
    private final List<Socket> sockets = new ArrayList<>();

    HostileClientsTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        api = new ApiFixture(directory);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        api.close();
    }

    @Test
    void loginsThatNeverComeKeepNobodyOut() throws IOException {
        String login = "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 64\r\n\r\n{";
        for (int i = 0; i < SLOW; i++) {
            Socket socket = api.client()
                    .sslContext()
                    .getSocketFactory()
                    .createSocket(InetAddress.getLoopbackAddress(), api.port());
            sockets.add(socket);
            socket.getOutputStream().write(login.getBytes(StandardCharsets.US_ASCII));
        }

        assertThat(api.get("", "/healthz").status()).isEqualTo(200);
        assertThat(api.get(api.token(Role.VIEWER), "/v1/srs").status()).isEqualTo(200);
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
