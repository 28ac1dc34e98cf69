package io.catena.agent.trace;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Tells of what is written to a response. JSON is kept up to 1 MiB, until its end. Events have no end: each write is told by
 * itself. Of everything else only the head is told.
 */
final class TracedResponse extends Response.Wrapper {
    private static final int MOST_BYTES = 1 << 20;

    private final String face;
    private final AnswerTrace trace;

    /** Guarded by this, as is all that follows. */
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();

    private boolean whole = true;
    private boolean told;

    TracedResponse(Request request, Response response, String face, AnswerTrace trace) {
        super(request, response);
        this.face = face;
        this.trace = trace;
        Request.addCompletionListener(request, failure -> brokenOff());
    }

    @Override
    public void write(boolean last, @Nullable ByteBuffer content, Callback callback) {
        written(last, content);
        super.write(last, content, callback);
    }

    private synchronized void written(boolean last, @Nullable ByteBuffer content) {
        if (content != null) {
            keep(content.slice());
        }
        boolean events = contentType().startsWith("text/event-stream");
        if (last || events) {
            tell();
            body.reset();
        }
    }

    private void keep(ByteBuffer content) {
        boolean wanted = contentType().contains("json") || contentType().startsWith("text/event-stream");
        int length = wanted ? Math.min(content.remaining(), MOST_BYTES - body.size()) : 0;
        whole &= length == content.remaining();
        byte[] bytes = new byte[length];
        content.get(bytes);
        body.write(bytes, 0, length);
    }

    /** An answer that was begun and has no end, as its client has gone. */
    private synchronized void brokenOff() {
        if (!told && isCommitted()) {
            whole = false;
            tell();
        }
    }

    private void tell() {
        told = true;
        int status = getStatus() == 0 ? 200 : getStatus();
        Request request = getRequest();
        trace.sent(new SentAnswer(
                face,
                request.getMethod(),
                Objects.requireNonNullElse(request.getHttpURI().getPath(), ""),
                status,
                contentType(),
                body.toString(StandardCharsets.UTF_8),
                whole));
    }

    private String contentType() {
        return Objects.requireNonNullElse(getHeaders().get(HttpHeader.CONTENT_TYPE), "");
    }
}
