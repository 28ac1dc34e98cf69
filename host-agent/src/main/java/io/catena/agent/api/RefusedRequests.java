package io.catena.agent.api;

import io.catena.agent.api.problem.ApiException;
import io.catena.agent.api.problem.Problem;
import io.catena.agent.api.problem.Reply;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpHeaderValue;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/**
 * Answers what Jetty refuses before a handler sees it, such as a path with a zero byte. Jetty then closes the connection, since
 * a body may be left on it. The client is told so, or it would send its next request into nothing.
 */
final class RefusedRequests implements Request.Handler {
    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        Object message = Objects.requireNonNullElse(
                request.getAttribute(ErrorHandler.ERROR_MESSAGE), HttpStatus.getMessage(status));
        String id = UUID.randomUUID().toString();
        Reply reply =
                Problem.of(new ApiException(status, code(status), "The request was refused: " + message, null), id);
        ApiHeaders.common(response, id);
        response.getHeaders().put(HttpHeader.CONNECTION, HttpHeaderValue.CLOSE);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, reply.contentType());
        response.write(true, ByteBuffer.wrap(reply.bytes()), callback);
        return true;
    }

    private static String code(int status) {
        return status < HttpStatus.INTERNAL_SERVER_ERROR_500 ? "BAD_REQUEST" : "INTERNAL";
    }
}
