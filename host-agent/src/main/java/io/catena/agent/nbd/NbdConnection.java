package io.catena.agent.nbd;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The life of a connection: handshake, transmission, end.
 *
 * <p><b>Threads.</b> {@link #run} occupies the connection's own thread. {@link #stop} and {@link #cut} may be called from
 * any; they act on the socket and never interrupt the thread, which could be inside the I/O of a file that others use.
 */
final class NbdConnection implements Runnable {
    private final String name;
    private final SocketChannel socket;
    private final NbdExports exports;
    private final NbdLimits limits;
    private final AlignedBuffers buffers;
    private final ScheduledExecutorService timer;
    private final @Nullable String refusal;

    /** Only used by the connection's thread. */
    private @Nullable NbdExport joined;

    /**
     * @param socket owned by the connection from now on
     * @param refusal why this client gets no export; null if it may have one
     */
    NbdConnection(
            String name,
            SocketChannel socket,
            NbdExports exports,
            NbdLimits limits,
            AlignedBuffers buffers,
            ScheduledExecutorService timer,
            @Nullable String refusal) {
        this.name = name;
        this.socket = socket;
        this.exports = exports;
        this.limits = limits;
        this.buffers = buffers;
        this.timer = timer;
        this.refusal = refusal;
    }

    /** Serves the client until it leaves or is cut off; the socket is closed then. */
    @Override
    public void run() {
        try {
            serve();
        } catch (NbdProtocolException e) {
            NbdLog.protocolViolated(name, e);
        } catch (BufferShortageException | RuntimeException e) {
            NbdLog.connectionFailed(name, e);
        } catch (IOException e) {
            NbdLog.connectionEnded(name, e);
        } finally {
            cut();
            leave();
        }
    }

    private void serve() throws IOException {
        Agreement agreed = negotiate();
        if (agreed == null) {
            return;
        }
        NbdExport export = agreed.export();
        Thread.currentThread().setName(name + "-" + export.name());
        NbdLog.connectionOpened(name, export);
        try (Transmission transmission = new Transmission(agreed, socket, buffers)) {
            transmission.run();
        }
    }

    private @Nullable Agreement negotiate() throws IOException {
        ScheduledFuture<?> deadline =
                timer.schedule(this::cut, limits.handshakeDeadline().toMillis(), TimeUnit.MILLISECONDS);
        try {
            return new Handshake(socket, exports, this::join, refusal).negotiate();
        } finally {
            deadline.cancel(false);
        }
    }

    private boolean join(NbdExport export) {
        if (!export.clients().add(this)) {
            return false;
        }
        joined = export;
        return true;
    }

    /** Comes after the socket's end: who waits for the clients to leave may rely on their sockets being closed. */
    private void leave() {
        if (joined != null) {
            joined.clients().remove(this);
        }
    }

    /** Lets the connection answer what it has received, and end then. */
    void stop() {
        try {
            socket.shutdownInput();
        } catch (IOException e) {
            NbdLog.connectionEnded(name, e);
            cut();
        }
    }

    /** Ends the connection at once, unless it is inside the device. */
    void cut() {
        try {
            socket.close();
        } catch (IOException e) {
            NbdLog.connectionEnded(name, e);
        }
    }
}
