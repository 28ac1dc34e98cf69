package io.catena.agent.follow;

import io.catena.agent.nbd.client.ReachedServer;
import io.catena.agent.nbd.client.RemoteDisk;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a host that is made while that host is asked for a disk: the guest stands still only for as long as the slower
 * of both takes.
 *
 * <p><b>Threads.</b> For one thread; another one, of its own, connects.
 */
final class Approach implements Closeable {
    private static final Logger LOG = Logger.getLogger(Approach.class.getName());

    private final InetSocketAddress server;
    private final CompletableFuture<ReachedServer> reached = new CompletableFuture<>();

    private Approach(InetSocketAddress server) {
        this.server = server;
    }

    /**
     * Begins to connect.
     *
     * @param patience how long each step may take
     */
    static Approach begin(InetSocketAddress server, SSLContext tls, Duration patience) {
        Approach approach = new Approach(server);
        Thread thread = new Thread(() -> approach.connect(tls, patience), "follower-approach");
        thread.setDaemon(true);
        thread.start();
        return approach;
    }

    private void connect(SSLContext tls, Duration patience) {
        try {
            reached.complete(ReachedServer.reach(server, tls, patience));
        } catch (IOException | RuntimeException e) {
            reached.completeExceptionally(e);
        }
    }

    /** Opens a disk; null if it is served elsewhere, or could not be opened by this connection. */
    @Nullable
    RemoteDisk open(InetSocketAddress where, String export) {
        if (!where.equals(server)) {
            return null;
        }
        try {
            return reached.join().open(export);
        } catch (IOException | CompletionException e) {
            LOG.log(Level.FINE, "the connection that was made ahead is of no use", e);
            return null;
        }
    }

    /** Leaves the host, if no disk was opened. */
    @Override
    public void close() {
        CompletableFuture<Void> unused = reached.thenAccept(Approach::leave);
    }

    private static void leave(ReachedServer server) {
        try {
            server.close();
        } catch (IOException e) {
            LOG.log(Level.FINE, "left", e);
        }
    }
}
