package io.catena.agent.api;

import io.catena.agent.api.auth.AuditLog;
import io.catena.agent.api.auth.ClientRoutes;
import io.catena.agent.api.auth.Clients;
import io.catena.agent.api.auth.ExportRights;
import io.catena.agent.api.auth.TokenRoutes;
import io.catena.agent.api.auth.Tokens;
import io.catena.agent.api.cloud.CloudRoutes;
import io.catena.agent.api.cloud.SpaceHistory;
import io.catena.agent.api.event.EventLog;
import io.catena.agent.api.event.EventRoutes;
import io.catena.agent.api.event.EventSink;
import io.catena.agent.api.event.Events;
import io.catena.agent.api.replay.Replays;
import io.catena.agent.control.Route;
import io.catena.agent.metrics.DataPath;
import io.catena.agent.metrics.Metrics;
import io.catena.agent.nbd.ClientRights;
import io.catena.agent.state.Ticker;
import io.catena.api.StorageHost;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the API keeps on disk, and what watches the host for it; there whether the API is served over the network or not, so that
 * tokens can be made and events are not missed.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class ApiState implements Closeable {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final StorageHost host;
    private final Clock clock;
    private final Ticker ticker = new Ticker("api-ticker");
    private final AuditLog audit;
    private final Tokens tokens;
    private final Clients clients;
    private final EventLog log;
    private final Events events;
    private final Replays replays;
    private final Metrics metrics;
    private final SpaceHistory space;

    /**
     * Opens what is kept, and begins to watch.
     *
     * @param directory made if it is absent, and closed to other users
     * @param host the real one
     * @param dataPath what counts the requests of its disks
     */
    public ApiState(Path directory, StorageHost host, DataPath dataPath, Clock clock) throws IOException {
        this.host = host;
        this.clock = clock;
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, OWNER_ONLY);
        audit = new AuditLog(directory.resolve("audit.jsonl"), ticker);
        tokens = new Tokens(directory.resolve("tokens.json"), clock);
        clients = new Clients(directory.resolve("clients.json"));
        replays = new Replays(directory.resolve("replays"), clock, UUID::randomUUID);
        metrics = new Metrics(host, dataPath);
        log = new EventLog(directory.resolve("events"), clock);
        events = new Events(log, host, metrics, ticker);
        space = new SpaceHistory(directory.resolve("space"), host, clock);
        ticker.every(SpaceHistory.EVERY, space::sample);
        ticker.every(Duration.ofHours(1), replays::dropOld);
    }

    /** Returns the host as all faces are to use it: what they do becomes events. */
    public StorageHost observed() {
        return events.observed();
    }

    /**
     * Returns the routes that all faces share beyond those of the control API.
     *
     * @param seen the host with the SRs that there are for the caller
     * @param nbdTlsPort where disks are served over TCP; null if they are not
     */
    public List<Route> routes(StorageHost seen, @Nullable Integer nbdTlsPort) {
        List<Route> routes = new ArrayList<>(new CloudRoutes(seen, space, nbdTlsPort).all());
        routes.addAll(new TokenRoutes(tokens, audit, seen).all());
        routes.addAll(new ClientRoutes(clients, seen).all());
        routes.addAll(new EventRoutes(log).all());
        return routes;
    }

    /** Returns what takes events of others. */
    public EventSink eventSink() {
        return events.sink();
    }

    StorageHost host() {
        return host;
    }

    Clock clock() {
        return clock;
    }

    Ticker ticker() {
        return ticker;
    }

    AuditLog audit() {
        return audit;
    }

    Tokens tokens() {
        return tokens;
    }

    Events events() {
        return events;
    }

    Clients clients() {
        return clients;
    }

    /** Returns which disks clients of NBD may reach who show a certificate. */
    public ClientRights exportRights() {
        return new ExportRights(host, clients);
    }

    Replays replays() {
        return replays;
    }

    public Metrics metrics() {
        return metrics;
    }

    @Override
    public void close() throws IOException {
        ticker.close();
        events.close();
        log.close();
        audit.close();
    }
}
