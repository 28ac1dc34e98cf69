package io.catena.harness.api;

import static io.catena.harness.api.SourceAgent.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.Role;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of connections that say nothing, to the API and to the disks over TCP, delay nobody who says something. */
@Timeout(120)
@Tag("slow")
@WholeMachine
class IdleCrowdTest {
    private static final int ADDRESSES = 4;
    private static final int SILENT_OF_ONE = 500;

    /** Beyond what is served over TCP at a time. */
    private static final int SILENT_AT_DISKS = 1200;

    private static final int GREETED = 10;
    private static final int ASKED = 30;
    private static final int PAGE_BYTES = 4096;
    private static final Duration USUAL = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(10);

    private final Path directory;
    private final ApiFixture api;
    private final List<Socket> sockets = new ArrayList<>();

    IdleCrowdTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        api = new ApiFixture(directory, true);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        api.close();
    }

    @Test
    void whoSaysSomethingIsServedAtOnce() throws IOException {
        String sr = api.sr("a");
        String disk =
                SourceAgent.text(api.local().post("/v1/srs/" + sr + "/vdis", json("{'sizeBytes':2097152}")), "vdi");
        String token = api.token(Role.OPERATOR);
        int port = api.ask("PUT", token, "/v1/vdis/" + disk + "/attachments/host", "{}")
                .object()
                .getAsJsonObject("connection")
                .get("nbdTlsPort")
                .getAsInt();
        try (NbdClient guest = NbdClient.connect(directory.resolve("run/nbd.sock"), disk)) {
            connect("127.0.0.2", port, SILENT_AT_DISKS);
            greet();
            for (int address = 0; address < ADDRESSES; address++) {
                connect("127.0.0." + (2 + address), api.port(), SILENT_OF_ONE);
            }
            awaitStrangers(token);

            assertPrompt(() -> guest.write(0, new byte[PAGE_BYTES]));
            assertPrompt(() -> guest.read(0, PAGE_BYTES));
            assertPrompt(() ->
                    assertThat(api.get(token, "/v1/vdis/" + disk).status()).isEqualTo(200));
            assertPrompt(() -> api.local().get("/v1/srs"));
            HttpClient newcomer = api.client("");
            assertThat(api.ask(newcomer, "GET", token, "/v1/srs", null).status())
                    .isEqualTo(200);
        }
    }

    private void connect(String from, int port, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.getByName(from), 0));
        }
    }

    /** Some even agree on a cipher. */
    private void greet() throws IOException {
        for (int i = 0; i < GREETED; i++) {
            SSLSocket socket = (SSLSocket) api.client()
                    .sslContext()
                    .getSocketFactory()
                    .createSocket(InetAddress.getLoopbackAddress(), api.port());
            sockets.add(socket);
            socket.startHandshake();
        }
    }

    /** The first may be cut off again before the last is accepted. */
    private void awaitStrangers(String token) throws IOException {
        int least = ADDRESSES * SILENT_OF_ONE / 2;
        String metrics;
        do {
            metrics = api.get(token, "/metrics").body();
        } while (metrics.lines()
                .filter(line -> line.startsWith("catena_api_strangers "))
                .mapToDouble(line -> Double.parseDouble(line.split(" ", 2)[1]))
                .noneMatch(strangers -> strangers >= least));
    }

    @FunctionalInterface
    private interface Asking {
        void ask() throws IOException;
    }

    private static void assertPrompt(Asking asking) throws IOException {
        long[] nanos = new long[ASKED];
        for (int i = 0; i < ASKED; i++) {
            long start = System.nanoTime();
            asking.ask();
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        assertThat(Duration.ofNanos(nanos[ASKED / 2])).isLessThan(USUAL);
        assertThat(Duration.ofNanos(nanos[ASKED - 1])).isLessThan(LONGEST);
    }
}
