package io.catena.agent.nbd.listen;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/** A listening socket. */
public interface NbdListener extends Closeable {
    /** Waits for a client; fails when the listener is closed meanwhile. */
    SocketChannel accept() throws IOException;

    boolean isOpen();
}
