package io.catena.agent.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Java has no datagrams over Unix sockets, so the manager of these tests is a few lines of Python. */
@Timeout(60)
final class ServiceManagerTest {
    private static final String RECEIVER = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1].replace('@', '\\0'))
            print('bound', flush=True)
            while True:
                print(s.recv(4096).decode().replace('\\n', ' '), flush=True)
            """;

    @TempDir
    private Path directory;

    private Process receiver;
    private BufferedReader received;
    private Path socket;

    @BeforeEach
    void listen() throws IOException {
        socket = directory.resolve("notify");
        listen(socket.toString());
    }

    private void listen(String address) throws IOException {
        receiver = new ProcessBuilder("python3", "-c", RECEIVER, address)
                .redirectError(directory.resolve("err").toFile())
                .start();
        received = receiver.inputReader(StandardCharsets.UTF_8);
        assertThat(received.readLine())
                .as(Files.readString(directory.resolve("err")))
                .isEqualTo("bound");
    }

    @AfterEach
    void end() throws IOException {
        received.close();
        receiver.destroyForcibly();
    }

    private static ServiceManager manager(String address, String micros) {
        return ServiceManager.of(Map.of("NOTIFY_SOCKET", address, "WATCHDOG_USEC", micros, "WATCHDOG_PID", "7"), 7);
    }

    @Test
    void hearsOfTheLifeOfAnAgent() throws IOException {
        ServiceManager manager = manager(socket.toString(), "0");
        manager.ready("serving");
        manager.reloading();
        manager.stopping();
        assertThat(received.readLine()).isEqualTo("READY=1 STATUS=serving");
        assertThat(received.readLine()).isEqualTo("RELOADING=1");
        assertThat(received.readLine()).startsWith("STOPPING=1 ");
        assertThat(manager.watchdog()).isEmpty();
    }

    @Test
    void isReachedInTheAbstractNamespace() throws IOException {
        receiver.destroyForcibly();
        String name = "@catena-test-" + ProcessHandle.current().pid();
        listen(name);
        manager(name, "1").alive();
        assertThat(received.readLine()).isEqualTo("WATCHDOG=1");
    }

    @Test
    void theTimeIsOnlyForTheProcessThatItNames() {
        assertThat(manager("/x", "3000000").watchdog()).contains(Duration.ofSeconds(3));
        assertThat(ServiceManager.of(Map.of("NOTIFY_SOCKET", "/x", "WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "8"), 7)
                        .watchdog())
                .isEmpty();
    }

    @Test
    void nothingIsToldWhereNobodyListens() throws IOException {
        ServiceManager.of(Map.of(), 7).ready("serving");
        manager(directory.resolve("absent").toString(), "0").ready("serving");
        manager(socket.toString(), "0").alive();
        assertThat(received.readLine()).isEqualTo("WATCHDOG=1");
    }

    /** The manager hears from a silent watchdog again only when the loop answers again. */
    @Test
    void signsOfLifeStopWithALoop() throws IOException {
        AtomicBoolean lives = new AtomicBoolean(true);
        AtomicBoolean asked = new AtomicBoolean();
        Watchdog.Probe probe = new Watchdog.Probe("loop", () -> {
            if (!lives.get()) {
                asked.set(true);
                throw new IOException("no answer");
            }
        });
        ServiceManager manager = manager(socket.toString(), "30000");
        try (Watchdog watchdog = Watchdog.start(manager, List.of(probe))) {
            assertThat(watchdog).isNotNull();
            assertThat(received.readLine()).isEqualTo("WATCHDOG=1");
            lives.set(false);
            while (!asked.get()) {
                Thread.onSpinWait();
            }
            manager.reloading();
            String line = received.readLine();
            while (line.equals("WATCHDOG=1")) {
                line = received.readLine();
            }
            assertThat(line).isEqualTo("RELOADING=1");
            manager.stopping();
            assertThat(received.readLine()).startsWith("STOPPING=1");
            lives.set(true);
            assertThat(received.readLine()).isEqualTo("WATCHDOG=1");
        }
    }
}
