package io.catena.agent.nbd.client;

import io.catena.agent.nbd.wire.NbdProtocol;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The client's side of the first part of a connection: greets the server and chooses an export, without structured replies.
 *
 * <p><b>Threads.</b> For one thread.
 */
public final class ClientHandshake {
    /** More than any server needs for a reply to an option. */
    private static final int LONGEST_OPTION_REPLY_BYTES = 64 << 10;

    private ByteChannel server;
    private long sizeBytes;
    private int transmissionFlags;

    private ClientHandshake(ByteChannel server) {
        this.server = server;
    }

    /**
     * What the server says of an export.
     *
     * @param transmissionFlags what can be done with it
     */
    public record Welcome(long sizeBytes, int transmissionFlags) {}

    /**
     * Chooses an export.
     *
     * @param server whose reads and writes wait, and give up at some time; requests can be sent there when this returns
     * @throws IOException if the server does not have the export, or does not speak the protocol
     */
    public static Welcome perform(ByteChannel server, String exportName) throws IOException {
        ClientHandshake handshake = new ClientHandshake(server);
        handshake.greet();
        return handshake.choose(exportName);
    }

    /** Begins to encrypt a connection. */
    @FunctionalInterface
    public interface Encryption {
        /** Returns what goes on with the connection; called when the server has agreed. */
        ByteChannel start() throws IOException;
    }

    /**
     * Greets the server and encrypts the connection, for {@link #choose}.
     *
     * @param server as for {@link #perform}
     * @throws IOException if the server does not encrypt, or does not speak the protocol
     */
    static ClientHandshake begin(ByteChannel server, Encryption encryption) throws IOException {
        ClientHandshake handshake = new ClientHandshake(server);
        handshake.greet();
        handshake.startTls();
        handshake.server = encryption.start();
        return handshake;
    }

    /** Chooses an export, as {@link #perform} does. */
    Welcome choose(String exportName) throws IOException {
        go(exportName);
        return new Welcome(sizeBytes, transmissionFlags);
    }

    private void startTls() throws IOException {
        send(ByteBuffer.allocate(NbdProtocol.OPTION_HEADER_BYTES)
                .putLong(NbdProtocol.OPTION_MAGIC)
                .putInt(NbdProtocol.OPT_STARTTLS)
                .putInt(0)
                .flip());
        ByteBuffer header = receive(20);
        expect("option reply", NbdProtocol.OPTION_REPLY_MAGIC, header.getLong());
        expect("option that is answered", NbdProtocol.OPT_STARTTLS, header.getInt());
        expect("reply to the wish to encrypt", NbdProtocol.REP_ACK, header.getInt());
        expect("length of that reply", 0, header.getInt());
    }

    private void greet() throws IOException {
        ByteBuffer greeting = receive(18);
        expect("greeting", NbdProtocol.GREETING_MAGIC, greeting.getLong());
        expect("second half of the greeting", NbdProtocol.OPTION_MAGIC, greeting.getLong());
        int flags = NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES;
        expect("handshake flags", flags, greeting.getShort() & flags);
        send(ByteBuffer.allocate(4).putInt(flags).flip());
    }

    private void go(String exportName) throws IOException {
        byte[] name = exportName.getBytes(StandardCharsets.UTF_8);
        send(ByteBuffer.allocate(NbdProtocol.OPTION_HEADER_BYTES + 6 + name.length)
                .putLong(NbdProtocol.OPTION_MAGIC)
                .putInt(NbdProtocol.OPT_GO)
                .putInt(6 + name.length)
                .putInt(name.length)
                .put(name)
                .putShort((short) 0)
                .flip());
        while (true) {
            ByteBuffer header = receive(20);
            expect("option reply", NbdProtocol.OPTION_REPLY_MAGIC, header.getLong());
            expect("option that is answered", NbdProtocol.OPT_GO, header.getInt());
            int type = header.getInt();
            int length = header.getInt();
            if (length < 0 || length > LONGEST_OPTION_REPLY_BYTES) {
                throw new IOException("option reply has " + Integer.toUnsignedLong(length) + " bytes, expected at most "
                        + LONGEST_OPTION_REPLY_BYTES);
            }
            ByteBuffer data = receive(length);
            switch (type) {
                case NbdProtocol.REP_ACK -> {
                    return;
                }
                case NbdProtocol.REP_INFO -> learn(data);
                default ->
                    throw new IOException("the server does not give export \"" + exportName + "\": "
                            + StandardCharsets.UTF_8.decode(data) + " (reply 0x" + Integer.toHexString(type) + ")");
            }
        }
    }

    private void learn(ByteBuffer information) {
        if (information.remaining() >= 12 && information.getShort() == NbdProtocol.INFO_EXPORT) {
            sizeBytes = information.getLong();
            transmissionFlags = Short.toUnsignedInt(information.getShort());
        }
    }

    private void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            server.write(bytes);
        }
    }

    private ByteBuffer receive(int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (server.read(bytes) < 0) {
                throw new EOFException(
                        "the server closed the connection with " + bytes.remaining() + " bytes of an answer missing");
            }
        }
        return bytes.flip();
    }

    private static void expect(String what, long expected, long found) throws IOException {
        if (expected != found) {
            throw new IOException(String.format(Locale.ROOT, "%s is 0x%x, expected 0x%x", what, found, expected));
        }
    }
}
