package io.catena.agent.nbd;

import io.catena.agent.linux.Pages;
import io.catena.agent.nbd.aside.CopyingClients;
import io.catena.agent.nbd.channel.PollingRoom;
import io.catena.agent.nbd.listen.NbdListener;
import io.catena.agent.nbd.listen.TcpListener;
import io.catena.agent.nbd.listen.UnixListener;
import io.catena.api.VdiId;
import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Serves exports at a Unix socket and, if that is wanted, over TCP.
 *
 * <p><b>Threads.</b> One accepts for each of these, one guards the deadlines of handshakes, and each connection has one; some read for all
 * connections what has to be waited for. {@link #close} may
 * be called from any thread.
 */
public final class NbdServer implements Closeable {
    /** Less than a guest's patience, and enough for any other request to return its buffer. */
    private static final Duration BUFFER_PATIENCE = Duration.ofSeconds(20);

    /** How often memory is given back that nobody needed meanwhile. */
    private static final Duration MEMORY_CHECK = Duration.ofSeconds(5);

    /** How often connections are looked at whether they are stuck. */
    private static final Duration STALL_CHECK = Duration.ofSeconds(1);

    /** How often it is asked whether clients still have a right to their disks. */
    private static final Duration RIGHTS_CHECK = Duration.ofSeconds(5);

    /** How long a thread for reads waits for the next. */
    private static final Duration READER_IDLE = Duration.ofSeconds(10);

    /** How long to wait after a failure to accept, for instance for want of file descriptors. */
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    private final List<NbdListener> listeners = new CopyOnWriteArrayList<>();
    private final NbdExports exports;
    private final NbdLimits limits;
    private final NbdConnection.Means means;
    private final ClientBuffers buffers;
    private final ScheduledExecutorService timer;

    /** Apart from deadlines: whoever is asked for rights may take its time. */
    private final ScheduledExecutorService rightsTimer;

    /** Takes no more reads than it has threads. */
    private final ThreadPoolExecutor readers;

    private final ConnectionSet connections = new ConnectionSet();
    private final Lobby local;
    private final Lobby remote;
    private final CountDownLatch closing = new CountDownLatch(1);

    private final AtomicLong accepted = new AtomicLong();

    private final Handovers handovers;
    private final DiskSockets diskSockets;

    private NbdServer(NbdExports exports, NbdLimits limits) {
        this.exports = exports;
        this.handovers = new Handovers(exports, this::admit);
        this.diskSockets = new DiskSockets(exports, this::admit);
        this.limits = limits;
        this.local = new Lobby(limits.maxConnections());
        this.remote = new Lobby(limits.maxConnections());
        this.buffers = new ClientBuffers(limits.bufferBytes(), BUFFER_PATIENCE, Pages::release);
        this.readers = new ThreadPoolExecutor(
                0,
                limits.maxReaders(),
                READER_IDLE.toMillis(),
                TimeUnit.MILLISECONDS,
                new SynchronousQueue<>(),
                task -> daemon(task, "nbd-reader"));
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "nbd-deadlines"));
        this.rightsTimer = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "nbd-rights"));
        this.means = new NbdConnection.Means(
                limits,
                buffers,
                timer,
                PollingRoom.ofMachine(limits.longestPoll()),
                readers,
                CopyingClients.ofMachine());
    }

    /**
     * Starts to serve {@code exports}, those of now and those to come, on this host.
     *
     * @throws BindException if the exports' socket cannot be bound; the message says why
     */
    public static NbdServer start(NbdExports exports, NbdLimits limits) throws IOException {
        return start(exports, limits, null);
    }

    /**
     * As {@link #start(NbdExports, NbdLimits)}, and over TCP.
     *
     * @param tcp null for none of that
     * @throws BindException if a socket cannot be bound; the message says which and why
     */
    public static NbdServer start(NbdExports exports, NbdLimits limits, @Nullable NbdTcp tcp) throws IOException {
        return start(exports.socket(), exports, limits, tcp);
    }

    /** As {@link #start(NbdExports, NbdLimits)}, at another Unix socket. */
    public static NbdServer startAt(Path socket, NbdExports exports, NbdLimits limits) throws IOException {
        return start(socket, exports, limits, null);
    }

    private static NbdServer start(Path socket, NbdExports exports, NbdLimits limits, @Nullable NbdTcp tcp)
            throws IOException {
        NbdServer server = open(socket, exports, limits);
        try {
            if (socket.equals(exports.socket())) {
                server.serveAll(tcp);
            }
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /**
     * Starts to serve {@code exports} at their Unix socket only, while those of the last agent are still to come; to be followed
     * by {@link #serveAll}.
     *
     * @throws BindException as {@link #start(NbdExports, NbdLimits)}
     */
    public static NbdServer startEarly(NbdExports exports, NbdLimits limits) throws IOException {
        return open(exports.socket(), exports, limits);
    }

    private static NbdServer open(Path socket, NbdExports exports, NbdLimits limits) throws IOException {
        NbdListener listener = UnixListener.open(socket);
        NbdServer server = new NbdServer(exports, limits);
        server.accept(listener, null);
        repeat(server.timer, STALL_CHECK, () -> server.connections.all().forEach(NbdConnection::cutIfStalled));
        repeat(server.timer, MEMORY_CHECK, server.buffers::releaseUnused);
        return server;
    }

    /**
     * Serves at all places from now on: the exports that the last agent left are there, as far as they can be.
     *
     * @param tcp how to serve over TCP, too; null for not at all
     * @throws BindException if its address cannot be bound; the message says why
     */
    public void serveAll(@Nullable NbdTcp tcp) throws IOException {
        diskSockets.restore();
        if (tcp != null) {
            accept(TcpListener.open(tcp.address()), tcp);
        }
        if (tcp != null && tcp.knowsClients()) {
            repeat(rightsTimer, RIGHTS_CHECK, this::checkRights);
        }
    }

    private void accept(NbdListener listener, @Nullable NbdTcp tcp) {
        listeners.add(listener);
        daemon(() -> acceptAll(listener, tcp), tcp == null ? "nbd-accept" : "nbd-accept-tcp")
                .start();
    }

    private void checkRights() {
        try {
            connections.all().forEach(NbdConnection::cutIfNotAllowed);
        } catch (RuntimeException e) {
            NbdLog.rightsUnknown(e);
        }
    }

    private static void repeat(ScheduledExecutorService by, Duration pause, Runnable task) {
        long millis = pause.toMillis();
        ScheduledFuture<?> unused = by.scheduleWithFixedDelay(task, millis, millis, TimeUnit.MILLISECONDS);
    }

    /** Where clients connect over TCP; the port is real also if 0 was asked for. */
    public InetSocketAddress tcpAddress() throws IOException {
        for (NbdListener listener : listeners) {
            if (listener instanceof TcpListener tcp) {
                return tcp.address();
            }
        }
        throw new IllegalStateException("does not serve over TCP");
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private void acceptAll(NbdListener listener, @Nullable NbdTcp tcp) {
        while (listener.isOpen()) {
            try {
                admit(Caller.of(listener.accept(), exports, tcp));
            } catch (IOException e) {
                if (listener.isOpen()) {
                    NbdLog.acceptFailed(e);
                    pause();
                }
            }
        }
    }

    private void pause() {
        try {
            boolean unused = closing.await(ACCEPT_PAUSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void admit(Caller caller) throws IOException {
        Lobby lobby = caller.tcp() == null ? local : remote;
        String name = "nbd-" + accepted.incrementAndGet();
        NbdConnection connection = new NbdConnection(name, caller, means, lobby);
        if (!connections.add(connection)) {
            caller.socket().close();
            return;
        }
        NbdConnection eldest = lobby.arrive(connection);
        if (eldest != null) {
            eldest.crowdOut();
        }
        try {
            daemon(() -> serve(connection), name).start();
        } catch (OutOfMemoryError e) {
            lobby.leave(connection);
            connections.remove(connection);
            caller.socket().close();
            throw new IOException("no thread for connection " + name, e);
        }
    }

    private void serve(NbdConnection connection) {
        try {
            connection.run();
        } finally {
            connections.remove(connection);
        }
    }

    /**
     * Returns the path of a Unix socket at which other processes hand over clients of a disk: whoever connects passes a
     * connected socket ({@code SCM_RIGHTS}) beside any message. Its other end gets this disk, whatever name it asks for. The socket
     * is there until the disk is withdrawn.
     *
     * @throws io.catena.api.SrException if the disk is not active, or the socket cannot be made
     */
    public Path handover(VdiId vdi) {
        return handovers.at(vdi);
    }

    /**
     * Returns the path of a Unix socket at which a disk is served under whatever name a client asks for, by old clients too, to
     * root and this process's user. It is there until the disk is withdrawn, also across a restart of the agent.
     *
     * @throws io.catena.api.SrException if the disk is not active, or the socket cannot be made
     */
    public Path socketOf(VdiId vdi) {
        return diskSockets.at(vdi);
    }

    /** How many clients are connected. */
    public int connectionCount() {
        return connections.size();
    }

    /** How much of the buffers' memory is in use at this moment. */
    long leasedBufferBytes() {
        return buffers.leasedBytes();
    }

    /**
     * Ends the service: accepts no more clients, answers the requests that were received, disconnects.
     *
     * @throws IOException if a request did not return from its device in time
     */
    @Override
    public void close() throws IOException {
        closing.countDown();
        for (NbdListener listener : listeners) {
            listener.close();
        }
        handovers.close();
        diskSockets.close();
        boolean ended = connections.close(limits.drainDeadline());
        // Without an interrupt, which would close the file for all who use it.
        timer.shutdown();
        rightsTimer.shutdown();
        readers.shutdown();
        if (!ended) {
            throw new IOException(
                    connections.size() + " NBD connections have requests under way that did not finish within "
                            + limits.drainDeadline().toMillis() + " ms");
        }
    }
}
