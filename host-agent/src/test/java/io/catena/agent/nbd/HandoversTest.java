package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Visitors at the socket where other processes hand over their clients; Python can pass descriptors, Java cannot. */
@Timeout(60)
class HandoversTest {
    private static final VdiId VDI = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11"));

    /** Less than what a visitor who says nothing is given. */
    private static final int PATIENCE_SECONDS = 8;

    private static final String PASS_NOTHING_GOOD = """
            import os, socket, sys
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(sys.argv[1])
                socket.send_fds(s, [b"x"], [os.open("/dev/null", os.O_RDWR)])
                s.recv(1)
            """;

    private static final String PASS_A_CLIENT = """
            import socket, struct, sys
            ours, theirs = socket.socketpair()
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(sys.argv[1])
                socket.send_fds(s, [b"x"], [theirs.fileno()])
            theirs.close()
            def take(n):
                data = b""
                while len(data) < n:
                    more = ours.recv(n - len(data))
                    assert more, "closed"
                    data += more
                return data
            take(18)
            ours.sendall(struct.pack(">IQII", 3, 0x49484156454F5054, 1, 1) + b"x")
            take(10)
            ours.sendall(struct.pack(">IHHQQI", 0x25609513, 0, 0, 7, 0, 512))
            print(take(16 + 512)[16 + 5])
            """;

    private final ByteArrayDisk disk = new ByteArrayDisk(1 << 20);

    @TempDir
    Path directory;

    private NbdServer server;

    @BeforeEach
    void start() throws IOException {
        NbdExports exports = new NbdExports(directory.resolve("nbd.sock"), Duration.ofSeconds(5));
        server = NbdServer.start(exports, NbdLimits.DEFAULT);
        disk.content[5] = 42;
        exports.publish(VDI, AccessMode.READ_WRITE, disk);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    @Test
    void aHandoverOfNoConnectionDoesNotEndTheService() throws Exception {
        Path socket = server.handover(VDI);

        run(PASS_NOTHING_GOOD, socket);

        assertThat(run(PASS_A_CLIENT, socket)).isEqualTo("42");
    }

    @Test
    void visitorsWhoSayNothingDoNotKeepOthersWaiting() throws Exception {
        Path socket = server.handover(VDI);
        List<SocketChannel> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 5; i++) {
                silent.add(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
            }
            assertThat(run(PASS_A_CLIENT, socket)).isEqualTo("42");
        } finally {
            for (SocketChannel visitor : silent) {
                visitor.close();
            }
        }
    }

    private static String run(String script, Path socket) throws Exception {
        Process python = new ProcessBuilder("python3", "-c", script, socket.toString())
                .redirectErrorStream(true)
                .start();
        try {
            assertThat(python.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("ends in time")
                    .isTrue();
            return new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } finally {
            python.destroyForcibly();
        }
    }
}
