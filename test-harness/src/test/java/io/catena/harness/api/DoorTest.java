package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.api.door.Door;
import io.catena.agent.tls.PemFiles;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections over TLS that say nothing go for others, and those that were served stay. */
@Timeout(60)
class DoorTest {
    private static final int DEADLINE_MILLIS = 50_000;

    /** Of which two may be strangers from one address. */
    private static final int MOST = 8;

    @TempDir
    private Path directory;

    private final AtomicLong nanos = new AtomicLong();
    private final Door door = new Door(MOST, nanos::get);
    private final AtomicInteger opened = new AtomicInteger();
    private final Server server = new Server();
    private final List<Socket> sockets = new ArrayList<>();
    private ServerConnector connector;
    private SSLContext trusting;

    @BeforeEach
    void start() throws Exception {
        TestCertificates certificates = new TestCertificates(directory);
        certificates.certify("server", "localhost");
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStore(PemFiles.identity(certificates.certificate("server"), certificates.key("server")));
        tls.setKeyStorePassword("");
        connector = new ServerConnector(
                server, 1, 1, new SslConnectionFactory(tls, "http/1.1"), new HttpConnectionFactory());
        connector.setHost("0.0.0.0");
        connector.addEventListener(door);
        connector.addEventListener(new Connection.Listener() {
            @Override
            public void onOpened(Connection connection) {
                if (connection instanceof SslConnection) {
                    opened.incrementAndGet();
                }
            }
        });
        server.addConnector(connector);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                if (request.getHttpURI().getPath().equals("/healthz")) {
                    door.asked(request);
                } else {
                    door.begins(request);
                }
                door.ends(request);
                callback.succeeded();
                return true;
            }
        });
        server.start();
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(PemFiles.authorities(certificates.authority()));
        trusting = SSLContext.getInstance("TLSv1.3");
        trusting.init(null, trust.getTrustManagers(), null);
    }

    @AfterEach
    void stop() throws Exception {
        for (Socket socket : sockets) {
            socket.close();
        }
        server.stop();
    }

    /** Connects from an address of this host, and is there for the door when this returns. */
    private Socket connect(String address) throws IOException, InterruptedException {
        int before = opened.get();
        Socket socket = new Socket(
                InetAddress.getLoopbackAddress(), connector.getLocalPort(), InetAddress.getByName(address), 0);
        socket.setSoTimeout(DEADLINE_MILLIS);
        sockets.add(socket);
        while (opened.get() == before) {
            Thread.sleep(1);
        }
        return socket;
    }

    private static void assertClosed(Socket socket) throws IOException {
        assertThat(socket.getInputStream().read()).isNegative();
    }

    /** Asks over a connection that is there. */
    private SSLSocket ask(Socket plain) throws IOException {
        SSLSocket socket =
                (SSLSocket) trusting.getSocketFactory().createSocket(plain, "localhost", plain.getPort(), true);
        sockets.add(socket);
        assertServed(socket);
        return socket;
    }

    private static void assertServed(SSLSocket socket) throws IOException {
        assertServed(socket, "/");
    }

    private static void assertServed(SSLSocket socket, String path) throws IOException {
        String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        byte[] answer = new byte[1024];
        int length = socket.getInputStream().read(answer);
        assertThat(new String(answer, 0, Math.max(0, length), StandardCharsets.US_ASCII))
                .startsWith("HTTP/1.1 200");
    }

    @Test
    void whoSaysNothingPushesOutNobodyButItsLike() throws Exception {
        Socket other = connect("127.0.0.2");
        SSLSocket known = ask(connect("127.0.0.1"));
        Socket first = connect("127.0.0.1");
        connect("127.0.0.1");
        Socket last = connect("127.0.0.1");

        assertClosed(first);
        ask(other);
        ask(last);
        assertServed(known);
    }

    @Test
    void whoHasNotSaidInTimeWhatItWantsIsCutOff() throws Exception {
        Socket silent = connect("127.0.0.1");
        SSLSocket known = ask(connect("127.0.0.1"));
        door.closeOverdue();
        nanos.addAndGet(Duration.ofSeconds(31).toNanos());
        Socket fresh = connect("127.0.0.1");

        door.closeOverdue();

        assertClosed(silent);
        ask(fresh);
        assertServed(known);
        assertThat(door.strangers()).isZero();
    }

    /** A balancer looks every few seconds whether the agent is well, over one connection. */
    @Test
    void whoOnlyLooksWhetherAllIsWellStaysAsLongAsItLooks() throws Exception {
        SSLSocket watcher = (SSLSocket) trusting.getSocketFactory()
                .createSocket(connect("127.0.0.1"), "localhost", connector.getLocalPort(), true);
        sockets.add(watcher);
        for (int i = 0; i < 3; i++) {
            assertServed(watcher, "/healthz");
            nanos.addAndGet(Duration.ofSeconds(29).toNanos());
            door.closeOverdue();
        }
        assertServed(watcher, "/healthz");
        assertThat(door.strangers()).isEqualTo(1);
        nanos.addAndGet(Duration.ofSeconds(31).toNanos());

        door.closeOverdue();

        assertClosed(watcher);
    }
}
