package io.catena.agent.control;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.eclipse.jetty.server.Request;

/** Tells who may use the Unix socket: root, and the user that the agent runs as. Both may do everything. */
final class Peers {
    private final UserPrincipal self;

    Peers(UserPrincipal self) {
        this.self = self;
    }

    /** Returns who asks; nothing if that is somebody who must not. Only for requests that came over a Unix socket. */
    Optional<Caller> caller(Request request) throws IOException {
        Object transport =
                request.getConnectionMetaData().getConnection().getEndPoint().getTransport();
        UnixDomainPrincipal peer = ((SocketChannel) transport).getOption(ExtendedSocketOptions.SO_PEERCRED);
        if (!peer.user().equals(self) && !peer.user().getName().equals("root")) {
            return Optional.empty();
        }
        return Optional.of(new Caller("uid " + peer.user().getName(), Role.ADMIN, Caller.UNIX));
    }
}
