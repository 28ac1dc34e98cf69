package io.catena.agent.control.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who does not take what it asked for is cut off, and holds no place any more. */
@Timeout(60)
class SteadySinkTest {
    /** More than sockets hold. */
    private static final int PIECE_BYTES = 32 << 20;

    private static final long PATIENCE_MILLIS = 200;
    private static final long FAST = Long.MAX_VALUE;
    private static final long SLOW = 1024;

    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private long leastBytesPerSecond = FAST;

    @BeforeEach
    void start() throws Exception {
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                send(response, callback);
                return true;
            }
        });
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
    }

    private void send(Response response, Callback callback) {
        try {
            new SteadySink(response, PATIENCE_MILLIS, leastBytesPerSecond)
                    .write(ByteBuffer.allocateDirect(PIECE_BYTES));
            callback.succeeded();
        } catch (IOException e) {
            callback.failed(e);
            failure.complete(e);
        }
    }

    private Socket ask() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
        socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Returns how many bytes come until the end. */
    private static long readAll(InputStream in) throws IOException {
        byte[] bytes = new byte[1 << 16];
        long all = 0;
        try {
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                all += count;
            }
        } catch (SocketException e) {
            return all; // it was cut off in the middle of what is under way
        }
        return all;
    }

    @Test
    void whoTakesNothingIsCutOff() throws Exception {
        try (Socket socket = ask()) {
            assertThat(failure.get(30, TimeUnit.SECONDS))
                    .hasMessageContaining("the client did not take " + PIECE_BYTES);
            assertThat(readAll(socket.getInputStream())).isLessThan(PIECE_BYTES);
        }
    }

    @Test
    void whoTakesItGetsAll() throws Exception {
        leastBytesPerSecond = SLOW;
        try (Socket socket = ask()) {
            InputStream in = socket.getInputStream();
            long read = 0;
            byte[] bytes = new byte[1 << 16];
            while (read < PIECE_BYTES) {
                int count = in.read(bytes);
                assertThat(count).isPositive();
                read += count;
            }
        }
        assertThat(failure).isNotDone();
    }
}
