package io.catena.agent.nbd.listen;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** A listening Unix socket with its file, which only its owner can connect to. */
public final class UnixListener implements NbdListener {
    /** Linux: {@code sun_path} has 108 bytes, the last of which is a zero. */
    private static final int MAXIMUM_PATH_BYTES = 107;

    private static final int BACKLOG = 128;

    private final Path path;
    private final ServerSocketChannel channel;

    private UnixListener(Path path, ServerSocketChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Listens at {@code path}; a socket file that a dead process left there is replaced. Between its creation and the
     * setting of its mode the file has the mode that the umask gives, so its directory should be private.
     *
     * @throws BindException if the path is too long, if somebody listens there, or if something else than a socket is there
     */
    public static UnixListener open(Path path) throws IOException {
        int pathBytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (pathBytes > MAXIMUM_PATH_BYTES) {
            throw new BindException("the path of a Unix socket has at most " + MAXIMUM_PATH_BYTES + " bytes, " + path
                    + " has " + pathBytes);
        }
        removeStale(path);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(path), BACKLOG);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            return new UnixListener(path, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void removeStale(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .isOther()) {
            throw new BindException(path + " exists and is not a socket");
        }
        if (someoneListens(path)) {
            throw new BindException("another process listens at " + path);
        }
        Files.deleteIfExists(path);
    }

    private static boolean someoneListens(Path path) throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(path));
        } catch (ConnectException e) {
            return false;
        }
    }

    /** Has {@code selector} tell when somebody connects, to whom {@link #accept} then does not wait. */
    public void register(Selector selector, Object attachment) throws IOException {
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_ACCEPT, attachment);
    }

    @Override
    public SocketChannel accept() throws IOException {
        return channel.accept();
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    /** Listens no more, and leaves the file where it is. */
    public void leaveFile() throws IOException {
        channel.close();
    }

    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            Files.deleteIfExists(path);
        }
    }
}
