package io.catena.agent.nbd;

import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The life of a connection: handshake, transmission, end.
 *
 * <p><b>Threads.</b> {@link #run} occupies the connection's own thread. {@link #stop} and {@link #cut} may be called from
 * any; they act on the socket and never interrupt the thread, which could be inside the I/O of a file that others use.
 */
final class NbdConnection implements Runnable {
    private final String name;
    private final Caller client;
    private final ByteChannel socket;
    private final NbdLimits limits;
    private final AlignedBuffers buffers;
    private final ScheduledExecutorService timer;
    private final Executor readers;
    private final @Nullable String refusal;

    /** What serves the client; null before and after. */
    private volatile @Nullable Transmission transmission;

    /** Only used by the connection's thread; null if the client has not started TLS. */
    private @Nullable TlsChannel encrypted;

    /** Only used by the connection's thread. */
    private @Nullable NbdExport joined;

    /**
     * @param client its socket is owned by the connection from now on
     * @param refusal why this client gets no export; null if it may have one
     */
    NbdConnection(
            String name,
            Caller client,
            NbdLimits limits,
            AlignedBuffers buffers,
            ScheduledExecutorService timer,
            Executor readers,
            @Nullable String refusal) {
        this.name = name;
        this.client = client;
        this.socket = client.socket();
        this.limits = limits;
        this.buffers = buffers;
        this.timer = timer;
        this.readers = readers;
        this.refusal = refusal;
    }

    /** Serves the client until it leaves or is cut off; the socket is closed then. */
    @Override
    public void run() {
        try {
            serve();
        } catch (NbdProtocolException e) {
            NbdLog.protocolViolated(name, e);
        } catch (SSLException e) {
            NbdLog.tlsFailed(name, e);
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
        try {
            Handshake handshake = new Handshake(socket, client.choice(), this::join, refusal, encryption());
            Agreement agreed = negotiate(handshake);
            if (agreed != null) {
                transmit(agreed, handshake.channel());
            }
        } finally {
            if (encrypted != null) {
                encrypted.giveBuffersBack();
            }
        }
    }

    private void transmit(Agreement agreed, ByteChannel channel) throws IOException {
        NbdExport export = agreed.export();
        Thread.currentThread().setName(name + "-" + export.name());
        NbdLog.connectionOpened(name, export);
        try (Transmission serving = new Transmission(agreed, channel, buffers, readers)) {
            transmission = serving;
            serving.run();
        } finally {
            transmission = null;
        }
    }

    private @Nullable Agreement negotiate(Handshake handshake) throws IOException {
        ScheduledFuture<?> deadline =
                timer.schedule(this::cut, limits.handshakeDeadline().toMillis(), TimeUnit.MILLISECONDS);
        try {
            return handshake.negotiate();
        } finally {
            deadline.cancel(false);
        }
    }

    private Handshake.Encryption encryption() {
        NbdTcp tcp = client.tcp();
        return tcp == null ? Handshake.Encryption.NONE : new TcpEncryption(tcp);
    }

    /** What is agreed on with clients over TCP. */
    private final class TcpEncryption implements Handshake.Encryption {
        private final NbdTcp settings;

        TcpEncryption(NbdTcp settings) {
            this.settings = settings;
        }

        @Override
        public boolean isOffered() {
            return settings.tls() != null;
        }

        @Override
        public boolean isRequired() {
            return !settings.plainAllowed();
        }

        @Override
        public ByteChannel start() throws IOException {
            TlsChannel channel = TlsChannel.accept(socket, Objects.requireNonNull(settings.tls()), buffers);
            encrypted = channel;
            return channel;
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
            client.endInput();
        } catch (IOException e) {
            NbdLog.connectionEnded(name, e);
            cut();
        }
    }

    /** Ends the connection if the client has stopped in the middle of a message. */
    void cutIfStalled() {
        Transmission serving = transmission;
        if (serving != null && serving.isStalled(limits.stallDeadline())) {
            NbdLog.connectionStalled(name);
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
