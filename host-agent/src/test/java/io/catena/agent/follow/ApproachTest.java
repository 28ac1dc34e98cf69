package io.catena.agent.follow;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;

/** A connection that is made ahead and is of no use must not stand in the way of another one, nor be left open. */
class ApproachTest {
    private static final Duration SHORT = Duration.ofMillis(200);
    private static final int PATIENCE_MILLIS = 30_000;

    private static InetSocketAddress at(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static Approach to(int port) throws NoSuchAlgorithmException {
        return Approach.begin(at(port), SSLContext.getDefault(), SHORT);
    }

    @Test
    void whereNobodyListensNothingIsOpened() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        try (Approach approach = to(port)) {
            assertThat(approach.open(at(port), "disk")).isNull();
        }
    }

    @Test
    void aServerThatSaysNothingIsLeft() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            try (Approach approach = to(silent.getLocalPort())) {
                assertThat(approach.open(at(silent.getLocalPort()), "disk")).isNull();
            }
            assertThat(hasBeenLeft(silent)).isTrue();
        }
    }

    @Test
    void aDiskThatIsServedElsewhereIsNotOpenedHere() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            try (Approach approach = to(silent.getLocalPort())) {
                assertThat(approach.open(at(1), "disk")).isNull();
            }
            assertThat(hasBeenLeft(silent)).isTrue();
        }
    }

    private static boolean hasBeenLeft(ServerSocket server) throws IOException {
        server.setSoTimeout(PATIENCE_MILLIS);
        try (Socket client = server.accept()) {
            client.setSoTimeout(PATIENCE_MILLIS);
            return client.getInputStream().read() < 0;
        }
    }
}
