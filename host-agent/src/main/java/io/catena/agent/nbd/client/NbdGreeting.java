package io.catena.agent.nbd.client;

import io.catena.agent.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;

/** Asks a server for a sign of life: it greets whoever connects, before it is told anything. */
public final class NbdGreeting {
    private static final long MAGIC = 0x4e42444d41474943L;

    private NbdGreeting() {}

    /**
     * Connects and waits for the greeting. A server that has too many clients hangs up instead; it lives, too.
     *
     * @throws IOException if neither happens in time, or something else greets
     */
    public static void await(Path socket, Duration patience) throws IOException {
        try (UnixSocket server = UnixSocket.connect(socket, patience)) {
            ByteBuffer magic = ByteBuffer.allocate(Long.BYTES);
            while (magic.hasRemaining()) {
                if (server.read(magic) < 0) {
                    return;
                }
            }
            if (magic.getLong(0) != MAGIC) {
                throw new IOException("no NBD server greets at " + socket);
            }
        }
    }
}
