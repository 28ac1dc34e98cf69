package io.catena.agent.control;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.attribute.UserPrincipal;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.eclipse.jetty.server.Request;

/** Tells who may use the control API: root, and the user that the agent runs as. */
final class Peers {
    private final UserPrincipal self;

    Peers(UserPrincipal self) {
        this.self = self;
    }

    boolean mayAsk(Request request) throws IOException {
        Object transport =
                request.getConnectionMetaData().getConnection().getEndPoint().getTransport();
        UnixDomainPrincipal peer = ((SocketChannel) transport).getOption(ExtendedSocketOptions.SO_PEERCRED);
        return peer.user().equals(self) || peer.user().getName().equals("root");
    }
}
