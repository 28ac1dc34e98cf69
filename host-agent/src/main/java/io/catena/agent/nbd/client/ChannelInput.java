package io.catena.agent.nbd.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** What comes over a socket. That of the JDK would keep {@link ChannelOutput} waiting while it waits. */
final class ChannelInput extends InputStream {
    private final SocketChannel socket;

    ChannelInput(SocketChannel socket) {
        this.socket = socket;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        return socket.read(ByteBuffer.wrap(target, offset, length));
    }
}
