package io.catena.agent.api.door;

import io.catena.log.LogLine;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the API open for who has something to ask: clients that connect and say nothing, or very little, have to go for others.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Door implements Connection.Listener {
    private static final Logger LOG = Logger.getLogger(Door.class.getName());

    /** From connecting, over the handshake, to a request that is whole and is let in; and between those that everybody may ask. */
    private static final Duration STRANGERS_TIME = Duration.ofSeconds(30);

    /** A host of the network, whatever addresses it takes of those it has. */
    private static final int HOST_BYTES_OF_IPV6 = 8;

    private final Crowd<EndPoint> crowd;
    private final LongSupplier nanoTime;

    /**
     * @param most connections, of which half may be strangers, and half of these from one address
     */
    public Door(int most, LongSupplier nanoTime) {
        crowd = new Crowd<>(new Crowd.Limits(most, most / 2, most / 4, STRANGERS_TIME.toNanos()));
        this.nanoTime = nanoTime;
    }

    @Override
    public void onOpened(Connection connection) {
        if (connection instanceof SslConnection) {
            EndPoint endPoint = connection.getEndPoint();
            EndPoint leaving = crowd.arrive(endPoint, host(endPoint.getRemoteSocketAddress()), nanoTime.getAsLong());
            if (leaving != null) {
                LOG.log(Level.FINE, () -> LogLine.of("api-crowded", "closed", leaving.getRemoteSocketAddress()));
                leaving.close();
            }
        }
    }

    @Override
    public void onClosed(Connection connection) {
        if (connection instanceof SslConnection) {
            crowd.leave(connection.getEndPoint());
        }
    }

    /** A request is whole and was let in: its client is no stranger, and has to be served. */
    public void begins(Request request) {
        EndPoint endPoint = endPoint(request);
        if (endPoint != null) {
            crowd.begins(endPoint);
        }
    }

    /** A request for what everybody may have is whole: its client has time for another, and is a stranger all the same. */
    public void asked(Request request) {
        EndPoint endPoint = endPoint(request);
        if (endPoint != null) {
            crowd.asked(endPoint, nanoTime.getAsLong());
        }
    }

    /** A request has its answer. */
    public void ends(Request request) {
        EndPoint endPoint = endPoint(request);
        if (endPoint != null) {
            crowd.ends(endPoint);
        }
    }

    /** Closes connections whose clients have not said in time what they want. To be called now and then. */
    public void closeOverdue() {
        crowd.overdue(nanoTime.getAsLong()).forEach(EndPoint::close);
    }

    /** Returns how many are connected of whom no request was let in yet. */
    public int strangers() {
        return crowd.strangers();
    }

    /** What is below TLS. */
    private static @Nullable EndPoint endPoint(Request request) {
        EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
        return endPoint instanceof EndPoint.Wrapper wrapper ? wrapper.unwrap() : null;
    }

    private static Object host(@Nullable SocketAddress address) {
        if (!(address instanceof InetSocketAddress peer) || peer.getAddress() == null) {
            return "";
        }
        return peer.getAddress() instanceof Inet6Address six
                ? ByteBuffer.wrap(six.getAddress(), 0, HOST_BYTES_OF_IPV6)
                : peer.getAddress();
    }
}
