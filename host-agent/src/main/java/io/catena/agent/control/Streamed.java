package io.catena.agent.control;

import java.util.function.BooleanSupplier;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** An answer that goes on after the route was left: its sender completes the callback when it is over. */
@FunctionalInterface
public interface Streamed {
    /**
     * Begins to send; returns at once. Common headers are set already.
     *
     * @param stillMay whether the caller would still be let in; what has no end asks again and again, and ends when it is not so
     */
    void send(Response response, Callback callback, BooleanSupplier stillMay);
}
