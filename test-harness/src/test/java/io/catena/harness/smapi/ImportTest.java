package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A disk that is filled from another host: XAPI takes the connection and passes it on. */
@Tag("slow")
final class ImportTest extends SmapiTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final int DATA_BYTES = 3 << 20;

    /** As XAPI does it with a connection of its HTTP server: the name of the datapath, the socket beside it, and away. */
    private static final String PASS = """
            import socket, sys
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
            s.settimeout(0.2)
            c = socket.socket(socket.AF_UNIX)
            c.connect(sys.argv[2])
            socket.send_fds(c, [b"mirror_dp"], [s.fileno()])
            """;

    private String key;

    @BeforeEach
    void makeVolume() throws IOException {
        createSr();
        key = text(createVolume("disk", 64 << 20), "key");
        ok("Datapath.attach", "uri", uri(key), "domain", "u0_mirror");
    }

    @Test
    void aConnectionThatIsPassedOnWritesToTheDisk() throws IOException {
        String socket = importActivate();
        assertThat(importActivate()).isEqualTo(socket);
        byte[] data = new byte[DATA_BYTES];
        new Random(5).nextBytes(data);
        visitWithoutAConnection(socket);

        NbdClient mirror = passed(socket, "whatever its name is");
        assertThat(mirror.sizeBytes()).isEqualTo(64 << 20);
        mirror.write(1 << 20, data);
        mirror.flush();
        assertThat(mirror.read(1 << 20, DATA_BYTES)).isEqualTo(data);
        try (NbdClient second = passed(socket, key);
                NbdClient local = connect(key)) {
            assertThat(second.read(1 << 20, DATA_BYTES)).isEqualTo(data);
            assertThat(local.read(1 << 20, DATA_BYTES)).isEqualTo(data);
        }

        ok("Datapath.deactivate", "uri", uri(key), "domain", "u0_mirror");
        assertThat(Path.of(socket)).doesNotExist();
        assertThatThrownBy(() -> mirror.read(0, 512)).isInstanceOf(IOException.class);
        mirror.close();
        ok("Datapath.detach", "uri", uri(key), "domain", "u0_mirror");
    }

    @Test
    void afterAKillOfTheAgentAnImportIsAskedForAgain() throws IOException {
        importActivate();
        agent.kill9();
        agent.restart();
        try (NbdClient mirror = passed(importActivate(), "")) {
            mirror.write(0, bytes((byte) 9));
        }
        ok("Datapath.detach", "uri", uri(key), "domain", "u0_mirror");
        assertThat(read(key)).isEqualTo((byte) 9);
    }

    @Test
    void aDiskThatAnotherDomainWritesIsNotImported() throws IOException {
        ok("Datapath.attach", "uri", uri(key), "domain", "7");
        ok("Datapath.activate", "uri", uri(key), "domain", "7");
        assertThat(scripts.call("Datapath.import_activate", "uri", uri(key), "domain", "u0_mirror")
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_24");
    }

    private String importActivate() throws IOException {
        return scripts.call("Datapath.import_activate", "uri", uri(key), "domain", "u0_mirror")
                .result()
                .getAsString();
    }

    /** Whoever comes without a connection must not keep the others out. */
    private static void visitWithoutAConnection(String socket) throws IOException {
        String script =
                "import socket, sys; c = socket.socket(socket.AF_UNIX); c.connect(sys.argv[1]); c.send(b'hello')";
        Programs.run(DEADLINE, "python3", "-c", script, socket);
    }

    private NbdClient passed(String socket, String export) throws IOException {
        Path script = Files.writeString(directory.resolve("pass.py"), PASS);
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            Programs.run(DEADLINE, "python3", script.toString(), Integer.toString(port), socket);
            return NbdClient.over(server.accept(), export);
        }
    }
}
