package io.catena.agent.control;

import io.catena.api.VdiStream;
import io.catena.log.LogLine;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Sends the content of a disk, by a thread of its own. A client that goes away ends it. */
final class ContentStreamed implements Streamed, Closeable {
    private static final Logger LOG = Logger.getLogger(ContentStreamed.class.getName());

    private final VdiStream stream;
    private final long from;
    private final Runnable ended;

    /**
     * @param from the first byte that is sent
     * @param ended called once, when the stream is closed
     */
    ContentStreamed(VdiStream stream, long from, Runnable ended) {
        this.stream = stream;
        this.from = from;
        this.ended = ended;
    }

    @Override
    public void send(Response response, Callback callback) {
        response.setStatus(200);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/octet-stream");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, stream.lengthBytes() - from);
        Thread thread = new Thread(() -> write(response, callback), "stream");
        thread.setDaemon(true);
        thread.start();
    }

    private void write(Response response, Callback callback) {
        try (this;
                OutputStream out = Content.Sink.asOutputStream(response)) {
            stream.writeTo(Channels.newChannel(out), from);
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.INFO, LogLine.of("stream-broken-off", "cause", e));
            callback.failed(e);
            return;
        }
        callback.succeeded();
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
