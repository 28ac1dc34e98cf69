package io.catena.agent.linux;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;

/**
 * Tells who may use a Unix socket: root, and the user that the agent runs as. The mode of the socket's file alone does not,
 * where somebody was connected before it was set, or has passed a connection on.
 *
 * <p>Source: {@code SO_PEERCRED} in {@code unix(7)}.
 */
public final class TrustedPeers {
    private static final String ROOT = "root";

    private final UserPrincipal self;

    private TrustedPeers(UserPrincipal self) {
        this.self = self;
    }

    /** Trusts root and the owner of a file, which this process has made. */
    public static TrustedPeers ownersOf(Path file) throws IOException {
        return new TrustedPeers(Files.getOwner(file));
    }

    /** Whether the process that connected runs as a user who is trusted. */
    public boolean include(SocketChannel client) throws IOException {
        UserPrincipal user = client.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
        return user.equals(self) || user.getName().equals(ROOT);
    }
}
