package io.catena.agent.nbd.client;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * An encrypted connection to a server that has not been asked for an export yet. The server ends it after a while if that does not
 * happen.
 *
 * <p><b>Threads.</b> For one thread at a time.
 */
public final class ReachedServer implements Closeable {
    private final Socket plain;

    /** What the connection is after the handshake with the server. */
    private @Nullable SSLSocket encrypted;

    private @Nullable ClientHandshake handshake;
    private boolean given;

    private ReachedServer(Socket plain) {
        this.plain = plain;
    }

    /**
     * Connects to a server.
     *
     * @param server whose certificate must be for this name
     * @param tls this host's certificate, and whom it trusts
     * @param patience how long each step may take, also of {@link #open}
     * @throws IOException if nobody listens there, or one of both is not trusted
     */
    public static ReachedServer reach(InetSocketAddress server, SSLContext tls, Duration patience) throws IOException {
        ReachedServer reached = new ReachedServer(new Socket());
        try {
            reached.greet(server, tls, (int) patience.toMillis());
            return reached;
        } catch (IOException e) {
            reached.close();
            throw e;
        }
    }

    private void greet(InetSocketAddress server, SSLContext tls, int millis) throws IOException {
        plain.connect(server, millis);
        plain.setTcpNoDelay(true);
        plain.setSoTimeout(millis);
        handshake = ClientHandshake.begin(new StreamChannel(plain), () -> {
            SSLSocket socket = encrypted(plain, tls, server);
            encrypted = socket;
            return new StreamChannel(socket);
        });
    }

    private static SSLSocket encrypted(Socket plain, SSLContext tls, InetSocketAddress server) throws IOException {
        SSLSocket socket =
                (SSLSocket) tls.getSocketFactory().createSocket(plain, server.getHostString(), server.getPort(), false);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    /**
     * Chooses an export; the connection is the disk's from now on.
     *
     * @throws IOException if the server does not give it, or has ended the connection, which is closed then
     */
    public RemoteDisk open(String export) throws IOException {
        ClientHandshake agreed = handshake;
        SSLSocket socket = encrypted;
        if (agreed == null || socket == null) {
            throw new IllegalStateException("the server was not reached");
        }
        try {
            ClientHandshake.Welcome welcome = agreed.choose(export);
            plain.setSoTimeout(0);
            RemoteDisk disk =
                    RemoteDisk.over(plain, socket.getInputStream(), socket.getOutputStream(), welcome, export);
            given = true;
            return disk;
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Leaves the server; does nothing when the connection is a disk's. */
    @Override
    public void close() throws IOException {
        if (!given) {
            plain.close();
        }
    }
}
