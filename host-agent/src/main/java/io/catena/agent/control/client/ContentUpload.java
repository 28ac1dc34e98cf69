package io.catena.agent.control.client;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import io.catena.agent.json.Json;
import io.catena.api.SrException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Sends content that is too large to be held to an agent, over its Unix socket. For use by one thread. */
public final class ContentUpload {
    private static final int MOST_ANSWER_BYTES = 1 << 20;
    private static final int PIECE_BYTES = 1 << 20;

    private final Path socket;

    public ContentUpload(Path socket) {
        this.socket = socket;
    }

    /**
     * Sends all of {@code source}.
     *
     * @param path where to, with the query
     * @param lengthBytes how much there is, or -1 if nobody knows
     * @return what the agent answers
     * @throws SrException if the agent refuses
     * @throws IOException if the connection or the source breaks off
     */
    public JsonElement send(
            String path, ReadableByteChannel source, long lengthBytes, ContentDownload.Progress progress)
            throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            String length =
                    lengthBytes < 0 ? "Transfer-Encoding: chunked\r\n" : "Content-Length: " + lengthBytes + "\r\n";
            writeText(
                    channel,
                    "PUT " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                            + "Content-Type: application/octet-stream\r\n" + length + "\r\n");
            IOException broken = sendBody(channel, source, lengthBytes, progress);
            return answer(channel, broken);
        }
    }

    /** Who refuses hangs up before all was sent, and has told why: what that breaks is returned, not thrown. */
    private static IOException sendBody(
            SocketChannel channel, ReadableByteChannel source, long lengthBytes, ContentDownload.Progress progress)
            throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        for (long done = 0; source.read(piece.clear()) >= 0; ) {
            done += piece.position();
            try {
                sendPiece(channel, piece.flip(), lengthBytes < 0);
            } catch (IOException e) {
                return e;
            }
            progress.done(done, Math.max(done, lengthBytes));
        }
        try {
            if (lengthBytes < 0) {
                writeText(channel, "0\r\n\r\n");
            }
        } catch (IOException e) {
            return e;
        }
        return new IOException("the connection ended before the answer did");
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

    private static JsonElement answer(SocketChannel channel, IOException broken) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(MOST_ANSWER_BYTES);
        try {
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // The server closes the connection behind its answer.
            }
        } catch (IOException e) {
            broken.addSuppressed(e);
        }
        String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
        int end = text.indexOf(UnixHttp.END_OF_HEAD);
        if (end < 0) {
            throw broken;
        }
        String body = text.substring(end + UnixHttp.END_OF_HEAD.length());
        if (UnixHttp.status(text.substring(0, end)) != 200) {
            throw Json.read(body, ErrorBody.class).toException();
        }
        return JsonParser.parseString(body);
    }
}
