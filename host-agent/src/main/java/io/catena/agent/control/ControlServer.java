package io.catena.agent.control;

import io.catena.agent.control.client.UnixHttp;
import io.catena.agent.trace.SentAnswer;
import io.catena.agent.trace.Traced;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;

/** The control API on a Unix socket: HTTP/1.1 with JSON bodies. */
public final class ControlServer implements Closeable {
    /** The kernel's limit for the address of a Unix socket, without its final zero. */
    static final int MAX_SOCKET_PATH_BYTES = 107;

    private static final int MAX_THREADS = 40;

    /** Bounds what may wait for a thread: a connection has one request at a time. More clients wait to be accepted. */
    private static final int MAX_CONNECTIONS = 128;

    private static final int STOP_MILLIS = 2000;

    private static final int MAX_BYTES_OF_PROBE = 1 << 16;

    private final Path socket;
    private final Server server;
    private final CallThreads threads;

    private ControlServer(Path socket, Server server, CallThreads threads) {
        this.socket = socket;
        this.server = server;
        this.threads = threads;
    }

    /**
     * Serves from now on.
     *
     * @param socket where to listen, in a directory that only this user can enter, and where no other agent listens; what
     *     is there is replaced
     * @throws IOException if that is not possible
     */
    public static ControlServer start(Path socket, List<Route> routes) throws IOException {
        int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > MAX_SOCKET_PATH_BYTES) {
            throw new IOException("The socket's path has " + length + " bytes, at most " + MAX_SOCKET_PATH_BYTES
                    + " are possible: " + socket);
        }
        Files.deleteIfExists(socket);
        Peers peers = new Peers(Files.getOwner(socket.toAbsolutePath().getParent()));
        CallThreads threads = new CallThreads("control", MAX_THREADS);
        Server server = server(socket, new ControlHandler(peers, routes), threads);
        ControlServer control = new ControlServer(socket, server, threads);
        try {
            server.start();
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
        } catch (Exception e) { // what Jetty's start is declared to throw
            control.close();
            throw new IOException("Cannot serve on " + socket + ": " + e.getMessage(), e);
        }
        return control;
    }

    @Override
    public void close() throws IOException {
        try {
            server.stop();
        } catch (Exception e) { // what Jetty's stop is declared to throw
            throw new IOException("The control API did not stop: " + e.getMessage(), e);
        }
        Files.deleteIfExists(socket);
    }

    /**
     * Asks itself over its socket. With all threads at work it does not: who has much to do lives.
     *
     * @throws IOException if there is no answer in time
     */
    public void awaitAnswer(Duration patience) throws IOException {
        if (!threads.isLowOnThreads()) {
            UnixHttp.Answer unused =
                    new UnixHttp(socket, patience, MAX_BYTES_OF_PROBE).ask("GET", "/v1", "text/plain", new byte[0]);
        }
    }

    private static Server server(Path socket, ControlHandler handler, CallThreads threads) throws IOException {
        Server server = new Server(threads);
        UnixDomainServerConnector connector =
                new UnixDomainServerConnector(server, 1, 1, new HttpConnectionFactory(http()));
        connector.setUnixDomainPath(socket);
        connector.setAcceptQueueSize(MAX_CONNECTIONS);
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, server));
        server.setHandler(handler);
        Traced.server(server, SentAnswer.UNIX);
        server.setStopTimeout(STOP_MILLIS);
        return server;
    }

    /** Paths are matched part by part as they came, never used as files: a name may hold "/" or be "..". */
    private static HttpConfiguration http() {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(false);
        http.setUriCompliance(UriCompliance.from(EnumSet.of(
                UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                UriCompliance.Violation.AMBIGUOUS_PATH_SEGMENT,
                UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS,
                UriCompliance.Violation.ILLEGAL_PATH_CHARACTERS)));
        return http;
    }
}
