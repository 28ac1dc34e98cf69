package io.catena.harness.smapiv1;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The driver for SRs on an NFS server as a file and a process, as far as that goes without a server. */
@Tag("slow")
final class ServerDriverTest extends DriverTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    private SmDriver server(Map<String, String> config) {
        return new SmDriver(directory.resolve("sm/CatenaNFSSR"), SR, config);
    }

    @Test
    void itIsInstalledBesideTheOtherAndAsksTheSameAgent() throws IOException {
        SmDriver away = server(Map.of("server", "127.0.0.1", "serverpath", "/none"));
        assertThat(ok(away.call("sr_get_driver_info", Map.of()))
                        .member("configuration")
                        .asItems())
                .hasSize(4);
        fault(away.sr("sr_create", "0"), 73, "NFS mount error", "127.0.0.1:/none");
        fault(away.sr("sr_attach"), 73);
        fault(away.sr("sr_scan"), 47);
        nil(away.sr("sr_detach"));
        fault(server(Map.of("location", "/x")).sr("sr_create", "0"), 102);
        assertThat(directory.resolve("run/mnt")).isEmptyDirectory();
    }

    /** Beside the answer an agent may send what XAPI reads from the driver's standard error. */
    @Test
    void whatGoesBesideTheAnswerIsWrittenToStandardError() throws Exception {
        agent.close();
        String body = "0<nfs-exports/>\n\0<?xml version='1.0'?>\n<methodResponse>x</methodResponse>\n\n";
        Path socket = directory.resolve("run/agent.sock");
        Files.deleteIfExists(socket);
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(socket));
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> serve(listening, body));
            Outcome outcome =
                    Programs.run(DEADLINE, directory.resolve("sm/CatenaNFSSR").toString(), "<sr_probe/>");
            assertThat(outcome.stderr()).isEqualTo("<nfs-exports/>\n");
            assertThat(outcome.stdout()).isEqualTo(body.substring(body.indexOf('\0') + 1));
            served.get();
        } finally {
            agent = startAgent();
        }
    }

    private static void serve(ServerSocketChannel listening, String body) {
        try (SocketChannel client = listening.accept()) {
            client.read(ByteBuffer.allocate(64 << 10));
            OutputStream out = Channels.newOutputStream(client);
            out.write(("HTTP/1.1 200 OK\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
