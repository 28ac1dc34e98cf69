package io.catena.agent.api;

import io.catena.agent.api.auth.AuditLog;
import io.catena.agent.api.problem.Reply;
import io.catena.agent.control.Call;
import io.catena.agent.control.Caller;
import io.catena.agent.control.RouteTable;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.time.Clock;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** One request from its arrival to its answer. For one thread at a time. */
final class Exchange {
    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS");

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final String id;
    private final long begunNanos;
    private @Nullable Caller caller;
    private RouteTable.@Nullable Match match;

    Exchange(Request request, Response response, Callback callback, String id, long nanoTime) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.id = id;
        begunNanos = nanoTime;
    }

    Request request() {
        return request;
    }

    Response response() {
        return response;
    }

    Callback callback() {
        return callback;
    }

    String id() {
        return id;
    }

    String method() {
        return request.getMethod();
    }

    /** As it came. */
    String path() {
        return request.getHttpURI().getPath();
    }

    String query() {
        String query = request.getHttpURI().getQuery();
        return query == null ? "" : query;
    }

    @Nullable
    String header(String name) {
        return request.getHeaders().get(name);
    }

    /** The body, for a route that reads it itself. */
    Call.Upload upload() {
        return new Call.Upload(Channels.newChannel(Content.Source.asInputStream(request)), request.getLength());
    }

    boolean isSafe() {
        return SAFE.contains(method());
    }

    void asks(Caller who) {
        caller = who;
    }

    Caller caller() {
        if (caller == null) {
            throw new IllegalStateException("nobody knows yet who asks");
        }
        return caller;
    }

    void found(RouteTable.Match what) {
        match = what;
    }

    RouteTable.Match match() {
        if (match == null) {
            throw new IllegalStateException("no route is known yet");
        }
        return match;
    }

    String operation() {
        return match == null ? "none" : match.route().operationId();
    }

    long elapsedNanos() {
        return System.nanoTime() - begunNanos;
    }

    /**
     * Sends the answer, after what is left of a small body: closing a connection on which the client still sends would make
     * it lose the answer. After a large body the connection ends, and the client is told so: it would send its next request
     * into nothing.
     */
    void send(Reply reply) {
        long length = request.getLength();
        if (request.getHeaders().contains(HttpHeader.EXPECT)) {
            write(reply, false); // to read would ask for the body
        } else if (length > 0 && length <= ApiHandler.MOST_BODY_BYTES) {
            Content.Source.consumeAll(request, Callback.from(() -> write(reply, true), failure -> write(reply, false)));
        } else {
            write(reply, request.consumeAvailable());
        }
    }

    private void write(Reply reply, boolean bodyIsRead) {
        ApiHeaders.common(response, id);
        if (!bodyIsRead) {
            response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
        }
        response.setStatus(reply.status());
        reply.headers().forEach(response.getHeaders()::put);
        byte[] bytes = reply.bytes();
        if (!reply.contentType().isEmpty()) {
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, reply.contentType());
        }
        if (reply.status() != 304 && reply.status() != 204) {
            response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
        }
        boolean head = HttpMethod.HEAD.is(method());
        response.write(true, head ? ByteBuffer.allocate(0) : ByteBuffer.wrap(bytes), callback);
    }

    AuditLog.Entry audit(Reply reply, Clock clock) {
        return new AuditLog.Entry(
                clock.instant(),
                id,
                caller == null ? AuditLog.Entry.STRANGER : caller.name(),
                caller == null ? AuditLog.Entry.STRANGER : caller.role().text(),
                caller == null ? "tls " + Request.getRemoteAddr(request) : caller.via(),
                method(),
                path(),
                match == null ? null : match.route().operationId(),
                reply.status(),
                reply.code(),
                reply.job(),
                elapsedNanos() / 1000);
    }
}
