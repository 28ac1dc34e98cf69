package io.catena.agent.control.client;

import io.catena.agent.json.Json;
import io.catena.api.SrException;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Fetches content that is too large to be held from an agent, over its Unix socket. For use by one thread. */
public final class ContentDownload {
    private static final int MOST_HEAD_BYTES = 64 << 10;

    private final Path socket;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(1 << 20);

    /** Hears how far a stream got. */
    @FunctionalInterface
    public interface Progress {
        /**
         * So many bytes are through.
         *
         * @param ofBytes how long the stream is, or -1 if nobody knows
         */
        void done(long bytes, long ofBytes);
    }

    public ContentDownload(Path socket) {
        this.socket = socket;
    }

    /**
     * Writes what the agent answers to {@code path}.
     *
     * @throws SrException if the agent refuses
     * @throws IOException if the connection or the target breaks off
     */
    public void fetch(String path, WritableByteChannel target, Progress progress) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            ByteBuffer request = ByteBuffer.wrap(UnixHttp.encode("GET", path, "application/json", new byte[0]));
            while (request.hasRemaining()) {
                channel.write(request);
            }
            String head = head(channel);
            long length = UnixHttp.contentLength(head);
            if (UnixHttp.status(head) != 200) {
                throw refusal(channel, length);
            }
            copy(channel, length, target, progress);
        }
    }

    /** Leaves what came of the content in {@link #piece}. */
    private String head(SocketChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        piece.clear().limit(0);
        while (text.indexOf(UnixHttp.END_OF_HEAD) < 0) {
            if (text.length() > MOST_HEAD_BYTES) {
                throw new IOException("the answer's head does not end");
            }
            if (!piece.hasRemaining()) {
                fill(channel);
            }
            text.append((char) (piece.get() & 0xFF));
        }
        return text.toString();
    }

    private void fill(SocketChannel channel) throws IOException {
        if (channel.read(piece.clear()) < 0) {
            throw new EOFException("the connection ended before the answer did");
        }
        piece.flip();
    }

    private SrException refusal(SocketChannel channel, long length) throws IOException {
        ByteBuffer body = ByteBuffer.allocate((int) Math.min(length, piece.capacity()));
        while (body.hasRemaining()) {
            if (!piece.hasRemaining()) {
                fill(channel);
            }
            body.put(piece.get());
        }
        return Json.read(new String(body.array(), StandardCharsets.UTF_8), ErrorBody.class)
                .toException();
    }

    private void copy(SocketChannel channel, long length, WritableByteChannel target, Progress progress)
            throws IOException {
        long done = 0;
        while (done < length) {
            if (!piece.hasRemaining()) {
                fill(channel);
            }
            done += piece.remaining();
            while (piece.hasRemaining()) {
                target.write(piece);
            }
            progress.done(done, length);
        }
    }
}
