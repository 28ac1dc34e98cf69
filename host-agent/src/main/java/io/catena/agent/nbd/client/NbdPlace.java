package io.catena.agent.nbd.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * Where an export is served without encryption: at a Unix socket as {@link NbdUri} says, or over TCP as {@code
 * nbd://HOST[:PORT]/EXPORT} does.
 */
public record NbdPlace(SocketAddress address, String exportName) {
    private static final String TCP = "nbd";
    private static final int USUAL_PORT = 10809;

    /**
     * Reads a URI.
     *
     * @throws IllegalArgumentException if {@code text} is none, or of another form
     */
    public static NbdPlace parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("\"" + text + "\" is no URI: " + e.getMessage(), e);
        }
        if (!TCP.equals(uri.getScheme()) || uri.getHost() == null) {
            NbdUri local = NbdUri.parse(text);
            return new NbdPlace(UnixDomainSocketAddress.of(local.socket()), local.exportName());
        }
        String host = uri.getHost().replaceAll("[\\[\\]]", "");
        String path = uri.getPath();
        return new NbdPlace(
                InetSocketAddress.createUnresolved(host, uri.getPort() < 0 ? USUAL_PORT : uri.getPort()),
                path.startsWith("/") ? path.substring(1) : path);
    }

    /** Connects; the channel blocks. */
    SocketChannel connect(Duration patience) throws IOException {
        return address instanceof InetSocketAddress tcp ? connectTcp(tcp, patience) : connectUnix();
    }

    private SocketChannel connectUnix() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(address);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static SocketChannel connectTcp(InetSocketAddress server, Duration patience) throws IOException {
        SocketChannel channel = SocketChannel.open();
        try {
            channel.socket().connect(new InetSocketAddress(server.getHostString(), server.getPort()), (int)
                    patience.toMillis());
            channel.socket().setTcpNoDelay(true);
            return channel;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }
}
