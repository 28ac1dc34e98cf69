package io.catena.agent.nbd;

import io.catena.agent.nbd.context.Contexts;
import io.catena.agent.nbd.context.MetaContext;
import io.catena.agent.nbd.wire.ExportQuery;
import io.catena.agent.nbd.wire.MetaContextQuery;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.agent.nbd.wire.NbdProtocolException;
import io.catena.agent.nbd.wire.OptionChannel;
import io.catena.agent.nbd.wire.OptionChannel.Option;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
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
    private static final Set<Integer> OFFERED = Set.of(
            NbdProtocol.OPT_EXPORT_NAME,
            NbdProtocol.OPT_ABORT,
            NbdProtocol.OPT_LIST,
            NbdProtocol.OPT_STARTTLS,
            NbdProtocol.OPT_INFO,
            NbdProtocol.OPT_GO,
            NbdProtocol.OPT_STRUCTURED_REPLY,
            NbdProtocol.OPT_LIST_META_CONTEXT,
            NbdProtocol.OPT_SET_META_CONTEXT);

    /** The name that the NBD client of blktap's tapdisk asks for, whatever it is to get. */
    private static final String TAPDISK = "tapdisk_client";

    /** Fewer, as a rule, once the client has shown who it is. */
    private Choice exports;

    private final Entrance entrance;
    private final Encryption encryption;
    private final OptionChannel client;

    /** Whether the client understands replies to options. */
    private boolean fixedNewstyle;

    private boolean encrypted;
    private boolean zeroes;
    private boolean structuredReplies;

    /** Whether the client is one that is known to send no flushes, however it is told that it may. */
    private boolean neverFlushes;

    private final Contexts contexts;

    /**
     * @param contexts closed by the caller, when the client has left
     */
    Handshake(ByteChannel client, Choice exports, Entrance entrance, Encryption encryption, Contexts contexts) {
        this.contexts = contexts;
        this.client = new OptionChannel(client, OFFERED);
        this.exports = exports;
        this.entrance = entrance;
        this.encryption = encryption;
    }

    /** Who may have which export. */
    @FunctionalInterface
    interface Entrance {
        /** For those that only want to know. */
        Entrance FREE = export -> null;

        /** Registers the client with an export; returns why not, or null. */
        Choice.@Nullable Refusal join(NbdExport export);
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

        /** Returns what a client may have once it has begun. */
        default Choice narrowed(Choice before) {
            return before;
        }

        /**
         * Waits for the client's first message and agrees with it.
         *
         * @return what is to be used from now on
         */
        ByteChannel start() throws IOException;
    }

    /** Returns the way to the client, as it is after the handshake. */
    ByteChannel channel() {
        return client.channel();
    }

    /**
     * Returns what was agreed on with a client that has chosen and joined an export; null if it went without one.
     *
     * @throws NbdProtocolException if the client does what cannot be answered
     */
    @Nullable
    Agreement negotiate() throws IOException {
        greet();
        while (true) {
            Option option = client.receiveOption();
            requireAnswerable(option);
            if (!mayProceed(option)) {
                if (option.number() == NbdProtocol.OPT_EXPORT_NAME) {
                    return null;
                }
                client.fail(option, NbdProtocol.REP_ERR_TLS_REQD, "nothing is offered here before STARTTLS");
                continue;
            }
            switch (option.number()) {
                case NbdProtocol.OPT_EXPORT_NAME -> {
                    return agreement(exportName(option));
                }
                case NbdProtocol.OPT_ABORT -> {
                    if (fixedNewstyle) {
                        client.reply(option, NbdProtocol.REP_ACK);
                    }
                    return null;
                }
                case NbdProtocol.OPT_STARTTLS -> startTls(option);
                case NbdProtocol.OPT_LIST -> list(option);
                case NbdProtocol.OPT_INFO -> describe(option, Entrance.FREE);
                case NbdProtocol.OPT_GO -> {
                    NbdExport chosen = describe(option, entrance);
                    if (chosen != null) {
                        return agreement(chosen);
                    }
                }
                case NbdProtocol.OPT_STRUCTURED_REPLY -> useStructuredReplies(option);
                case NbdProtocol.OPT_LIST_META_CONTEXT -> listMetaContexts(option);
                case NbdProtocol.OPT_SET_META_CONTEXT -> setMetaContexts(option);
                default ->
                    client.fail(
                            option,
                            NbdProtocol.REP_ERR_UNSUP,
                            "option " + Integer.toUnsignedString(option.number()) + " is not offered here");
            }
        }
    }

    /** An old client takes what follows EXPORT_NAME for its answer, and expects no other. */
    private void requireAnswerable(Option option) throws NbdProtocolException {
        if (!fixedNewstyle
                && option.number() != NbdProtocol.OPT_EXPORT_NAME
                && option.number() != NbdProtocol.OPT_ABORT) {
            throw new NbdProtocolException("option " + Integer.toUnsignedString(option.number())
                    + " from a client that understands no replies to options");
        }
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
            client.fail(option, NbdProtocol.REP_ERR_UNSUP, "there is no TLS here");
        } else if (option.data().hasRemaining()) {
            client.fail(option, NbdProtocol.REP_ERR_INVALID, "STARTTLS has no data");
        } else if (encrypted) {
            client.fail(option, NbdProtocol.REP_ERR_INVALID, "the connection is encrypted already");
        } else {
            client.reply(option, NbdProtocol.REP_ACK);
            client.changeTo(encryption.start());
            exports = encryption.narrowed(exports);
            encrypted = true;
            structuredReplies = false;
            contexts.close();
        }
    }

    private @Nullable Agreement agreement(@Nullable NbdExport chosen) {
        return chosen == null
                ? null
                : new Agreement(chosen, structuredReplies, contexts.of(chosen.clients()), neverFlushes);
    }

    private void greet() throws IOException {
        client.send(ByteBuffer.allocate(18)
                .putLong(NbdProtocol.GREETING_MAGIC)
                .putLong(NbdProtocol.OPTION_MAGIC)
                .putShort((short) (NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES)));
        int flags = client.receive(4).getInt();
        if ((flags & ~(NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES)) != 0) {
            throw new NbdProtocolException(
                    String.format(Locale.ROOT, "client's handshake flags are 0x%x, expected no other than 0x3", flags));
        }
        fixedNewstyle = (flags & NbdProtocol.FIXED_NEWSTYLE) != 0;
        zeroes = (flags & NbdProtocol.NO_ZEROES) == 0;
    }

    private @Nullable NbdExport find(String name) {
        exports.await(name);
        return exports.find(name);
    }

    /** This option's answer has no place for an error: a client that cannot be served is cut off. */
    private @Nullable NbdExport exportName(Option option) throws IOException {
        String name = StandardCharsets.UTF_8.decode(option.data()).toString();
        NbdExport export = find(name);
        if (export == null || entrance.join(export) != null) {
            return null;
        }
        neverFlushes = name.equals(TAPDISK);
        client.send(ByteBuffer.allocate(10 + (zeroes ? NbdProtocol.EXPORT_NAME_ZEROES : 0))
                .putLong(export.device().sizeBytes())
                .putShort((short) export.transmissionFlags(structuredReplies))
                .position(10 + (zeroes ? NbdProtocol.EXPORT_NAME_ZEROES : 0)));
        return export;
    }

    private void list(Option option) throws IOException {
        if (option.data().hasRemaining()) {
            client.fail(option, NbdProtocol.REP_ERR_INVALID, "LIST has no data");
            return;
        }
        exports.awaitAll();
        for (String name : exports.names()) {
            byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
            ByteBuffer server =
                    ByteBuffer.allocate(4 + bytes.length).putInt(bytes.length).put(bytes);
            client.reply(option, NbdProtocol.REP_SERVER, server);
        }
        client.reply(option, NbdProtocol.REP_ACK);
    }

    private void useStructuredReplies(Option option) throws IOException {
        if (option.data().hasRemaining()) {
            client.fail(option, NbdProtocol.REP_ERR_INVALID, "STRUCTURED_REPLY has no data");
            return;
        }
        structuredReplies = true;
        client.reply(option, NbdProtocol.REP_ACK);
    }

    /** What a client asks about the contexts of an export. */
    private record Asked(NbdExport export, List<String> queries) {}

    private void listMetaContexts(Option option) throws IOException {
        Asked asked = askedAboutContexts(option);
        if (asked == null) {
            return;
        }
        for (String name : Contexts.list(asked.export().vdi(), exports.changes(), asked.queries())) {
            replyWithContext(option, 0, name);
        }
        client.reply(option, NbdProtocol.REP_ACK);
    }

    /** What was set before is forgotten, also if this fails. */
    private void setMetaContexts(Option option) throws IOException {
        contexts.close();
        Asked asked = askedAboutContexts(option);
        if (asked == null) {
            return;
        }
        NbdExport export = asked.export();
        Contexts.Exported of = new Contexts.Exported(export.clients(), export.vdi(), export.device());
        int id = 0;
        for (MetaContext context : contexts.set(of, exports.changes(), asked.queries())) {
            replyWithContext(option, ++id, context.name());
        }
        client.reply(option, NbdProtocol.REP_ACK);
    }

    /** Returns null, and has refused the option, if it cannot be answered. */
    private @Nullable Asked askedAboutContexts(Option option) throws IOException {
        MetaContextQuery query = MetaContextQuery.decode(option.data());
        if (query == null) {
            client.fail(option, NbdProtocol.REP_ERR_INVALID, "the lengths in the option do not fit together");
            return null;
        }
        if (!structuredReplies) {
            client.fail(
                    option,
                    NbdProtocol.REP_ERR_INVALID,
                    "metadata contexts need structured replies; ask for them first");
            return null;
        }
        NbdExport export = find(query.exportName());
        if (export == null) {
            Choice.Refusal why = exports.absence(query.exportName());
            client.fail(option, why.error(), why.text());
            return null;
        }
        return new Asked(export, query.queries());
    }

    private void replyWithContext(Option option, int id, String name) throws IOException {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        client.reply(
                option,
                NbdProtocol.REP_META_CONTEXT,
                ByteBuffer.allocate(4 + text.length).putInt(id).put(text));
    }

    /** Answers INFO and GO; returns the export if there is one and {@code admits} agrees. */
    private @Nullable NbdExport describe(Option option, Entrance admits) throws IOException {
        ExportQuery query = ExportQuery.decode(option.data());
        if (query == null) {
            client.fail(option, NbdProtocol.REP_ERR_INVALID, "the lengths in the option do not fit together");
            return null;
        }
        NbdExport export = find(query.exportName());
        Choice.Refusal refusal = export == null ? exports.absence(query.exportName()) : admits.join(export);
        if (export == null || refusal != null) {
            Choice.Refusal why = refusal == null ? exports.absence(query.exportName()) : refusal;
            client.fail(option, why.error(), why.text());
            return null;
        }
        sendInformations(option, query, export);
        client.reply(option, NbdProtocol.REP_ACK);
        return export;
    }

    private void sendInformations(Option option, ExportQuery query, NbdExport export) throws IOException {
        ByteBuffer size = information(NbdProtocol.INFO_EXPORT, 10)
                .putLong(export.device().sizeBytes())
                .putShort((short) export.transmissionFlags(structuredReplies));
        client.reply(option, NbdProtocol.REP_INFO, size);
        if (query.wants(NbdProtocol.INFO_NAME)) {
            client.reply(option, NbdProtocol.REP_INFO, textInformation(NbdProtocol.INFO_NAME, export.name()));
        }
        if (query.wants(NbdProtocol.INFO_DESCRIPTION)) {
            client.reply(
                    option, NbdProtocol.REP_INFO, textInformation(NbdProtocol.INFO_DESCRIPTION, export.description()));
        }
        if (query.wants(NbdProtocol.INFO_BLOCK_SIZE)) {
            ByteBuffer blockSizes = information(NbdProtocol.INFO_BLOCK_SIZE, 12)
                    .putInt(NbdProtocol.MINIMUM_BLOCK_BYTES)
                    .putInt(NbdProtocol.PREFERRED_BLOCK_BYTES)
                    .putInt(NbdProtocol.MAXIMUM_PAYLOAD_BYTES);
            client.reply(option, NbdProtocol.REP_INFO, blockSizes);
        }
    }

    private static ByteBuffer textInformation(int type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return information(type, bytes.length).put(bytes);
    }

    private static ByteBuffer information(int type, int dataBytes) {
        return ByteBuffer.allocate(2 + dataBytes).putShort((short) type);
    }
}
