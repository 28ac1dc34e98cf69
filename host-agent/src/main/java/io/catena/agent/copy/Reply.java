package io.catena.agent.copy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an agent has answered.
 *
 * @param body a JSON object
 */
record Reply(int status, JsonObject body) {
    private static final Pattern HEAD = Pattern.compile("HTTP/1\\.1 ([0-9]{3})[ \r].*", Pattern.DOTALL);
    private static final String END_OF_HEAD = "\r\n\r\n";

    /** Reads all that came on a connection; empty if that is no whole answer. */
    static Optional<Reply> read(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        int end = text.indexOf(END_OF_HEAD);
        Matcher head = HEAD.matcher(text);
        if (end < 0 || !head.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Reply(
                    Integer.parseInt(head.group(1)), Json.object(text.substring(end + END_OF_HEAD.length()))));
        } catch (JsonParseException | IllegalStateException e) {
            return Optional.empty();
        }
    }

    boolean isSuccess() {
        return status >= 200 && status < 300;
    }

    /** Returns why the agent refused. */
    SrException refusal(OtherAgent agent) {
        SrException refusal =
                new SrException(error(), "The agent at " + agent.url() + " refuses the disk: " + text("detail"));
        String correction = text("correction");
        return correction.isEmpty() ? refusal : refusal.correction(correction);
    }

    private SrError error() {
        String code = text("code");
        for (SrError error : SrError.values()) {
            if (error.name().equals(code)) {
                return error;
            }
        }
        return SrError.SR_UNAVAILABLE;
    }

    private String text(String field) {
        return body.has(field) && body.get(field).isJsonPrimitive()
                ? body.get(field).getAsString()
                : "";
    }
}
