package io.catena.agent.nbd.client;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** What goes over a socket. */
final class ChannelOutput extends OutputStream {
    private final SocketChannel socket;

    ChannelOutput(SocketChannel socket) {
        this.socket = socket;
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(source, offset, length);
        while (bytes.hasRemaining()) {
            socket.write(bytes);
        }
    }
}
