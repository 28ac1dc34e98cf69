package io.catena.agent.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The first part of a connection: greets the client and answers its options until it has chosen an export.
 *
 * <p>Offered are EXPORT_NAME, GO, INFO, LIST, ABORT, STRUCTURED_REPLY, LIST_META_CONTEXT and SET_META_CONTEXT, and STARTTLS
 * where encryption is. It reads no byte beyond the last option, so that nothing that came in the clear is taken for what is
 * encrypted.
 *
 * <p><b>Threads.</b> For one thread.
 */
final class Handshake {
    /** How many options a client may send; real ones send less than ten. */
    static final int MAXIMUM_OPTIONS = 64;

    /** The longest data of an option that is looked at, with room for a name and many informations. */
    static final int MAXIMUM_OPTION_BYTES = 64 << 10;

    private final Choice exports;
    private final Predicate<NbdExport> join;
    private final @Nullable String refusal;
    private final Encryption encryption;

    /** In the clear until the client has started TLS. */
    private ByteChannel client;

    private boolean encrypted;
    private boolean zeroes;
    private boolean structuredReplies;

    /** The name of the export whose allocation the client wants to ask for; null if of none. */
    private @Nullable String allocationOf;

    /**
     * @param join registers the client with an export; false if that is being withdrawn
     * @param refusal why this client gets no export; null if it may have one
     */
    Handshake(
            ByteChannel client,
            Choice exports,
            Predicate<NbdExport> join,
            @Nullable String refusal,
            Encryption encryption) {
        this.client = client;
        this.exports = exports;
        this.join = join;
        this.refusal = refusal;
        this.encryption = encryption;
    }

    /** How a client may, or must, encrypt what it sends. */
    interface Encryption {
        /** For those who need none and get none. */
        Encryption NONE = new Encryption() {
            @Override
            public boolean isOffered() {
                return false;
            }

            @Override
            public boolean isRequired() {
                return false;
            }

            @Override
            public ByteChannel start() {
                throw new IllegalStateException("there is no encryption to start");
            }
        };

        boolean isOffered();

        boolean isRequired();

        /**
         * Waits for the client's first message and agrees with it.
         *
         * @return what is to be used from now on
         */
        ByteChannel start() throws IOException;
    }

    /** Returns the way to the client, as it is after the handshake. */
    ByteChannel channel() {
        return client;
    }

    /**
     * Returns what was agreed on with a client that has chosen and joined an export; null if it went without one.
     *
     * @throws NbdProtocolException if the client does what cannot be answered
     */
    @Nullable
    Agreement negotiate() throws IOException {
        greet();
        for (int count = 0; count < MAXIMUM_OPTIONS; count++) {
            Option option = receiveOption();
            if (!mayProceed(option)) {
                if (option.number() == NbdProtocol.OPT_EXPORT_NAME) {
                    return null;
                }
                fail(option, NbdProtocol.REP_ERR_TLS_REQD, "nothing is offered here before STARTTLS");
                continue;
            }
            switch (option.number()) {
                case NbdProtocol.OPT_EXPORT_NAME -> {
                    return agreement(exportName(option));
                }
                case NbdProtocol.OPT_ABORT -> {
                    reply(option, NbdProtocol.REP_ACK);
                    return null;
                }
                case NbdProtocol.OPT_STARTTLS -> startTls(option);
                case NbdProtocol.OPT_LIST -> list(option);
                case NbdProtocol.OPT_INFO -> describe(option, export -> true);
                case NbdProtocol.OPT_GO -> {
                    NbdExport chosen = describe(option, join);
                    if (chosen != null) {
                        return agreement(chosen);
                    }
                }
                case NbdProtocol.OPT_STRUCTURED_REPLY -> useStructuredReplies(option);
                case NbdProtocol.OPT_LIST_META_CONTEXT -> listMetaContexts(option);
                case NbdProtocol.OPT_SET_META_CONTEXT -> setMetaContexts(option);
                default ->
                    fail(
                            option,
                            NbdProtocol.REP_ERR_UNSUP,
                            "option " + Integer.toUnsignedString(option.number()) + " is not offered here");
            }
        }
        throw new NbdProtocolException("client sent " + MAXIMUM_OPTIONS + " options without choosing an export");
    }

    private boolean mayProceed(Option option) {
        return encrypted
                || !encryption.isRequired()
                || option.number() == NbdProtocol.OPT_STARTTLS
                || option.number() == NbdProtocol.OPT_ABORT;
    }

    /** What was agreed on in the clear does not count any more: somebody else may have said it. */
    private void startTls(Option option) throws IOException {
        if (!encryption.isOffered()) {
            fail(option, NbdProtocol.REP_ERR_UNSUP, "there is no TLS here");
        } else if (option.data().hasRemaining()) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "STARTTLS has no data");
        } else if (encrypted) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "the connection is encrypted already");
        } else {
            reply(option, NbdProtocol.REP_ACK);
            client = encryption.start();
            encrypted = true;
            structuredReplies = false;
            allocationOf = null;
        }
    }

    private @Nullable Agreement agreement(@Nullable NbdExport chosen) {
        return chosen == null
                ? null
                : new Agreement(chosen, structuredReplies, chosen.name().equals(allocationOf));
    }

    private void greet() throws IOException {
        send(ByteBuffer.allocate(18)
                .putLong(NbdProtocol.GREETING_MAGIC)
                .putLong(NbdProtocol.OPTION_MAGIC)
                .putShort((short) (NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES)));
        int flags = receive(4).getInt();
        if ((flags & ~(NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES)) != 0) {
            throw new NbdProtocolException(
                    String.format(Locale.ROOT, "client's handshake flags are 0x%x, expected no other than 0x3", flags));
        }
        zeroes = (flags & NbdProtocol.NO_ZEROES) == 0;
    }

    private Option receiveOption() throws IOException {
        ByteBuffer header = receive(NbdProtocol.OPTION_HEADER_BYTES);
        long magic = header.getLong();
        if (magic != NbdProtocol.OPTION_MAGIC) {
            throw new NbdProtocolException(String.format(
                    Locale.ROOT, "option starts with 0x%016x, expected 0x%016x", magic, NbdProtocol.OPTION_MAGIC));
        }
        int number = header.getInt();
        long dataBytes = Integer.toUnsignedLong(header.getInt());
        if (dataBytes > MAXIMUM_OPTION_BYTES) {
            String text = "option " + Integer.toUnsignedString(number) + " has " + dataBytes + " bytes, at most "
                    + MAXIMUM_OPTION_BYTES + " are allowed";
            fail(new Option(number, ByteBuffer.allocate(0)), NbdProtocol.REP_ERR_TOO_BIG, text);
            throw new NbdProtocolException(text);
        }
        return new Option(number, receive((int) dataBytes));
    }

    /** This option's answer has no place for an error: a client that cannot be served is cut off. */
    private @Nullable NbdExport exportName(Option option) throws IOException {
        String name = StandardCharsets.UTF_8.decode(option.data()).toString();
        NbdExport export = exports.find(name);
        if (refusal != null || export == null || !join.test(export)) {
            return null;
        }
        send(ByteBuffer.allocate(10 + (zeroes ? NbdProtocol.EXPORT_NAME_ZEROES : 0))
                .putLong(export.device().sizeBytes())
                .putShort((short) export.transmissionFlags(structuredReplies))
                .position(10 + (zeroes ? NbdProtocol.EXPORT_NAME_ZEROES : 0)));
        return export;
    }

    private void list(Option option) throws IOException {
        if (option.data().hasRemaining()) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "LIST has no data");
            return;
        }
        for (String name : exports.names()) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            ByteBuffer server =
                    ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes);
            reply(option, NbdProtocol.REP_SERVER, server);
        }
        reply(option, NbdProtocol.REP_ACK);
    }

    private void useStructuredReplies(Option option) throws IOException {
        if (option.data().hasRemaining()) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "STRUCTURED_REPLY has no data");
            return;
        }
        structuredReplies = true;
        reply(option, NbdProtocol.REP_ACK);
    }

    private void listMetaContexts(Option option) throws IOException {
        MetaContextQuery query = metaContextQuery(option);
        if (query == null) {
            return;
        }
        if (query.listsAllocation()) {
            replyWithAllocation(option, 0);
        }
        reply(option, NbdProtocol.REP_ACK);
    }

    /** What was set before is forgotten, also if this fails. */
    private void setMetaContexts(Option option) throws IOException {
        allocationOf = null;
        MetaContextQuery query = metaContextQuery(option);
        if (query == null) {
            return;
        }
        if (query.selectsAllocation()) {
            allocationOf = query.exportName();
            replyWithAllocation(option, NbdProtocol.BASE_ALLOCATION_ID);
        }
        reply(option, NbdProtocol.REP_ACK);
    }

    /** Returns null, and has refused the option, if it cannot be answered. */
    private @Nullable MetaContextQuery metaContextQuery(Option option) throws IOException {
        MetaContextQuery query = MetaContextQuery.decode(option.data());
        if (query == null) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "the lengths in the option do not fit together");
        } else if (!structuredReplies) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "metadata contexts need structured replies; ask for them first");
        } else if (refusal != null) {
            fail(option, NbdProtocol.REP_ERR_POLICY, refusal);
        } else if (exports.find(query.exportName()) == null) {
            fail(option, NbdProtocol.REP_ERR_UNKNOWN, exports.absence(query.exportName()));
        } else {
            return query;
        }
        return null;
    }

    private void replyWithAllocation(Option option, int id) throws IOException {
        byte[] name = NbdProtocol.BASE_ALLOCATION.getBytes(StandardCharsets.UTF_8);
        reply(
                option,
                NbdProtocol.REP_META_CONTEXT,
                ByteBuffer.allocate(4 + name.length).putInt(id).put(name));
    }

    /** Answers INFO and GO; returns the export if there is one and {@code admits} agrees. */
    private @Nullable NbdExport describe(Option option, Predicate<NbdExport> admits) throws IOException {
        ExportQuery query = ExportQuery.decode(option.data());
        if (query == null) {
            fail(option, NbdProtocol.REP_ERR_INVALID, "the lengths in the option do not fit together");
            return null;
        }
        if (refusal != null) {
            fail(option, NbdProtocol.REP_ERR_POLICY, refusal);
            return null;
        }
        NbdExport export = exports.find(query.exportName());
        if (export == null || !admits.test(export)) {
            fail(option, NbdProtocol.REP_ERR_UNKNOWN, exports.absence(query.exportName()));
            return null;
        }
        sendInformations(option, query, export);
        reply(option, NbdProtocol.REP_ACK);
        return export;
    }

    private void sendInformations(Option option, ExportQuery query, NbdExport export) throws IOException {
        ByteBuffer size = information(NbdProtocol.INFO_EXPORT, 10)
                .putLong(export.device().sizeBytes())
                .putShort((short) export.transmissionFlags(structuredReplies));
        reply(option, NbdProtocol.REP_INFO, size);
        if (query.wants(NbdProtocol.INFO_NAME)) {
            reply(option, NbdProtocol.REP_INFO, textInformation(NbdProtocol.INFO_NAME, export.name()));
        }
        if (query.wants(NbdProtocol.INFO_DESCRIPTION)) {
            reply(option, NbdProtocol.REP_INFO, textInformation(NbdProtocol.INFO_DESCRIPTION, export.description()));
        }
        if (query.wants(NbdProtocol.INFO_BLOCK_SIZE)) {
            ByteBuffer blockSizes = information(NbdProtocol.INFO_BLOCK_SIZE, 12)
                    .putInt(NbdProtocol.MINIMUM_BLOCK_BYTES)
                    .putInt(NbdProtocol.PREFERRED_BLOCK_BYTES)
                    .putInt(NbdProtocol.MAXIMUM_PAYLOAD_BYTES);
            reply(option, NbdProtocol.REP_INFO, blockSizes);
        }
    }

    private static ByteBuffer textInformation(int type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return information(type, bytes.length).put(bytes);
    }

    private static ByteBuffer information(int type, int dataBytes) {
        return ByteBuffer.allocate(2 + dataBytes).putShort((short) type);
    }

    private void fail(Option option, int error, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        reply(option, error, ByteBuffer.allocate(bytes.length).put(bytes));
    }

    private void reply(Option option, int type) throws IOException {
        reply(option, type, ByteBuffer.allocate(0));
    }

    /** Takes {@code data} from 0 to its position. */
    private void reply(Option option, int type, ByteBuffer data) throws IOException {
        data.flip();
        send(ByteBuffer.allocate(20 + data.remaining())
                .putLong(NbdProtocol.OPTION_REPLY_MAGIC)
                .putInt(option.number())
                .putInt(type)
                .putInt(data.remaining())
                .put(data));
    }

    /** Sends {@code message} from 0 to its position. */
    private void send(ByteBuffer message) throws IOException {
        message.flip();
        while (message.hasRemaining()) {
            client.write(message);
        }
    }

    private ByteBuffer receive(int count) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(count);
        while (message.hasRemaining()) {
            if (client.read(message) < 0) {
                throw new EOFException(
                        "client closed during the handshake, after " + message.position() + " of " + count + " bytes");
            }
        }
        return message.flip();
    }

    /** An option that a client sent. */
    private record Option(int number, ByteBuffer data) {}
}
