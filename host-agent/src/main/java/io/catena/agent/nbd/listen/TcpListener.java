package io.catena.agent.nbd.listen;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A listening TCP socket. */
public final class TcpListener implements NbdListener {
    private static final int BACKLOG = 128;

    private final ServerSocketChannel channel;

    private TcpListener(ServerSocketChannel channel) {
        this.channel = channel;
    }

    /**
     * Listens at {@code address}.
     *
     * @throws BindException if that cannot be had; the message names it
     */
    public static TcpListener open(InetSocketAddress address) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(address, BACKLOG);
            return new TcpListener(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            BindException failure = new BindException("cannot listen at " + address + ": " + e.getMessage());
            failure.initCause(e);
            throw failure;
        }
    }

    public InetSocketAddress address() throws IOException {
        return (InetSocketAddress) channel.getLocalAddress();
    }

    /** Small replies go out at once, and peers that have vanished are noticed some time. */
    @Override
    public SocketChannel accept() throws IOException {
        SocketChannel client = channel.accept();
        try {
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            client.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
