package io.catena.agent;

import io.catena.agent.control.ControlServer;
import io.catena.agent.host.Host;
import io.catena.agent.host.SrOpener;
import io.catena.agent.log.LogLine;
import io.catena.agent.nbd.NbdExports;
import io.catena.agent.nbd.NbdLimits;
import io.catena.agent.nbd.NbdServer;
import io.catena.agent.nbd.NbdTcp;
import io.catena.agent.smapi.PluginCalls;
import io.catena.disk.Exporter;
import io.catena.disk.ZeroDetection;
import io.catena.sr.Jobs;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
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

    /** What is to be closed, the last opened first. Guarded by this. */
    private final Deque<Closeable> parts = new ArrayDeque<>();

    private final CountDownLatch closed = new CountDownLatch(1);

    private Agent() {}

    /**
     * How disks are served.
     *
     * @param tcp how over TCP, too; null for not at all
     * @param zeroDetection whether writes of zeros take no room
     */
    public record Options(NbdLimits limits, @Nullable NbdTcp tcp, boolean zeroDetection) {}

    /** Makes what opens SRs, out of the parts that it may need. */
    @FunctionalInterface
    public interface Opening {
        SrOpener opener(Parts parts) throws IOException;
    }

    /**
     * What an opener may need.
     *
     * @param redoDirectory for what must survive the process, but not the host
     */
    public record Parts(Path redoDirectory, Exporter exporter, Jobs jobs, Clock clock) {}

    /**
     * Serves from now on, with everything attached again that was when the last agent ended.
     *
     * @throws io.catena.api.SrException if another agent serves this run directory
     */
    public static Agent start(Path runDirectory, Options options) throws IOException {
        return start(runDirectory, options, VhdOpener::new);
    }

    /** Serves from now on, with SRs opened by what {@code opening} makes. */
    public static Agent start(Path runDirectory, Opening opening) throws IOException {
        return start(runDirectory, new Options(NbdLimits.DEFAULT, null, false), opening);
    }

    private static Agent start(Path runDirectory, Options options, Opening opening) throws IOException {
        Agent agent = new Agent();
        try {
            agent.wire(runDirectory, options, opening);
            return agent;
        } catch (IOException | RuntimeException e) {
            agent.close();
            throw e;
        }
    }

    /** Clients are let in last: whoever reconnects after a restart finds the exports as they were. */
    private void wire(Path runDirectory, Options options, Opening opening) throws IOException {
        Clock clock = Clock.systemUTC();
        RunDirectory directory = opened(RunDirectory.open(runDirectory));
        Jobs jobs = opened(new Jobs(clock));
        NbdExports exports = new NbdExports(directory.nbdSocket(), DRAIN_DEADLINE);
        Exporter exporter = options.zeroDetection() ? new ZeroDetection(exports) : exports;
        SrOpener opener = opening.opener(new Parts(directory.redo(), exporter, jobs, clock));
        Host host = opened(new Host(opener, jobs, directory.stateFile(), UUID::randomUUID));
        host.restore();
        opened(NbdServer.start(exports, options.limits(), options.tcp()));
        PluginCalls scripts = new PluginCalls(host, jobs::waitFor, UUID::randomUUID);
        opened(ControlServer.start(directory.controlSocket(), host, jobs::waitFor, scripts));
        LOG.info(LogLine.of(
                "agent-ready",
                "dir",
                runDirectory,
                "pid",
                ProcessHandle.current().pid()));
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
