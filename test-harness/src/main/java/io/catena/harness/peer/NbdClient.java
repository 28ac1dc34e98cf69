package io.catena.harness.peer;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A client of the network block device protocol over a Unix socket, one request at a time. It shares no code with the
 * server, and lets a test send any bytes at any moment. Each call has a deadline.
 *
 * <p><b>Threads.</b> For one thread.
 */
public final class NbdClient implements Closeable {
    /** After this a call fails with a {@link SocketTimeoutException}. */
    public static final Duration DEADLINE = Duration.ofSeconds(20);

    public static final int READ = 0;
    public static final int WRITE = 1;
    public static final int DISCONNECT = 2;
    public static final int FLUSH = 3;
    public static final int TRIM = 4;
    public static final int CACHE = 5;
    public static final int WRITE_ZEROES = 6;
    public static final int BLOCK_STATUS = 7;
    public static final int FLAG_FUA = 1;
    public static final int FLAG_NO_HOLE = 2;
    public static final int FLAG_DF = 4;
    public static final int FLAG_REQ_ONE = 8;
    public static final int FLAG_FAST_ZERO = 16;

    public static final int CHUNK_NONE = 0;
    public static final int CHUNK_OFFSET_DATA = 1;
    public static final int CHUNK_BLOCK_STATUS = 5;
    public static final int CHUNK_ERROR = 0x8001;

    public static final int OPTION_EXPORT_NAME = 1;
    public static final int OPTION_ABORT = 2;
    public static final int OPTION_LIST = 3;
    public static final int OPTION_INFO = 6;
    public static final int OPTION_GO = 7;
    public static final int OPTION_STRUCTURED_REPLY = 8;
    public static final int OPTION_LIST_META_CONTEXT = 9;
    public static final int OPTION_SET_META_CONTEXT = 10;

    public static final int REPLY_ACK = 1;
    public static final int REPLY_SERVER = 2;
    public static final int REPLY_INFO = 3;
    public static final int REPLY_META_CONTEXT = 4;
    public static final int ERROR_UNSUPPORTED = 0x80000001;
    public static final int ERROR_POLICY = 0x80000002;
    public static final int ERROR_INVALID = 0x80000003;
    public static final int ERROR_UNKNOWN = 0x80000006;
    public static final int ERROR_TOO_BIG = 0x80000009;

    private static final long GREETING = 0x4e42444d41474943L;
    private static final long OPTION = 0x49484156454f5054L;
    private static final long OPTION_REPLY = 0x3e889045565a9L;
    private static final int REQUEST = 0x25609513;
    private static final int REPLY = 0x67446698;
    private static final int CHUNK = 0x668e33ef;
    private static final int CHUNK_DONE = 1;
    private static final int INFORMATION_EXPORT = 0;
    private static final int BOTH_HANDSHAKE_FLAGS = 3;

    private final SocketChannel socket;
    private final Selector selector;
    private final SelectionKey key;
    private long nextCookie = 0x0123456789abcdefL;
    private long sizeBytes = -1;
    private int transmissionFlags;

    private NbdClient(SocketChannel socket) throws IOException {
        this.socket = socket;
        socket.configureBlocking(false);
        selector = Selector.open();
        key = socket.register(selector, 0);
    }

    /** Connects, and sends nothing. */
    public static NbdClient open(Path socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new NbdClient(channel);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Connects and exchanges greetings; options may follow. */
    public static NbdClient greet(Path socket) throws IOException {
        NbdClient client = open(socket);
        try {
            client.exchangeGreetings();
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /**
     * Connects and chooses an export; requests may follow.
     *
     * @throws OptionRefusedException if the server does not give the export
     */
    public static NbdClient connect(Path socket, String export) throws IOException {
        NbdClient client = greet(socket);
        try {
            client.go(export);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /**
     * Chooses an export over a connection that is there.
     *
     * @param connected owned by the client from now on
     */
    public static NbdClient over(SocketChannel connected, String export) throws IOException {
        NbdClient client = new NbdClient(connected);
        try {
            client.exchangeGreetings();
            client.go(export);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    /** Connects, asks for structured replies and metadata contexts, and chooses an export. */
    public static NbdClient connectStructured(Path socket, String export, String... contexts) throws IOException {
        NbdClient client = greet(socket);
        try {
            client.option(OPTION_STRUCTURED_REPLY, new byte[0]);
            client.option(OPTION_SET_META_CONTEXT, contextQuery(export, contexts));
            client.go(export);
            return client;
        } catch (IOException e) {
            client.close();
            throw e;
        }
    }

    private void exchangeGreetings() throws IOException {
        ByteBuffer greeting = ByteBuffer.wrap(receive(18));
        expect("greeting", GREETING, greeting.getLong());
        expect("greeting's second half", OPTION, greeting.getLong());
        expect("handshake flags", BOTH_HANDSHAKE_FLAGS, greeting.getShort());
        send(ByteBuffer.allocate(4).putInt(BOTH_HANDSHAKE_FLAGS).array());
    }

    private void go(String export) throws IOException {
        List<OptionReply> replies = option(OPTION_GO, exportQuery(export));
        OptionReply last = replies.get(replies.size() - 1);
        if (last.type() != REPLY_ACK) {
            throw new OptionRefusedException(last);
        }
        for (OptionReply reply : replies) {
            ByteBuffer data = ByteBuffer.wrap(reply.data());
            if (reply.type() == REPLY_INFO && data.getShort() == INFORMATION_EXPORT) {
                sizeBytes = data.getLong();
                transmissionFlags = data.getShort();
            }
        }
    }

    /** Returns the data of the options INFO and GO that asks for {@code informations}. */
    public static byte[] exportQuery(String export, int... informations) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + name.length + 2 * informations.length);
        data.putInt(name.length).put(name).putShort((short) informations.length);
        for (int information : informations) {
            data.putShort((short) information);
        }
        return data.array();
    }

    /** Returns the data of the options SET_META_CONTEXT and LIST_META_CONTEXT. */
    public static byte[] contextQuery(String export, String... queries) {
        ByteBuffer data = ByteBuffer.allocate(64 << 10);
        put(data, export);
        data.putInt(queries.length);
        for (String query : queries) {
            put(data, query);
        }
        return Arrays.copyOf(data.array(), data.position());
    }

    private static void put(ByteBuffer data, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        data.putInt(bytes.length).put(bytes);
    }

    /** Sends an option and returns all replies, the last of which is an ACK or an error. */
    public List<OptionReply> option(int option, byte[] data) throws IOException {
        sendOption(option, data);
        List<OptionReply> replies = new ArrayList<>();
        do {
            replies.add(receiveOptionReply(option));
        } while (replies.get(replies.size() - 1).hasMore());
        return replies;
    }

    public void sendOption(int option, byte[] data) throws IOException {
        send(ByteBuffer.allocate(16 + data.length)
                .putLong(OPTION)
                .putInt(option)
                .putInt(data.length)
                .put(data)
                .array());
    }

    private OptionReply receiveOptionReply(int option) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(receive(20));
        expect("option reply", OPTION_REPLY, header.getLong());
        expect("option that is answered", option, header.getInt());
        int type = header.getInt();
        return new OptionReply(type, receive(header.getInt()));
    }

    /** The export's size. */
    public long sizeBytes() {
        return sizeBytes;
    }

    /** What the export can do, as the server said. */
    public int transmissionFlags() {
        return transmissionFlags;
    }

    /**
     * Reads from the export.
     *
     * @throws RequestFailedException if the server answers with an error
     */
    public byte[] read(long offset, int lengthBytes) throws IOException {
        succeed(READ, request(0, READ, offset, lengthBytes, new byte[0]));
        return receive(lengthBytes);
    }

    /**
     * Writes to the export.
     *
     * @throws RequestFailedException if the server answers with an error
     */
    public void write(long offset, byte[] data) throws IOException {
        succeed(WRITE, request(0, WRITE, offset, data.length, data));
    }

    /** Writes, and has the server answer only when the data is durable. */
    public void writeFua(long offset, byte[] data) throws IOException {
        succeed(WRITE, request(FLAG_FUA, WRITE, offset, data.length, data));
    }

    /** Discards bytes, which are zeros then as far as this project's server is concerned. */
    public void trim(long offset, int lengthBytes) throws IOException {
        succeed(TRIM, request(0, TRIM, offset, lengthBytes, new byte[0]));
    }

    /** Makes all answered writes durable. */
    public void flush() throws IOException {
        succeed(FLUSH, request(0, FLUSH, 0, 0, new byte[0]));
    }

    /** Says goodbye; the server closes then. */
    public void disconnect() throws IOException {
        sendRequest(0, DISCONNECT, 0, 0, new byte[0]);
        awaitEnd();
    }

    /** Sends a request of any kind and returns the error of the reply; a read's payload is left to the caller. */
    public int request(int flags, int command, long offset, int lengthBytes, byte[] payload) throws IOException {
        return receiveReply(sendRequest(flags, command, offset, lengthBytes, payload));
    }

    /** Sends a request and returns its cookie. */
    public long sendRequest(int flags, int command, long offset, int lengthBytes, byte[] payload) throws IOException {
        long cookie = nextCookie++;
        send(ByteBuffer.allocate(28 + payload.length)
                .putInt(REQUEST)
                .putShort((short) flags)
                .putShort((short) command)
                .putLong(cookie)
                .putLong(offset)
                .putInt(lengthBytes)
                .put(payload)
                .array());
        return cookie;
    }

    /** Receives the reply to a request and returns its error, 0 for none. */
    public int receiveReply(long cookie) throws IOException {
        ByteBuffer header = ByteBuffer.wrap(receive(16));
        expect("reply", REPLY, header.getInt());
        int error = header.getInt();
        expect("cookie", cookie, header.getLong());
        return error;
    }

    /** Receives a structured reply, which must be of one chunk. */
    public Chunk receiveChunk(long cookie) throws IOException {
        List<Chunk> chunks = receiveChunks(cookie);
        expect("chunks", 1, chunks.size());
        return chunks.get(0);
    }

    /** Receives all chunks of a structured reply. */
    public List<Chunk> receiveChunks(long cookie) throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        int flags;
        do {
            ByteBuffer header = ByteBuffer.wrap(receive(20));
            expect("chunk", CHUNK, header.getInt());
            flags = header.getShort();
            int type = Short.toUnsignedInt(header.getShort());
            expect("cookie", cookie, header.getLong());
            chunks.add(new Chunk(type, receive(header.getInt())));
        } while (flags != CHUNK_DONE);
        return chunks;
    }

    /** Sends a request that is answered in a chunk. */
    public Chunk requestChunk(int flags, int command, long offset, int lengthBytes) throws IOException {
        return receiveChunk(sendRequest(flags, command, offset, lengthBytes, new byte[0]));
    }

    private static void succeed(int command, int error) throws RequestFailedException {
        if (error != 0) {
            throw new RequestFailedException(command, error);
        }
    }

    private static void expect(String what, long expected, long found) throws IOException {
        if (expected != found) {
            throw new IOException(String.format(Locale.ROOT, "%s is 0x%x, expected 0x%x", what, found, expected));
        }
    }

    /** Sends any bytes. */
    public void send(byte[] bytes) throws IOException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            if (socket.write(left) == 0) {
                await(SelectionKey.OP_WRITE, end, "sending");
            }
        }
    }

    /**
     * Receives that many bytes.
     *
     * @throws EOFException if the server closes before
     */
    public byte[] receive(int count) throws IOException {
        byte[] bytes = new byte[count];
        int received = receive(ByteBuffer.wrap(bytes));
        if (received < count) {
            throw new EOFException("server closed after " + received + " of " + count + " bytes");
        }
        return bytes;
    }

    /** Receives until the server closes, and returns what came. */
    public byte[] awaitEnd() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[4096];
        int received;
        try {
            do {
                received = receive(ByteBuffer.wrap(piece));
                all.write(piece, 0, received);
            } while (received == piece.length);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // A server that closes with our bytes unread resets the connection: an end as well.
            return all.toByteArray();
        }
        return all.toByteArray();
    }

    /** Fills {@code target}; returns how many bytes came, less than fit if the server closed. */
    private int receive(ByteBuffer target) throws IOException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (target.hasRemaining()) {
            int count = socket.read(target);
            if (count < 0) {
                break;
            }
            if (count == 0) {
                await(SelectionKey.OP_READ, end, "receiving");
            }
        }
        return target.position();
    }

    private void await(int readiness, long endNanos, String what) throws IOException {
        key.interestOps(readiness);
        long millisLeft = Duration.ofNanos(endNanos - System.nanoTime()).toMillis();
        if (millisLeft <= 0 || selector.select(millisLeft) == 0) {
            throw new SocketTimeoutException("server did not react within " + DEADLINE + " while " + what);
        }
        selector.selectedKeys().clear();
    }

    /** Says that nothing more will be sent. */
    public void endOutput() throws IOException {
        socket.shutdownOutput();
    }

    /** Disconnects without a word. */
    @Override
    public void close() throws IOException {
        selector.close();
        socket.close();
    }

    /** A structured reply. */
    @SuppressWarnings("ArrayRecordComponent") // read by tests, never compared
    public record Chunk(int type, byte[] data) {
        /** The number of an error. */
        public int error() {
            return type == CHUNK_ERROR ? ByteBuffer.wrap(data).getInt() : 0;
        }

        /** The number of the metadata context of a block status. */
        public int context() {
            return ByteBuffer.wrap(data).getInt();
        }

        /** The extents of a block status: length and state of each in turn. */
        public List<Integer> extents() {
            ByteBuffer body = ByteBuffer.wrap(data);
            List<Integer> numbers = new ArrayList<>();
            body.getInt();
            while (body.hasRemaining()) {
                numbers.add(body.getInt());
            }
            return numbers;
        }
    }

    /** A part of the answer to an option. */
    @SuppressWarnings("ArrayRecordComponent") // read by tests, never compared
    public record OptionReply(int type, byte[] data) {
        /** Whether another reply to the same option follows. */
        public boolean hasMore() {
            return type == REPLY_INFO || type == REPLY_SERVER || type == REPLY_META_CONTEXT;
        }

        /** The text that comes with an error. */
        public String text() {
            return new String(data, StandardCharsets.UTF_8);
        }
    }

    /** The server refused an option. */
    public static final class OptionRefusedException extends IOException {
        private static final long serialVersionUID = 1;

        private final int type;

        OptionRefusedException(OptionReply reply) {
            super(String.format(Locale.ROOT, "server refuses the option with 0x%x: %s", reply.type(), reply.text()));
            type = reply.type();
        }

        /** The reply's type, one of {@code ERROR_...}. */
        public int type() {
            return type;
        }
    }

    /** The server answered a request with an error. */
    public static final class RequestFailedException extends IOException {
        private static final long serialVersionUID = 1;

        private final int error;

        RequestFailedException(int command, int error) {
            super("server answers command " + command + " with error " + error);
            this.error = error;
        }

        /** The error's number. */
        public int error() {
            return error;
        }
    }
}
