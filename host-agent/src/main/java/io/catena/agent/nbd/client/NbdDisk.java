package io.catena.agent.nbd.client;

import io.catena.agent.nbd.wire.Command;
import io.catena.agent.nbd.wire.NbdProtocol;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Locale;

/**
 * A disk that somebody serves over NBD at a Unix socket: the client's side, one request at a time.
 *
 * <p><b>Errors.</b> After an {@link IOException} that does not come from the server's answer, the connection is of no more
 * use. <b>Threads.</b> For one thread.
 */
public final class NbdDisk implements Closeable {
    /** A larger piece would not be faster, and a smaller one is more polite to other clients. */
    private static final int PIECE_BYTES = 1 << 20;

    private final PatientChannel server;
    private final long sizeBytes;
    private long cookie;

    private NbdDisk(PatientChannel server, long sizeBytes) {
        this.server = server;
        this.sizeBytes = sizeBytes;
    }

    /**
     * Connects to an export.
     *
     * @param uri of the form {@code nbd+unix:///EXPORT?socket=PATH}
     * @param patience how long the server may do nothing while it is waited for
     * @throws IOException if nobody listens there, or the server does not have the export
     */
    public static NbdDisk connect(String uri, Duration patience) throws IOException {
        NbdUri place = NbdUri.parse(uri);
        SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            socket.connect(UnixDomainSocketAddress.of(place.socket()));
            PatientChannel server = new PatientChannel(socket, patience);
            return new NbdDisk(
                    server, ClientHandshake.perform(server, place.exportName()).sizeBytes());
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /** Fills the rest of {@code target} with what stands at {@code offset}. */
    public void read(long offset, ByteBuffer target) throws IOException {
        int end = target.limit();
        for (long at = offset; target.position() < end; ) {
            int piece = Math.min(PIECE_BYTES, end - target.position());
            request(Command.READ, at, piece, ByteBuffer.allocate(0));
            receiveInto(target.limit(target.position() + piece));
            at += piece;
        }
    }

    /** Writes the rest of {@code source} to {@code offset}. */
    public void write(long offset, ByteBuffer source) throws IOException {
        for (long at = offset; source.hasRemaining(); ) {
            int piece = Math.min(PIECE_BYTES, source.remaining());
            request(Command.WRITE, at, piece, source.slice(source.position(), piece));
            source.position(source.position() + piece);
            at += piece;
        }
    }

    /** Returns when all answered writes are durable. */
    public void flush() throws IOException {
        request(Command.FLUSH, 0, 0, ByteBuffer.allocate(0));
    }

    /** Sends a request and waits for its answer; what is read comes behind it. */
    private void request(Command command, long offset, int lengthBytes, ByteBuffer payload) throws IOException {
        sendRequest(command, offset, lengthBytes);
        send(payload);
        ByteBuffer reply = receive(NbdProtocol.SIMPLE_REPLY_BYTES);
        expect("reply", NbdProtocol.SIMPLE_REPLY_MAGIC, reply.getInt());
        int error = reply.getInt();
        expect("cookie of the reply", cookie, reply.getLong());
        if (error != 0) {
            throw new IOException("the server answers " + command + " of " + lengthBytes + " bytes at " + offset
                    + " with error " + error);
        }
    }

    private void sendRequest(Command command, long offset, int lengthBytes) throws IOException {
        cookie++;
        send(ByteBuffer.allocate(NbdProtocol.REQUEST_BYTES)
                .putInt(NbdProtocol.REQUEST_MAGIC)
                .putShort((short) 0)
                .putShort((short) number(command))
                .putLong(cookie)
                .putLong(offset)
                .putInt(lengthBytes)
                .flip());
    }

    private static int number(Command command) {
        return switch (command) {
            case READ -> 0;
            case WRITE -> 1;
            case DISCONNECT -> 2;
            case FLUSH -> 3;
            case TRIM, CACHE, WRITE_ZEROES, BLOCK_STATUS, UNKNOWN ->
                throw new IllegalArgumentException("no command to send");
        };
    }

    private void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            server.write(bytes);
        }
    }

    private ByteBuffer receive(int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        receiveInto(bytes);
        return bytes.flip();
    }

    private void receiveInto(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (server.read(target) < 0) {
                throw new EOFException(
                        "the server closed the connection with " + target.remaining() + " bytes of an answer missing");
            }
        }
    }

    private static void expect(String what, long expected, long found) throws IOException {
        if (expected != found) {
            throw new IOException(String.format(Locale.ROOT, "%s is 0x%x, expected 0x%x", what, found, expected));
        }
    }

    /** Says goodbye and disconnects. What was not flushed may be lost with the server's power. */
    @Override
    public void close() throws IOException {
        try {
            sendRequest(Command.DISCONNECT, 0, 0);
        } catch (IOException e) {
            // Whoever closes after a failure, or when the server is gone, has nobody left to say goodbye to.
            cookie = 0;
        } finally {
            server.close();
        }
    }
}
