package io.catena.agent.control.client;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.catena.agent.json.Json;
import io.catena.api.SrException;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Sends content that is too large to be held to an agent, over its Unix socket. For use by one thread. */
public final class ContentUpload {
    private static final int MOST_ANSWER_BYTES = 1 << 20;
    private static final int PIECE_BYTES = 1 << 20;
    private static final int OK = 200;

    private final Path socket;

    public ContentUpload(Path socket) {
        this.socket = socket;
    }

    /**
     * A part of a stream.
     *
     * @param source its bytes
     * @param from where the first of them stands in the stream
     * @param wholeBytes how long the stream is, or -1 if nobody knows
     */
    public record Part(ReadableByteChannel source, long from, long wholeBytes) {
        private boolean isChunked() {
            return wholeBytes < 0;
        }

        /** Fills {@code piece} from {@code done} on; returns false at the end of the stream. */
        private boolean read(ByteBuffer piece, long done) throws IOException {
            piece.clear();
            if (!isChunked()) {
                piece.limit((int) Math.min(PIECE_BYTES, wholeBytes - done));
            }
            int count = piece.hasRemaining() ? source.read(piece) : -1;
            if (count < 0 && done < wholeBytes) {
                throw new EOFException("it ended after " + done + " bytes, expected " + wholeBytes);
            }
            piece.flip();
            return count >= 0;
        }

        private String lengthHeader() {
            return isChunked() ? "Transfer-Encoding: chunked\r\n" : "Content-Length: " + (wholeBytes - from) + "\r\n";
        }
    }

    /**
     * Sends a stream from somewhere on.
     *
     * @param path where to, with the query
     * @return what the agent answers
     * @throws SrException if the agent refuses
     * @throws LostConnectionException if the connection breaks off
     * @throws IOException if the source does
     */
    public JsonElement send(String path, Part part, ContentDownload.Progress progress) throws IOException {
        try (SocketChannel channel = connect()) {
            LostConnectionException broken = sendHead(channel, path, part);
            return answer(channel, broken == null ? sendBody(channel, part, progress) : broken);
        }
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw new LostConnectionException(e);
        }
    }

    private static @Nullable LostConnectionException sendHead(SocketChannel channel, String path, Part part) {
        try {
            writeText(
                    channel,
                    "PUT " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            + "Content-Type: application/octet-stream\r\n" + part.lengthHeader() + "\r\n");
            return null;
        } catch (IOException e) {
            return new LostConnectionException(e);
        }
    }

    /** Who refuses hangs up before all was sent, and has told why: what that breaks is returned, not thrown. */
    private static LostConnectionException sendBody(SocketChannel channel, Part part, ContentDownload.Progress progress)
            throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        for (long done = part.from(); part.read(piece, done); ) {
            done += piece.remaining();
            try {
                sendPiece(channel, piece, part.isChunked());
            } catch (IOException e) {
                return new LostConnectionException(e);
            }
            progress.done(done, part.wholeBytes());
        }
        try {
            if (part.isChunked()) {
                writeText(channel, "0\r\n\r\n");
            }
        } catch (IOException e) {
            return new LostConnectionException(e);
        }
        return new LostConnectionException("the connection ended before the answer did", true);
    }

    private static void sendPiece(SocketChannel channel, ByteBuffer piece, boolean chunked) throws IOException {
        if (!chunked) {
            write(channel, piece);
        } else if (piece.hasRemaining()) {
            writeText(channel, Integer.toHexString(piece.remaining()) + "\r\n");
            write(channel, piece);
            writeText(channel, "\r\n");
        }
    }

    private static void writeText(SocketChannel channel, String text) throws IOException {
        write(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static JsonElement answer(SocketChannel channel, LostConnectionException broken) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(MOST_ANSWER_BYTES);
        UnixHttp.Answer answer;
        try {
            receive(channel, bytes, broken);
            answer = UnixHttp.decode(Arrays.copyOf(bytes.array(), bytes.position()));
        } catch (IOException e) {
            broken.addSuppressed(e);
            throw broken;
        }
        String body = StandardCharsets.UTF_8.decode(answer.body()).toString();
        if (answer.status() != OK) {
            throw Json.read(body, ErrorBody.class).toException();
        }
        return JsonParser.parseString(body);
    }

    /** Receives all until the server closes the connection; if it does so before it has read all, what comes last is an error. */
    private static void receive(SocketChannel channel, ByteBuffer bytes, LostConnectionException broken) {
        try {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // The answer tells how long it is.
            }
        } catch (IOException e) {
            broken.addSuppressed(e);
        }
    }
}
