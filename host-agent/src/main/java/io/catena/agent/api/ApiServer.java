package io.catena.agent.api;

import io.catena.agent.api.auth.Authenticator;
import io.catena.agent.api.cloud.NetworkRoutes;
import io.catena.agent.api.cloud.PlannedRoutes;
import io.catena.agent.api.door.Door;
import io.catena.agent.api.event.Events;
import io.catena.agent.control.CallThreads;
import io.catena.agent.control.Caller;
import io.catena.agent.control.Route;
import io.catena.agent.control.RouteTable;
import io.catena.agent.trace.SentAnswer;
import io.catena.agent.trace.Traced;
import io.catena.agent.web.WebPage;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;

/**
 * The API over the network: HTTP/1.1 in TLS 1.3. It has threads of its own, so that however many clients it has the command
 * line on the Unix socket is served.
 */
public final class ApiServer implements Closeable {
    private static final Logger LOG = Logger.getLogger(ApiServer.class.getName());
    private static final int MOST_THREADS = 40;

    /** Each takes 10 KiB of memory and a file descriptor, but no thread. */
    private static final int MOST_CONNECTIONS = 8192;

    /** Some idle connection goes before there are so many that no other is accepted. */
    private static final int SPARE_CONNECTIONS = 128;

    /** Connections whose clients wait for jobs; some are left for whoever else comes. */
    private static final int MOST_WAITING = 6144;

    /** When no further client could connect, connections without a request end after this time. */
    private static final long CROWDED_IDLE_MILLIS = 3000;

    private static final int MOST_HEADER_BYTES = 16 << 10;
    private static final long IDLE_MILLIS = 90_000;
    private static final int LEAST_BYTES_PER_SECOND = 64;
    private static final int STOP_MILLIS = 2000;
    private static final Duration RELOAD = Duration.ofSeconds(5);
    private static final Duration LOOK_AT_STRANGERS = Duration.ofSeconds(5);
    private static final int MOST_SCOPES = 1000;

    private final Server server;
    private final ServerConnector connector;
    private final List<Route> routes;
    private final Events events;
    private final List<Runnable> tickers = new ArrayList<>();

    private ApiServer(Server server, ServerConnector connector, RouteTable routes, Events events) {
        this.events = events;
        this.routes = routes.routes();
        this.server = server;
        this.connector = connector;
    }

    /** The rest of the agent, as the API needs it. */
    public interface Backend {
        /** Returns the routes that all faces share, with those SRs that there are on a host. */
        List<Route> routes(StorageHost host);

        /** Returns what is to be said of guests of this host that have a disk, as sentences. */
        List<String> guestsWith(VdiId vdi);

        /** Calls {@code listener} once when a job has ended, or now if it has; on any thread. */
        void whenEnded(long job, Consumer<Job> listener);
    }

    /**
     * Serves from now on.
     *
     * @throws IOException if that is not possible: the address is taken, or the certificate cannot be used
     */
    public static ApiServer start(ApiOptions options, ApiState state, Backend backend) throws IOException {
        ReloadedTls tls = new ReloadedTls(options);
        CallThreads threads = new CallThreads("api", MOST_THREADS);
        Server server = new Server(threads);
        ServerConnector connector = new ServerConnector(
                server, 1, 1, new SslConnectionFactory(tls.factory(), "http/1.1"), new HttpConnectionFactory(http()));
        connector.setHost(options.address().getHostString());
        connector.setPort(options.address().getPort());
        connector.setIdleTimeout(IDLE_MILLIS);
        Door door = new Door(MOST_CONNECTIONS - SPARE_CONNECTIONS, System::nanoTime);
        connector.addEventListener(door);
        server.addConnector(connector);
        server.addBean(limit(server));
        RouteTable routes = table(state, backend, state.observed());
        JobWaits waits = new JobWaits(backend::whenEnded, threads, MOST_WAITING);
        server.setHandler(handler(options, state, door, waits, tables(state, backend, routes)));
        server.setErrorHandler(new RefusedRequests());
        Traced.server(server, SentAnswer.TLS);
        server.setStopTimeout(STOP_MILLIS);
        ApiServer api = new ApiServer(server, connector, routes, state.events());
        try {
            server.start();
        } catch (Exception e) { // what Jetty's start is declared to throw
            api.close();
            throw new IOException("Cannot serve the API on " + options.address() + ": " + e.getMessage(), e);
        }
        measure(state, connector, door, waits);
        api.tickers.add(state.ticker().every(RELOAD, tls::reload));
        api.tickers.add(state.ticker().every(LOOK_AT_STRANGERS, door::closeOverdue));
        LOG.info(LogLine.of("api-ready", "address", api.address()));
        return api;
    }

    private static NetworkConnectionLimit limit(Server server) {
        NetworkConnectionLimit limit = new NetworkConnectionLimit(MOST_CONNECTIONS, server);
        limit.setEndPointIdleTimeout(CROWDED_IDLE_MILLIS);
        return limit;
    }

    /** What can be seen of a crowd. */
    private static void measure(ApiState state, ServerConnector connector, Door door, JobWaits waits) {
        state.metrics().add(to -> {
            int connections = connector.getConnectedEndPoints().size();
            to.gauge("catena_api_connections", "Connections of clients over the network.", Labels.EMPTY, connections);
            to.gauge(
                    "catena_api_strangers",
                    "Connections of clients of whom no request was let in yet.",
                    Labels.EMPTY,
                    door.strangers());
            to.gauge("catena_api_waiting", "Requests that wait for the end of a job.", Labels.EMPTY, waits.count());
        });
    }

    private static ApiHandler handler(
            ApiOptions options, ApiState state, Door door, JobWaits waits, Function<Caller, RouteTable> tables)
            throws IOException {
        Authenticator authenticator =
                new Authenticator(state.tokens(), state.clients(), options.clients(), System::nanoTime);
        OpenPaths open = new OpenPaths(authenticator, new WebPage(), new OpenApi());
        Answers answers = new Answers(state.host(), waits, state.replays());
        return new ApiHandler(
                open, authenticator, tables, answers, door, state.audit(), state.metrics()::request, state.clock());
    }

    /** A table for each set of SRs that callers are let see; most see all. */
    private static Function<Caller, RouteTable> tables(ApiState state, Backend backend, RouteTable whole) {
        Map<Set<SrId>, RouteTable> scoped = new ConcurrentHashMap<>();
        return caller -> {
            if (caller.srs().isEmpty()) {
                return whole;
            }
            if (scoped.size() > MOST_SCOPES) {
                scoped.clear();
            }
            return scoped.computeIfAbsent(
                    caller.srs(), srs -> table(state, backend, new ScopedHost(state.observed(), srs)));
        };
    }

    private static RouteTable table(ApiState state, Backend backend, StorageHost host) {
        // Guests have disks of several SRs, and metrics tell of all: they are for callers who see all SRs.
        PlannedRoutes.Users users = host instanceof ScopedHost ? vdi -> List.of() : backend::guestsWith;
        List<Route> routes = new ArrayList<>(new NetworkRoutes(host, users).of(backend.routes(host)));
        if (host instanceof ScopedHost) {
            routes.removeIf(route -> route.pattern().startsWith("/v1/guests"));
        } else {
            routes.addAll(new ScrapeRoutes(state.metrics()).all());
        }
        routes.removeIf(route -> route.operationId().equals("listEvents"));
        routes.addAll(new StreamRoutes(state.events(), backend.routes(host)).all());
        return new RouteTable(routes);
    }

    /** Returns all that there is for callers who see all SRs. */
    public List<Route> routes() {
        return routes;
    }

    /** Returns where it listens. */
    public InetSocketAddress address() {
        return new InetSocketAddress(connector.getHost(), connector.getLocalPort());
    }

    @Override
    public void close() throws IOException {
        tickers.forEach(Runnable::run);
        events.dropReaders();
        try {
            server.stop();
        } catch (Exception e) { // what Jetty's stop is declared to throw
            LOG.log(Level.WARNING, LogLine.of("api-stop-failed"), e);
            throw new IOException("The API did not stop: " + e.getMessage(), e);
        }
    }

    /** Paths are matched part by part as they came, never used as files: a name may hold "/" or be "..". */
    private static HttpConfiguration http() {
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setRequestHeaderSize(MOST_HEADER_BYTES);
        http.setMinRequestDataRate(LEAST_BYTES_PER_SECOND);
        SecureRequestCustomizer secure = new SecureRequestCustomizer();
        secure.setSniHostCheck(false); // a host is reached by its address, too
        http.addCustomizer(secure);
        http.setUriCompliance(UriCompliance.from(EnumSet.of(
                UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                UriCompliance.Violation.AMBIGUOUS_PATH_SEGMENT,
                UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS,
                UriCompliance.Violation.ILLEGAL_PATH_CHARACTERS)));
        return http;
    }
}
