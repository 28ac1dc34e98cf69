package io.catena.agent.control;

import io.catena.agent.control.client.ErrorBody;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Takes a request from the wire to its route, and the answer or error back. */
final class ControlHandler extends Handler.Abstract {
    static final int MAX_BODY_BYTES = 1 << 20;

    private static final Logger LOG = Logger.getLogger(ControlHandler.class.getName());

    private final Peers peers;
    private final RouteTable routes;

    ControlHandler(Peers peers, List<Route> routes) {
        this.peers = peers;
        this.routes = new RouteTable(routes);
    }

    private record Answer(int status, Object value) {
        static Answer failure(int status, SrError error, String message) {
            return new Answer(status, ErrorBody.of(new SrException(error, message)));
        }
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        Answer answer = answer(request);
        if (answer.value() instanceof Streamed streamed) {
            streamed.send(response, callback, () -> true);
            return true;
        }
        byte[] content = answer.value() instanceof byte[] bytes
                ? bytes
                : (Json.write(answer.value()) + "\n").getBytes(StandardCharsets.UTF_8);
        response.setStatus(answer.status());
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.length);
        response.write(true, ByteBuffer.wrap(content), callback);
        return true;
    }

    private Answer answer(Request request) {
        String path = request.getHttpURI().getPath();
        try {
            Optional<Caller> caller = peers.caller(request);
            if (caller.isEmpty()) {
                return Answer.failure(403, SrError.BAD_REQUEST, "Only root and the agent's own user may ask");
            }
            return answer(request, caller.get(), request.getMethod(), path);
        } catch (SrException e) {
            return new Answer(HttpStatusOf.error(e.error()), ErrorBody.of(e));
        } catch (IOException e) {
            return Answer.failure(400, SrError.BAD_REQUEST, "The request broke off: " + e.getMessage());
        } catch (RuntimeException | StackOverflowError e) {
            LOG.log(Level.SEVERE, LogLine.of("request-failed", "method", request.getMethod(), "path", path), e);
            SrException bug = new SrException(SrError.INTERNAL, "The agent failed: " + e, e)
                    .correction("See the agent's log, and report it.");
            return new Answer(500, ErrorBody.of(bug));
        }
    }

    private Answer answer(Request request, Caller caller, String method, String path) throws IOException {
        Optional<RouteTable.Match> match = routes.find(method, path);
        if (match.isPresent()) {
            return answer(request, caller, match.get());
        }
        return routes.methods(path).isEmpty()
                ? Answer.failure(404, SrError.BAD_REQUEST, "There is no " + path)
                : Answer.failure(405, SrError.BAD_REQUEST, path + " does not take " + method);
    }

    private static Answer answer(Request request, Caller caller, RouteTable.Match match) throws IOException {
        Route route = match.route();
        String query = Objects.requireNonNullElse(request.getHttpURI().getQuery(), "");
        if (route.takesUpload()) {
            Call.Upload upload =
                    new Call.Upload(Channels.newChannel(Content.Source.asInputStream(request)), request.getLength());
            return new Answer(
                    200, route.action().answer(Call.uploading(caller, match.variables(), query, name -> null, upload)));
        }
        long start = System.nanoTime();
        byte[] body;
        try (InputStream in = Content.Source.asInputStream(request)) {
            body = in.readNBytes(MAX_BODY_BYTES + 1);
        }
        if (body.length > MAX_BODY_BYTES) {
            return Answer.failure(
                    413, SrError.BAD_REQUEST, "The request body has more than " + MAX_BODY_BYTES + " bytes");
        }
        String json = route.takesBytes() ? "" : new String(body, StandardCharsets.UTF_8);
        Call call = new Call(caller, match.variables(), query, ByteBuffer.wrap(body), new Body(json));
        long read = System.nanoTime();
        try {
            return new Answer(200, route.action().answer(call));
        } finally {
            SlowCalls.log(route, call.variables(), read - start, System.nanoTime() - read);
        }
    }
}
