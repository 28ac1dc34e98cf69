package io.catena.agent.control;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request that found its route.
 *
 * @param caller who asks
 * @param variables the parts of the path that stand for the route's parts in braces
 * @param query what follows the question mark; empty if nothing does
 * @param bytes the request's body as it came
 * @param body the same, as the JSON object that most routes take; empty if this route takes any bytes
 * @param headers gives the value of a header, or null; over the Unix socket there are none that matter
 * @param upload the request's body if the route reads it itself; else null
 */
public record Call(
        Caller caller,
        List<String> variables,
        String query,
        ByteBuffer bytes,
        Body body,
        Headers headers,
        @Nullable Upload upload) {
    private static final String WAIT = "waitMillis=";
    private static final int MAX_WAIT_MILLIS = 30_000;

    /** Returns the one variable part of the path. */
    public String variable() {
        return variables.get(0);
    }

    /** Returns the variable part of the path, which must be a number. */
    public long number() {
        try {
            return Long.parseLong(variable());
        } catch (NumberFormatException e) {
            throw new SrException(SrError.BAD_REQUEST, "\"" + variable() + "\" is not the number of a job", e);
        }
    }

    /** A call without headers. */
    public Call(Caller caller, List<String> variables, String query, ByteBuffer bytes, Body body) {
        this(caller, variables, query, bytes, body, name -> null, null);
    }

    /** A call of a route that reads the body itself. */
    public static Call uploading(Caller caller, List<String> variables, String query, Headers headers, Upload upload) {
        return new Call(caller, variables, query, ByteBuffer.allocate(0), new Body(""), headers, upload);
    }

    /**
     * A body that is too large to be held.
     *
     * @param lengthBytes -1 if the client does not tell
     */
    public record Upload(ReadableByteChannel source, long lengthBytes) {}

    /** The headers of a request. */
    @FunctionalInterface
    public interface Headers {
        /** Returns the value of a header; null if there is none of that name. */
        @Nullable
        String get(String name);
    }

    /** Returns which types of answers the client takes, as it says it; null if it does not. */
    public @Nullable String accept() {
        return headers.get("Accept");
    }

    /** Returns the id of the last event that a reader has, as it says it; null if it does not. */
    public @Nullable String lastEventId() {
        return headers.get("Last-Event-ID");
    }

    /** Returns what follows the question mark, as names and values. */
    public Query parameters() {
        return new Query(query);
    }

    /** Returns how long the client is willing to wait for the answer. */
    public Duration waiting() {
        if (query.isEmpty()) {
            return Duration.ZERO;
        }
        try {
            int millis = query.startsWith(WAIT) ? Integer.parseInt(query.substring(WAIT.length())) : -1;
            if (millis >= 0 && millis <= MAX_WAIT_MILLIS) {
                return Duration.ofMillis(millis);
            }
        } catch (NumberFormatException e) {
            // Refused below, as any other query that we do not know.
        }
        throw new SrException(
                SrError.BAD_REQUEST,
                "The query is \"" + query + "\", expected " + WAIT + "N with N from 0 to " + MAX_WAIT_MILLIS);
    }
}
