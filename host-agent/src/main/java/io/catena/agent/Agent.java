package io.catena.agent;

import io.catena.agent.api.ApiOptions;
import io.catena.agent.api.ApiServer;
import io.catena.agent.api.ApiState;
import io.catena.agent.api.cloud.PlannedRoutes;
import io.catena.agent.block.BlockExports;
import io.catena.agent.cbt.SnapshotChanges;
import io.catena.agent.control.ControlServer;
import io.catena.agent.control.Route;
import io.catena.agent.control.Scripts;
import io.catena.agent.control.route.AllRoutes;
import io.catena.agent.copy.CopyToRoutes;
import io.catena.agent.copy.OtherAgents;
import io.catena.agent.copy.RemoteCopies;
import io.catena.agent.follow.PeerOptions;
import io.catena.agent.follow.Pool;
import io.catena.agent.guest.Guests;
import io.catena.agent.guest.Hypervisor;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.host.ExportServers;
import io.catena.agent.host.Host;
import io.catena.agent.host.SrOpener;
import io.catena.agent.linux.NbdDevice;
import io.catena.agent.log.Version;
import io.catena.agent.metrics.DataPath;
import io.catena.agent.mirror.MirrorRoutes;
import io.catena.agent.mirror.Mirrors;
import io.catena.agent.mount.MountingHost;
import io.catena.agent.nbd.NbdExports;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdServer;
import io.catena.agent.nbd.NbdTcp;
import io.catena.agent.nbd.client.NbdGreeting;
import io.catena.agent.schedule.ScheduleMetrics;
import io.catena.agent.schedule.ScheduleRoutes;
import io.catena.agent.schedule.Schedules;
import io.catena.agent.service.Watchdog;
import io.catena.agent.smapi.PluginCalls;
import io.catena.agent.smapiv1.DriverCalls;
import io.catena.api.Job;
import io.catena.api.StorageHost;
import io.catena.api.VdiId;
import io.catena.disk.DiskFilter;
import io.catena.disk.Exporter;
import io.catena.disk.FilteringExporter;
import io.catena.disk.RequestMeter;
import io.catena.disk.RequestMeters;
import io.catena.disk.ZeroDetectingDisk;
import io.catena.log.LogLine;
import io.catena.sr.job.Jobs;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The daemon: wires its parts in the order in which they need each other, and closes them in the reverse order.
 *
 * <p><b>Threads.</b> Started by one thread, closed by any.
 */
public final class Agent implements Closeable {
    private static final Logger LOG = Logger.getLogger(Agent.class.getName());
    private static final Duration DRAIN_DEADLINE = Duration.ofSeconds(30);
    private static final Duration PROBE_PATIENCE = Duration.ofSeconds(5);

    /** The kernel's requests have 128 KiB, and each connection has one of them under way at a time. */
    private static final long DEVICE_BUFFER_BYTES = 64 << 20;

    /** Below /dev, where users of devices look for them; XAPI cuts that off before it stores a device's name. */
    private static final Path DEVICE_LINKS = Path.of("/dev/catena");

    /** What is to be closed, the last opened first. Guarded by this. */
    private final Deque<Closeable> parts = new ArrayDeque<>();

    private final CountDownLatch closed = new CountDownLatch(1);

    private @Nullable ApiServer apiServer;

    /** Those of the start, and what was taken over since. */
    private volatile Options options;

    private final List<Watchdog.Probe> probes = new ArrayList<>();

    private Agent(Options options) {
        this.options = options;
    }

    /**
     * How disks are served.
     *
     * @param tcp how over TCP, too; null for not at all
     * @param zeroDetection whether writes of zeros take no room
     * @param api how the API is served over the network; null for not at all
     * @param apiState where tokens, events and the audit log are kept; null for in the run directory
     * @param allowedParents directories besides an SR's own in which its disks may have parents
     * @param stateFile where it is remembered what is attached, with what else the next boot needs beside it; null for in the run
     *     directory
     * @param peers how it and the agents of other hosts reach each other; null for not at all
     */
    public record Options(
            NbdLimits limits,
            @Nullable NbdTcp tcp,
            boolean zeroDetection,
            @Nullable ApiOptions api,
            @Nullable Path apiState,
            List<Path> allowedParents,
            @Nullable Path stateFile,
            @Nullable PeerOptions peers) {
        public Options {
            allowedParents = List.copyOf(allowedParents);
        }

        /** With parents in the SRs' own directories only. */
        public Options(
                NbdLimits limits,
                @Nullable NbdTcp tcp,
                boolean zeroDetection,
                @Nullable ApiOptions api,
                @Nullable Path apiState) {
            this(limits, tcp, zeroDetection, api, apiState, List.of(), null, null);
        }

        /** An agent that is reached over Unix sockets only. */
        public Options(NbdLimits limits, @Nullable NbdTcp tcp, boolean zeroDetection) {
            this(limits, tcp, zeroDetection, null, null);
        }
    }

    /** Makes what opens SRs, out of the parts that it may need. */
    @FunctionalInterface
    public interface Opening {
        SrOpener opener(Parts parts) throws IOException;
    }

    /** Makes what reaches the guests of this host. */
    @FunctionalInterface
    public interface Hypervising {
        /**
         * Returns the hypervisor; connects to nothing yet.
         *
         * @param nbdSocket where the agent serves its disks
         */
        Hypervisor hypervisor(Path nbdSocket);
    }

    /**
     * What an opener may need.
     *
     * @param redoDirectory for what must survive the process, but not the host
     * @param singleHostFile where it is remembered which shared directories only this host uses
     * @param pool the agents of other hosts
     */
    public record Parts(
            Path redoDirectory, Path singleHostFile, Exporter exporter, Jobs jobs, Clock clock, Pool pool) {}

    /**
     * Serves from now on, with everything attached again that was when the last agent ended.
     *
     * @throws io.catena.api.SrException if another agent serves this run directory
     */
    public static Agent start(Path runDirectory, Options options, Hypervising hypervising) throws IOException {
        Agent agent = new Agent(options);
        return agent.start(
                runDirectory,
                options,
                parts -> new VhdOpener(parts, () -> agent.options.allowedParents()),
                hypervising);
    }

    /** Serves from now on, with SRs opened by what {@code opening} makes. */
    public static Agent start(Path runDirectory, Opening opening) throws IOException {
        Options options = new Options(NbdLimits.DEFAULT, null, false);
        return new Agent(options).start(runDirectory, options, opening, nbdSocket -> new NoHypervisor());
    }

    private Agent start(Path runDirectory, Options chosen, Opening opening, Hypervising hypervising)
            throws IOException {
        try {
            wire(runDirectory, chosen, opening, hypervising);
            return this;
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Takes over of other options what can be changed while disks are served: what goes for disks and SRs that are opened from
     * now on, and who is let in over TCP. All else stays as it was.
     */
    public void reload(Options wanted) {
        NbdTcp tcp = options.tcp();
        if (tcp != null
                && tcp.tls() != null
                && wanted.tcp() != null
                && wanted.tcp().tls() != null) {
            tcp.tls().become(wanted.tcp().tls());
        }
        options = new Options(
                options.limits(),
                tcp,
                wanted.zeroDetection(),
                options.api(),
                options.apiState(),
                wanted.allowedParents(),
                options.stateFile(),
                options.peers());
    }

    /** Returns how to ask the loops that serve clients whether they run. */
    public List<Watchdog.Probe> probes() {
        return List.copyOf(probes);
    }

    /**
     * Guests of this host wait: each is served as soon as its disk is there, which comes before disks that nobody has asked for yet,
     * and nothing that none of them needs comes before.
     * When all disks are, clients over TCP are let in, and guests that wait for us are resumed.
     */
    private void wire(Path runDirectory, Options chosen, Opening opening, Hypervising hypervising) throws IOException {
        Clock clock = Clock.systemUTC();
        RunDirectory directory = opened(RunDirectory.open(runDirectory));
        Jobs jobs = opened(new Jobs(clock, new JobNumbers(directory.jobNumbersFile())));
        DataPath dataPath = new DataPath();
        RequestMeter meter = new CountingMeter(dataPath);
        RequestMeters meters = vdi -> new SlowRequests(vdi, meter, System::nanoTime);
        NbdExports exports = new NbdExports(directory.nbdSocket(), DRAIN_DEADLINE, meters);
        Pool pool = new Pool(chosen.peers());
        exports.admitBy(pool);
        BlockExports devices = blockDevices(exports, directory, chosen.limits(), meters);
        OtherAgents agents = new OtherAgents(chosen.peers());
        Mirrors mirrors = new Mirrors(new FilteringExporter(devices, filters()), jobs, agents);
        StateFiles files = chosen.stateFile() == null ? directory.stateFiles() : StateFiles.beside(chosen.stateFile());
        SrOpener opener = opening.opener(new Parts(directory.redo(), files.singleHost(), mirrors, jobs, clock, pool));
        Host restored = opened(new Host(opener, ExportServers.of(devices), jobs, files.state(), UUID::randomUUID));
        opened(mirrors);
        MountingHost mounting = opened(new MountingHost(restored, directory.mounts(), files.mounts()));
        exports.tellChangesBy(new SnapshotChanges(mounting));
        NbdServer server = opened(NbdServer.startEarly(exports, chosen.limits()));
        exports.restore(() -> mounting.restore(reachable -> restored.restore(reachable, exports::awaited)));
        ApiState state = opened(new ApiState(
                Objects.requireNonNullElse(chosen.apiState(), directory.apiState()), mounting, dataPath, clock));
        NbdTcp tcp = chosen.tcp() == null ? null : chosen.tcp().alsoAllowing(state.exportRights());
        server.serveAll(tcp);
        if (tcp != null && tcp.tls() != null) {
            pool.nbdPort(server.tcpAddress().getPort());
        }
        StorageHost host = state.observed();
        Guests guests = opened(new Guests(
                host, hypervising.hypervisor(directory.nbdSocket()), directory.frozenGuests(), System::nanoTime));
        guests.start();
        Scripts scripts = scripts(host, jobs, server, mirrors);
        Integer nbdPort = tcp == null ? null : server.tcpAddress().getPort();
        Schedules schedules = opened(new Schedules(restored, host, guests, state.eventSink(), clock, System::nanoTime));
        state.metrics().add(new ScheduleMetrics(schedules, restored)::collect);
        pool.serve(host, schedules::answer);
        schedules.start();
        Backend backend = new Backend(
                state, jobs, guests, scripts, schedules, pool, new RemoteCopies(jobs, agents), mirrors, nbdPort);
        ApiOptions api = chosen.api();
        if (api != null) {
            apiServer = opened(ApiServer.start(api, state, backend));
        }
        ControlServer control = opened(ControlServer.start(
                directory.controlSocket(), PlannedRoutes.of(host, backend::guestsWith, backend.routes(host))));
        probes.add(new Watchdog.Probe("nbd", () -> NbdGreeting.await(directory.nbdSocket(), PROBE_PATIENCE)));
        probes.add(new Watchdog.Probe("control", () -> control.awaitAnswer(PROBE_PATIENCE)));
        LOG.info(LogLine.of(
                "agent-ready",
                "version",
                Version.TEXT,
                "dir",
                runDirectory,
                "pid",
                ProcessHandle.current().pid()));
    }

    /** What the faces need of the agent. */
    private record Backend(
            ApiState state,
            Jobs jobs,
            Guests guests,
            Scripts scripts,
            Schedules schedules,
            Pool pool,
            RemoteCopies copies,
            Mirrors mirrors,
            @Nullable Integer nbdPort)
            implements ApiServer.Backend {
        @Override
        public List<Route> routes(StorageHost host) {
            List<Route> routes = new ArrayList<>(AllRoutes.of(host, jobs::waitFor, guests, scripts));
            routes.addAll(state.routes(host, nbdPort));
            routes.addAll(pool.routes(host));
            routes.addAll(new ScheduleRoutes(schedules, host, UUID::randomUUID).all());
            routes.addAll(new CopyToRoutes(copies, host, UUID::randomUUID).all());
            routes.addAll(new MirrorRoutes(mirrors, host, UUID::randomUUID).all());
            return routes;
        }

        @Override
        public List<String> guestsWith(VdiId vdi) {
            return guests.with(vdi);
        }

        @Override
        public void whenEnded(long job, Consumer<Job> listener) {
            jobs.whenEnded(job, listener);
        }
    }

    /** Returns what serves the API over the network; null if nothing does. */
    public @Nullable ApiServer api() {
        return apiServer;
    }

    /** What stands between every disk and its exports, the first to meet a request first. */
    private List<DiskFilter> filters() {
        return List.of((vdi, mode, disk) -> options.zeroDetection() ? new ZeroDetectingDisk(disk) : disk);
    }

    private Scripts scripts(StorageHost host, Jobs jobs, NbdServer server, Mirrors mirrors) {
        PluginCalls plugins = new PluginCalls(host, jobs::waitFor, UUID::randomUUID, server::handover, mirrors);
        DriverCalls driver = opened(new DriverCalls(host, jobs::waitFor, UUID::randomUUID, server::socketOf));
        return (plugin, method, option, input) ->
                (plugin.equals(DriverCalls.PLUGIN) ? driver : plugins).run(plugin, method, option, input);
    }

    /** The kernel's connections are not those of clients: devices are there again before clients are let in. */
    private BlockExports blockDevices(
            NbdExports exports, RunDirectory directory, NbdLimits limits, RequestMeters meters) throws IOException {
        if (!NbdDevice.isAvailable()) {
            return BlockExports.withLoops(exports, directory.blockFiles(), DEVICE_LINKS, meters);
        }
        opened(NbdServer.startAt(directory.deviceSocket(), exports, limits.withBufferBytes(DEVICE_BUFFER_BYTES)));
        return BlockExports.withKernelNbd(
                exports, directory.deviceSocket(), directory.blockFiles(), DEVICE_LINKS, meters);
    }

    /** Waits until the agent was closed. */
    public void awaitClosed() throws InterruptedException {
        closed.await();
    }

    /** Stops the control API, closes all exports and SRs with their writes on disk, and forgets nothing. */
    @Override
    public synchronized void close() {
        boolean served = !parts.isEmpty();
        while (!parts.isEmpty()) {
            Closeable part = parts.pop();
            try {
                part.close();
            } catch (IOException | RuntimeException e) {
                LOG.log(
                        Level.SEVERE,
                        LogLine.of("close-failed", "part", part.getClass().getSimpleName()),
                        e);
            }
        }
        if (served) {
            LOG.info(LogLine.of("agent-stopped"));
        }
        closed.countDown();
    }

    private synchronized <T extends Closeable> T opened(T part) {
        parts.push(part);
        return part;
    }
}
