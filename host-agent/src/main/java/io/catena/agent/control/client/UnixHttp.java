package io.catena.agent.control.client;

import java.io.ByteArrayOutputStream;
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
import java.util.List;
import java.util.regex.Pattern;

/**
 * Asks a server at a Unix socket: one HTTP/1.1 request to a connection.
 *
 * <p><b>Errors.</b> An {@link IOException} if no whole answer comes in time. <b>Threads.</b> Safe for use by many threads.
 */
public final class UnixHttp {
    static final String END_OF_HEAD = "\r\n\r\n";
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] [0-9]{3}( .*)?");
    private static final int UNKNOWN = -1;

    private final Path socket;
    private final Duration patience;
    private final int maxAnswerBytes;

    /**
     * @param socket where the server listens
     * @param patience how long an answer may take
     * @param maxAnswerBytes how long an answer may be
     */
    public UnixHttp(Path socket, Duration patience, int maxAnswerBytes) {
        this.socket = socket;
        this.patience = patience;
        this.maxAnswerBytes = maxAnswerBytes;
    }

    /** An answer. */
    public record Answer(int status, ByteBuffer body) {}

    /** Sends a request and returns the answer, whatever its status. */
    public Answer ask(String method, String path, String contentType, byte[] content) throws IOException {
        return exchange(encode(method, path, contentType, content));
    }

    static byte[] encode(String method, String path, String contentType, byte[] content) {
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
                + contentType + "\r\nContent-Length: " + content.length + END_OF_HEAD;
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(content);
        return request.toByteArray();
    }

    private Answer exchange(byte[] request) throws IOException {
        long deadline = System.nanoTime() + patience.toNanos();
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                Selector selector = Selector.open()) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer out = ByteBuffer.wrap(request);
            while (out.hasRemaining()) {
                await(selector, deadline);
                channel.write(out);
            }
            key.interestOps(SelectionKey.OP_READ);
            return decode(receive(channel, selector, deadline));
        }
    }

    /** Returns all until the answer is whole, for not every server closes the connection then. */
    private byte[] receive(SocketChannel channel, Selector selector, long deadline) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        ByteBuffer in = ByteBuffer.allocate(64 << 10);
        int expected = UNKNOWN;
        while (expected == UNKNOWN || answer.size() < expected) {
            await(selector, deadline);
            if (channel.read(in.clear()) < 0) {
                return answer.toByteArray();
            }
            answer.write(in.array(), 0, in.position());
            if (answer.size() > maxAnswerBytes) {
                throw new IOException("the answer has more than " + maxAnswerBytes + " bytes");
            }
            expected = expected == UNKNOWN ? lengthOf(answer) : expected;
        }
        return answer.toByteArray();
    }

    private void await(Selector selector, long deadline) throws IOException {
        long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
        if (millis <= 0 || selector.select(millis) == 0) {
            throw new SocketTimeoutException("nothing came within " + patience.toSeconds() + " s");
        }
        selector.selectedKeys().clear();
    }

    /** Returns how many bytes the answer will have with its head; {@link #UNKNOWN} as long as the head is not whole. */
    private static int lengthOf(ByteArrayOutputStream answer) throws IOException {
        String text = answer.toString(StandardCharsets.ISO_8859_1);
        int headEnd = text.indexOf(END_OF_HEAD);
        if (headEnd < 0) {
            return UNKNOWN;
        }
        long length = headEnd + END_OF_HEAD.length() + contentLength(text.substring(0, headEnd));
        return (int) Math.max(0, Math.min(Integer.MAX_VALUE, length));
    }

    /** Reads all that came on a connection. */
    static Answer decode(byte[] answer) throws IOException {
        // ISO-8859-1 maps each byte to one character, so that an index in the text is one in the bytes.
        String text = new String(answer, StandardCharsets.ISO_8859_1);
        int headEnd = text.indexOf(END_OF_HEAD);
        if (headEnd < 0) {
            throw new EOFException("the connection ended before the answer did");
        }
        String head = text.substring(0, headEnd);
        int bodyAt = headEnd + END_OF_HEAD.length();
        if (answer.length - bodyAt != contentLength(head)) {
            throw new EOFException("the connection ended before the answer did");
        }
        return new Answer(
                status(head),
                ByteBuffer.wrap(answer, bodyAt, answer.length - bodyAt).slice());
    }

    static int status(String head) throws IOException {
        String line = head.lines().findFirst().orElse("");
        if (!STATUS.matcher(line).matches()) {
            throw new IOException("the answer begins with \"" + line + "\"");
        }
        return Integer.parseInt(line.substring(9, 12));
    }

    static long contentLength(String head) throws IOException {
        String name = "content-length:";
        List<String> lines = head.lines().toList();
        for (String line : lines) {
            if (line.regionMatches(true, 0, name, 0, name.length())) {
                try {
                    return Long.parseLong(line.substring(name.length()).strip());
                } catch (NumberFormatException e) {
                    throw new IOException("the answer's head says \"" + line + "\"", e);
                }
            }
        }
        throw new IOException("the answer has no length");
    }
}
