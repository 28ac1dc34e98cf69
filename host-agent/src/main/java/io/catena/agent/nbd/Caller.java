package io.catena.agent.nbd;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A client that has connected.
 *
 * @param socket both ways to it
 * @param input what it sends; to be closed to let reading end after what has arrived
 * @param choice what it may have
 * @param tcp what holds for clients over TCP; null for those on the host
 */
public record Caller(
        ByteChannel socket,
        Closeable input,
        Choice choice,
        @Nullable NbdTcp tcp) {
    public static Caller of(SocketChannel socket, Choice choice, @Nullable NbdTcp tcp) {
        return new Caller(socket, socket::shutdownInput, choice, tcp);
    }

    void endInput() throws IOException {
        input.close();
    }
}
