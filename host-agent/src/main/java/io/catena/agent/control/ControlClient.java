package io.catena.agent.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Asks an agent over its Unix socket: one HTTP/1.1 request to a connection.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}: the agent's own, or {@link SrError#AGENT_UNREACHABLE} if it
 * does not answer in time. <b>Threads.</b> Safe for use by many threads.
 */
public final class ControlClient {
    private static final int MAX_ANSWER_BYTES = 64 << 20;
    private static final String END_OF_HEAD = "\r\n\r\n";

    private final Path socket;
    private final Duration patience;

    /**
     * @param socket where the agent listens
     * @param patience how long an answer may take
     */
    public ControlClient(Path socket, Duration patience) {
        this.socket = socket;
        this.patience = patience;
    }

    /** Returns {@code text} as one part of a path. */
    public static String part(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    public JsonElement get(String path) {
        return ask("GET", path, null);
    }

    public JsonElement delete(String path) {
        return ask("DELETE", path, null);
    }

    public JsonElement post(String path) {
        return ask("POST", path, null);
    }

    public JsonElement post(String path, JsonObject body) {
        return ask("POST", path, body);
    }

    private JsonElement ask(String method, String path, @Nullable JsonObject body) {
        try {
            return decode(exchange(encode(method, path, body == null ? "" : body.toString())));
        } catch (IOException | JsonParseException e) {
            throw new SrException(
                            SrError.AGENT_UNREACHABLE,
                            "No answer from an agent at " + socket + ": " + e.getMessage(),
                            e)
                    .correction("Start it: catena agent");
        }
    }

    private static byte[] encode(String method, String path, String body) {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + path + " HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: " + content.length + END_OF_HEAD;
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(content);
        return request.toByteArray();
    }

    private byte[] exchange(byte[] request) throws IOException {
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
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer in = ByteBuffer.allocate(64 << 10);
            while (true) {
                await(selector, deadline);
                if (channel.read(in.clear()) < 0) {
                    return answer.toByteArray();
                }
                answer.write(in.array(), 0, in.position());
                if (answer.size() > MAX_ANSWER_BYTES) {
                    throw new IOException("the answer has more than " + MAX_ANSWER_BYTES + " bytes");
                }
            }
        }
    }

    private void await(Selector selector, long deadline) throws IOException {
        long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
        if (millis <= 0 || selector.select(millis) == 0) {
            throw new SocketTimeoutException("nothing came within " + patience.toSeconds() + " s");
        }
        selector.selectedKeys().clear();
    }

    private static JsonElement decode(byte[] answer) throws IOException {
        // ISO-8859-1 maps each byte to one character, so that an index in the text is one in the bytes.
        String text = new String(answer, StandardCharsets.ISO_8859_1);
        int headEnd = text.indexOf(END_OF_HEAD);
        if (headEnd < 0) {
            throw new EOFException("the connection ended before the answer did");
        }
        List<String> head = text.substring(0, headEnd).lines().toList();
        int bodyAt = headEnd + END_OF_HEAD.length();
        int bodyBytes = answer.length - bodyAt;
        if (bodyBytes != contentLength(head)) {
            throw new EOFException("the connection ended before the answer did");
        }
        JsonElement json = Json.read(new String(answer, bodyAt, bodyBytes, StandardCharsets.UTF_8), JsonElement.class);
        if (head.get(0).startsWith("HTTP/1.1 200")) {
            return json;
        }
        ErrorBody failure = Json.read(json, ErrorBody.class);
        throw failure.toException();
    }

    private static int contentLength(List<String> head) throws IOException {
        String name = "content-length:";
        for (String line : head) {
            if (line.regionMatches(true, 0, name, 0, name.length())) {
                try {
                    return Integer.parseInt(line.substring(name.length()).strip());
                } catch (NumberFormatException e) {
                    throw new IOException("the answer's head says \"" + line + "\"", e);
                }
            }
        }
        throw new IOException("the answer has no length");
    }
}
