package io.catena.agent.control.route;

import io.catena.agent.control.Streamed;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiStream;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.function.BooleanSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Sends the content of a disk, by a thread of its own. A client that goes away ends it. */
public final class ContentStreamed implements Streamed, Closeable {
    private static final Logger LOG = Logger.getLogger(ContentStreamed.class.getName());

    private final VdiStream stream;
    private final long from;
    private final boolean patient;
    private final Runnable ended;

    private ContentStreamed(VdiStream stream, long from, boolean patient, Runnable ended) {
        this.stream = stream;
        this.from = from;
        this.patient = patient;
        this.ended = ended;
    }

    /**
     * Returns what sends a stream and closes it.
     *
     * @param from the first byte that is sent
     * @param patient whether the client may take it as slowly as it likes
     * @param ended called when the stream is closed
     * @throws SrException if there is no such byte; the stream is closed, and {@code ended} not called
     */
    public static ContentStreamed of(VdiStream stream, long from, boolean patient, Runnable ended) {
        if (from > stream.lengthBytes()) {
            new ContentStreamed(stream, from, patient, () -> {}).close();
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "The stream has " + stream.lengthBytes() + " bytes, and none from " + from + " on");
        }
        return new ContentStreamed(stream, from, patient, ended);
    }

    @Override
    public void send(Response response, Callback callback, BooleanSupplier stillMay) {
        response.setStatus(200);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/octet-stream");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, stream.lengthBytes() - from);
        Thread thread = new Thread(() -> write(response, callback), "stream");
        thread.setDaemon(true);
        thread.start();
    }

    private void write(Response response, Callback callback) {
        try (this) {
            stream.writeTo(patient ? new SinkChannel(response) : new SteadySink(response), from);
            Content.Sink.write(response, true, ByteBuffer.allocate(0));
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.INFO, LogLine.of("stream-broken-off", "cause", e));
            callback.failed(e);
            return;
        }
        callback.succeeded();
    }

    /** Hands pieces on as they are; what the JDK makes of an output stream would cut them up in pieces of 8 KiB. */
    private record SinkChannel(Content.Sink sink) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer source) throws IOException {
            int length = source.remaining();
            Content.Sink.write(sink, false, source);
            return length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    @Override
    public void close() {
        try {
            stream.close();
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("stream-not-closed", "cause", e));
        } finally {
            ended.run();
        }
    }
}
