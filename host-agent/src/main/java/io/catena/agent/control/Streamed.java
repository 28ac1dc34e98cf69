package io.catena.agent.control;

import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** An answer that goes on after the route was left: its sender completes the callback when it is over. */
@FunctionalInterface
public interface Streamed {
    /** Begins to send; returns at once. Common headers are set already. */
    void send(Response response, Callback callback);
}
