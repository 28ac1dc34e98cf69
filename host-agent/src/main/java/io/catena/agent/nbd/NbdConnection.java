package io.catena.agent.nbd;

import io.catena.agent.nbd.aside.CopyingClients;
import io.catena.agent.nbd.aside.HandedOver;
import io.catena.agent.nbd.buffer.BufferShare;
import io.catena.agent.nbd.buffer.BufferShortageException;
import io.catena.agent.nbd.channel.NbdTls;
import io.catena.agent.nbd.channel.PollingRoom;
import io.catena.agent.nbd.channel.TlsChannel;
import io.catena.agent.nbd.context.Contexts;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.agent.nbd.wire.NbdProtocolException;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.util.Objects;
import java.util.Optional;
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
    private final Means means;
    private final Lobby lobby;

    /** What serves the client; null before and after. */
    private volatile @Nullable Transmission transmission;

    /** Only used by the connection's thread; null if the client has not started TLS. */
    private @Nullable TlsChannel encrypted;

    private volatile @Nullable NbdExport joined;

    /** What the client may have that has shown who it is; null for others. */
    private volatile @Nullable Choice allowed;

    /**
     * What a server has for its connections.
     *
     * @param timer for deadlines
     * @param polling where to ask whether to poll for requests
     * @param readers threads for what is handed over; refuses what it has no thread for
     * @param copying those of its clients whose large requests it works on
     */
    record Means(
            NbdLimits limits,
            ClientBuffers buffers,
            ScheduledExecutorService timer,
            PollingRoom polling,
            Executor readers,
            CopyingClients copying) {}

    /**
     * @param client its socket is owned by the connection from now on
     * @param lobby where it has come in, and leaves
     */
    NbdConnection(String name, Caller client, Means means, Lobby lobby) {
        this.name = name;
        this.client = client;
        this.socket = client.socket();
        this.means = means;
        this.lobby = lobby;
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
        try (Contexts contexts = new Contexts()) {
            Handshake handshake = new Handshake(socket, client.choice(), this::join, encryption(), contexts);
            Optional<Agreement> agreed = beforeDeadline(() -> Optional.ofNullable(handshake.negotiate()));
            if (agreed.isPresent()) {
                transmit(agreed.get(), handshake.channel());
            }
            sayGoodbye();
        } finally {
            if (encrypted != null) {
                encrypted.giveBuffersBack();
            }
        }
    }

    private void sayGoodbye() throws IOException {
        TlsChannel channel = encrypted;
        if (channel != null && channel.isOpen()) {
            boolean unused = beforeDeadline(channel::sayGoodbye);
        }
    }

    private void transmit(Agreement agreed, ByteChannel channel) throws IOException {
        NbdExport export = agreed.export();
        Thread.currentThread().setName(name + "-" + export.name());
        NbdLog.connectionOpened(name, export);
        BufferShare buffers = means.buffers().forClientOf(export);
        HandedOver handedOver = new HandedOver(means.readers(), means.copying());
        try (Transmission serving = new Transmission(agreed, channel, buffers, means.polling(), handedOver)) {
            transmission = serving;
            serving.run();
        } finally {
            transmission = null;
        }
    }

    private interface Exchange<T> {
        T run() throws IOException;
    }

    /** Cuts the connection if the client makes this take too long. */
    private <T> T beforeDeadline(Exchange<T> exchange) throws IOException {
        long millis = means.limits().handshakeDeadline().toMillis();
        ScheduledFuture<?> deadline = means.timer().schedule(this::cut, millis, TimeUnit.MILLISECONDS);
        try {
            return exchange.run();
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
            TlsChannel channel = TlsChannel.accept(
                    socket,
                    Objects.requireNonNull(settings.tls()),
                    means.buffers().beforeChoice());
            encrypted = channel;
            if (settings.knowsClients()) {
                allowed = new AllowedChoice(client.choice(), settings.rights(), NbdTls.names(channel.session()));
            }
            return channel;
        }

        @Override
        public Choice narrowed(Choice before) {
            return Objects.requireNonNullElse(allowed, before);
        }
    }

    private Choice.@Nullable Refusal join(NbdExport export) {
        String full = lobby.seat(this);
        if (full != null) {
            NbdLog.connectionRefused(full);
            return new Choice.Refusal(NbdProtocol.REP_ERR_POLICY, full);
        }
        if (!export.clients().add(this)) {
            return client.choice().absence(export.name());
        }
        joined = export;
        return null;
    }

    /** Comes after the socket's end: who waits for the clients to leave may rely on their sockets being closed. */
    private void leave() {
        NbdExport export = joined;
        if (export != null) {
            export.clients().remove(this);
        }
        lobby.leave(this);
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
        if (serving != null && serving.isStalled(means.limits().stallDeadline())) {
            NbdLog.connectionStalled(name);
            cut();
        }
    }

    /** Ends the connection if the client has lost its right to what it uses. */
    void cutIfNotAllowed() {
        NbdExport used = joined;
        Choice now = allowed;
        if (used == null || now == null) {
            return;
        }
        NbdExport left = now.find(used.name());
        boolean lost = left == null || (left.readOnly() && !used.readOnly());
        if (lost && !used.clients().isClosed()) {
            NbdLog.rightLost(name, used);
            cut();
        }
    }

    /** Ends the connection to make room for another. */
    void crowdOut() {
        NbdLog.connectionCrowdedOut(name);
        cut();
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
