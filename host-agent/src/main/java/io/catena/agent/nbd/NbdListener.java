package io.catena.agent.nbd;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.SocketChannel;

/** A listening socket. */
interface NbdListener extends Closeable {
    /** Waits for a client; fails when the listener is closed meanwhile. */
    SocketChannel accept() throws IOException;

    boolean isOpen();
}
