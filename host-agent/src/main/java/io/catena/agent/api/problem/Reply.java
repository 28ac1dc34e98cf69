package io.catena.agent.api.problem;

import com.google.gson.JsonObject;
import io.catena.agent.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is sent for a request, whole.
 *
 * @param text the body
 * @param headers other than those of length and type
 * @param code of the error; null for a success
 * @param job the long work that it tells of
 */
public record Reply(
        int status,
        String contentType,
        String text,
        Map<String, String> headers,
        @Nullable String code,
        @Nullable Long job) {
    public static final String JSON = "application/json";

    public Reply {
        headers = Map.copyOf(headers);
    }

    public static Reply json(int status, Object value) {
        return new Reply(status, JSON, Json.writeForApi(value) + "\n", Map.of(), null, null);
    }

    public static Reply text(String contentType, String text) {
        return new Reply(200, contentType, text, Map.of(), null, null);
    }

    public static Reply empty(int status) {
        return new Reply(status, "", "", Map.of(), null, null);
    }

    public Reply with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(header, value);
        return new Reply(status, contentType, text, more, code, job);
    }

    public Reply ofJob(long id) {
        return new Reply(status, contentType, text, headers, code, id);
    }

    public byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Returns the body, which is a JSON object. */
    public JsonObject object() {
        return Json.object(text);
    }
}
