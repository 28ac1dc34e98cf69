package io.catena.agent.nbd.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/**
 * The messages of the handshake: options of the client, and replies to them. It reads no byte beyond the last option.
 *
 * <p><b>Threads.</b> For one thread.
 */
public final class OptionChannel {
    /** The longest data of an option that is looked at, with room for a name and many informations. */
    static final int MAXIMUM_OPTION_BYTES = 64 << 10;

    /** How many options a client may send; who asks for what there is sends some for each export. */
    static final int MAXIMUM_OPTIONS = 1 << 16;

    private static final int SKIPPED_AT_A_TIME = 8 << 10;

    private final Set<Integer> known;

    /** In the clear until the client has started TLS. */
    private ByteChannel client;

    private int options;

    /**
     * @param known the options that are offered
     */
    public OptionChannel(ByteChannel client, Set<Integer> known) {
        this.client = client;
        this.known = Set.copyOf(known);
    }

    /** An option that a client sent. */
    public record Option(int number, ByteBuffer data) {}

    /** Returns the way to the client, as it is now. */
    public ByteChannel channel() {
        return client;
    }

    /** Goes on over another way to the same client. */
    public void changeTo(ByteChannel channel) {
        client = channel;
    }

    /**
     * Waits for an option; those with more data than any has are refused and skipped.
     *
     * @throws NbdProtocolException if the client sends something else, or options without end
     */
    public Option receiveOption() throws IOException {
        while (options++ < MAXIMUM_OPTIONS) {
            ByteBuffer header = receive(NbdProtocol.OPTION_HEADER_BYTES);
            long magic = header.getLong();
            if (magic != NbdProtocol.OPTION_MAGIC) {
                throw new NbdProtocolException(String.format(
                        Locale.ROOT, "option starts with 0x%016x, expected 0x%016x", magic, NbdProtocol.OPTION_MAGIC));
            }
            int number = header.getInt();
            long dataBytes = Integer.toUnsignedLong(header.getInt());
            if (dataBytes <= MAXIMUM_OPTION_BYTES) {
                return new Option(number, receive((int) dataBytes));
            }
            refuseTooLong(number, dataBytes);
        }
        throw new NbdProtocolException("client sent " + MAXIMUM_OPTIONS + " options without choosing an export");
    }

    /** The answer to EXPORT_NAME has no place for an error. */
    private void refuseTooLong(int number, long dataBytes) throws IOException {
        String text = "option " + Integer.toUnsignedString(number) + " has " + dataBytes + " bytes, at most "
                + MAXIMUM_OPTION_BYTES + " are allowed";
        if (number == NbdProtocol.OPT_EXPORT_NAME) {
            throw new NbdProtocolException(text);
        }
        for (long left = dataBytes; left > 0; left -= SKIPPED_AT_A_TIME) {
            receive((int) Math.min(left, SKIPPED_AT_A_TIME));
        }
        fail(
                new Option(number, ByteBuffer.allocate(0)),
                known.contains(number) ? NbdProtocol.REP_ERR_TOO_BIG : NbdProtocol.REP_ERR_UNSUP,
                text);
    }

    public void fail(Option option, int error, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        reply(option, error, ByteBuffer.allocate(bytes.length).put(bytes));
    }

    public void reply(Option option, int type) throws IOException {
        reply(option, type, ByteBuffer.allocate(0));
    }

    /** Takes {@code data} from 0 to its position. */
    public void reply(Option option, int type, ByteBuffer data) throws IOException {
        data.flip();
        send(ByteBuffer.allocate(20 + data.remaining())
                .putLong(NbdProtocol.OPTION_REPLY_MAGIC)
                .putInt(option.number())
                .putInt(type)
                .putInt(data.remaining())
                .put(data));
    }

    /** Sends {@code message} from 0 to its position. */
    public void send(ByteBuffer message) throws IOException {
        message.flip();
        while (message.hasRemaining()) {
            client.write(message);
        }
    }

    public ByteBuffer receive(int count) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(count);
        while (message.hasRemaining()) {
            if (client.read(message) < 0) {
                throw new EOFException(
                        "client closed during the handshake, after " + message.position() + " of " + count + " bytes");
            }
        }
        return message.flip();
    }
}
