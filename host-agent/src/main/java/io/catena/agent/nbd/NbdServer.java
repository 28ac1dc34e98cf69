package io.catena.agent.nbd;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Serves exports at a Unix socket.
 *
 * <p><b>Threads.</b> One accepts, one guards the deadlines of handshakes, and each connection has one. {@link #close} may
 * be called from any thread.
 */
public final class NbdServer implements Closeable {
    /** How many clients beyond the limit are told so; any more are disconnected without a word. */
    private static final int REFUSED_AT_A_TIME = 16;

    /** Less than a client's patience, and enough for any other request to return its buffer. */
    private static final Duration BUFFER_PATIENCE = Duration.ofSeconds(5);

    /** How long to wait after a failure to accept, for instance for want of file descriptors. */
    private static final Duration ACCEPT_PAUSE = Duration.ofMillis(100);

    private final UnixListener listener;
    private final NbdExports exports;
    private final NbdLimits limits;
    private final AlignedBuffers buffers;
    private final ScheduledExecutorService timer;
    private final ConnectionSet connections = new ConnectionSet();
    private final CountDownLatch closing = new CountDownLatch(1);

    /** Only used by the accepting thread. */
    private long accepted;

    private NbdServer(UnixListener listener, NbdExports exports, NbdLimits limits) {
        this.listener = listener;
        this.exports = exports;
        this.limits = limits;
        this.buffers = new AlignedBuffers(limits.bufferBytes(), BUFFER_PATIENCE);
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "nbd-deadlines"));
    }

    /**
     * Starts to serve {@code exports}, those of now and those to come.
     *
     * @throws BindException if the exports' socket cannot be bound; the message says why
     */
    public static NbdServer start(NbdExports exports, NbdLimits limits) throws IOException {
        NbdServer server = new NbdServer(UnixListener.open(exports.socket()), exports, limits);
        daemon(server::acceptAll, "nbd-accept").start();
        return server;
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private void acceptAll() {
        while (listener.isOpen()) {
            try {
                admit(listener.accept());
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

    private void admit(SocketChannel socket) throws IOException {
        int present = connections.size();
        if (present >= limits.maxConnections()) {
            NbdLog.connectionRefused(present);
        }
        if (present >= limits.maxConnections() + REFUSED_AT_A_TIME) {
            socket.close();
            return;
        }
        String name = "nbd-" + ++accepted;
        NbdConnection connection = new NbdConnection(name, socket, exports, limits, buffers, timer, refusal(present));
        if (!connections.add(connection)) {
            socket.close();
            return;
        }
        try {
            daemon(() -> serve(connection), name).start();
        } catch (OutOfMemoryError e) {
            connections.remove(connection);
            socket.close();
            throw new IOException("no thread for connection " + name, e);
        }
    }

    private @Nullable String refusal(int present) {
        return present < limits.maxConnections()
                ? null
                : "the server has " + present + " connections, it allows " + limits.maxConnections();
    }

    private void serve(NbdConnection connection) {
        try {
            connection.run();
        } finally {
            connections.remove(connection);
        }
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
        listener.close();
        boolean ended = connections.close(limits.drainDeadline());
        timer.shutdownNow();
        if (!ended) {
            throw new IOException(connections.size() + " NBD connections at " + exports.socket()
                    + " have requests under way that did not finish within "
                    + limits.drainDeadline().toMillis() + " ms");
        }
    }
}
