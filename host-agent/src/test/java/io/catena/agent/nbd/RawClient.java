package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.wire.NbdProtocol;
import java.io.Closeable;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A client that sends what a test wants, right or wrong. */
final class RawClient implements Closeable {
    private final ByteChannel channel;

    RawClient(ByteChannel channel) {
        this.channel = channel;
    }

    static RawClient at(Path socket) throws IOException {
        return at(UnixDomainSocketAddress.of(socket));
    }

    static RawClient at(SocketAddress address) throws IOException {
        return new RawClient(SocketChannel.open(address));
    }

    /** An answer to an option. */
    record OptionReply(int type, ByteBuffer data) {
        String text() {
            return StandardCharsets.UTF_8.decode(data.duplicate()).toString();
        }
    }

    RawClient greet() throws IOException {
        return greet(NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES);
    }

    RawClient greet(int flags) throws IOException {
        assertThat(receive(18).getLong()).isEqualTo(NbdProtocol.GREETING_MAGIC);
        send(ByteBuffer.allocate(4).putInt(flags));
        return this;
    }

    /** Chooses an export and takes the answers. */
    RawClient go(String name) throws IOException {
        sendGo(name);
        assertThat(receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_INFO);
        assertThat(receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_ACK);
        return this;
    }

    void sendGo(String name) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer query = ByteBuffer.allocate(6 + bytes.length);
        query.putInt(bytes.length).put(bytes).putShort((short) 0);
        sendOption(NbdProtocol.OPT_GO, query.array());
    }

    void sendOption(int option, byte... data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length)
                .putLong(NbdProtocol.OPTION_MAGIC)
                .putInt(option)
                .putInt(data.length)
                .put(data));
    }

    OptionReply receiveOptionReply() throws IOException {
        ByteBuffer header = receive(20);
        assertThat(header.getLong()).isEqualTo(NbdProtocol.OPTION_REPLY_MAGIC);
        return new OptionReply(header.getInt(12), receive(header.getInt(16)));
    }

    void sendRequest(int command, int flags, long offset, long lengthBytes) throws IOException {
        send(ByteBuffer.allocate(NbdProtocol.REQUEST_BYTES)
                .putInt(NbdProtocol.REQUEST_MAGIC)
                .putShort((short) flags)
                .putShort((short) command)
                .putLong(7)
                .putLong(offset)
                .putInt((int) lengthBytes));
    }

    /** Takes a simple reply and returns its error. */
    int receiveError() throws IOException {
        ByteBuffer reply = receive(NbdProtocol.SIMPLE_REPLY_BYTES);
        assertThat(reply.getInt()).isEqualTo(NbdProtocol.SIMPLE_REPLY_MAGIC);
        return reply.getInt();
    }

    /** Reads with simple replies. */
    ByteBuffer read(long offset, int lengthBytes) throws IOException {
        sendRequest(0, 0, offset, lengthBytes);
        assertThat(receiveError()).isZero();
        return receive(lengthBytes);
    }

    void send(ByteBuffer message) throws IOException {
        message.flip();
        while (message.hasRemaining()) {
            channel.write(message);
        }
    }

    ByteBuffer receive(int count) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(count);
        while (message.hasRemaining()) {
            assertThat(channel.read(message)).as("bytes received").isPositive();
        }
        return message.flip();
    }

    boolean isAtEnd() throws IOException {
        return channel.read(ByteBuffer.allocate(1)) < 0;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
