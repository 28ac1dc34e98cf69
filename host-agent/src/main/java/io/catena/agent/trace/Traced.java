package io.catena.agent.trace;

import java.io.IOException;
import java.util.Optional;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;

/** Puts an {@link AnswerTrace} between a server and its handlers. */
public final class Traced {
    private Traced() {}

    /**
     * Lets the handlers of a server that is not started yet be traced, if anybody wants it. Without that nothing is changed.
     *
     * @param face over which it answers
     * @throws IOException if the file of the trace cannot be made
     */
    public static void server(Server server, String face) throws IOException {
        Optional<AnswerTrace> found = AnswerTrace.find(face);
        if (found.isPresent()) {
            AnswerTrace trace = found.get();
            server.setHandler(new TracedHandler(server.getHandler(), face, trace));
            Request.Handler errors = server.getErrorHandler();
            server.setErrorHandler((request, response, callback) ->
                    errors.handle(request, new TracedResponse(request, response, face, trace), callback));
        }
    }

    private static final class TracedHandler extends Handler.Wrapper {
        private final String face;
        private final AnswerTrace trace;

        TracedHandler(Handler handler, String face, AnswerTrace trace) {
            super(handler);
            this.face = face;
            this.trace = trace;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            return super.handle(request, new TracedResponse(request, response, face, trace), callback);
        }
    }
}
