package io.catena.agent.control.client;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks an agent over its Unix socket: one HTTP/1.1 request to a connection.
 *
 * <p><b>Errors.</b> All methods throw {@link SrException}: the agent's own, or {@link SrError#AGENT_UNREACHABLE} if it
 * does not answer in time. <b>Threads.</b> Safe for use by many threads.
 */
public final class ControlClient {
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    private static final Advice CLOSED = Advice.of(
                    "Only the user who runs the agent may ask it: try again as that user,"
                            + " for instance with sudo, or run an agent of your own: ")
            .then(Remedy.of(Verb.AGENT).with("runDir", "DIR"));
    private static final Advice NOT_STARTED = Advice.of("Start it: ").then(Remedy.of(Verb.AGENT));

    private final Path socket;
    private final UnixHttp http;

    /**
     * @param socket where the agent listens
     * @param patience how long an answer may take
     */
    public ControlClient(Path socket, Duration patience) {
        this.socket = socket;
        http = new UnixHttp(socket, patience, MAX_ANSWER_BYTES);
    }

    /** Returns {@code text} as one part of a path. */
    public static String part(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    public JsonElement get(String path) {
        return ask("GET", path, null);
    }

    public JsonElement delete(String path) {
        return ask("DELETE", path, null);
    }

    public JsonElement put(String path, JsonObject body) {
        return ask("PUT", path, body);
    }

    public JsonElement patch(String path, JsonObject body) {
        return ask("PATCH", path, body);
    }

    public JsonElement post(String path) {
        return ask("POST", path, null);
    }

    public JsonElement post(String path, JsonObject body) {
        return ask("POST", path, body);
    }

    private JsonElement ask(String method, String path, @Nullable JsonObject body) {
        try {
            String content = body == null ? "" : body.toString();
            return decode(http.ask(method, path, "application/json", content.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException | JsonParseException e) {
            throw new SrException(
                            SrError.AGENT_UNREACHABLE,
                            "No answer from an agent at " + socket + ": " + e.getMessage(),
                            e)
                    .correction(isClosedToUs() ? CLOSED : NOT_STARTED);
        }
    }

    /** Whether nobody but its owner may enter the run directory, or one above it, or connect, and that is somebody else. */
    private boolean isClosedToUs() {
        Path directory = socket.toAbsolutePath().getParent();
        boolean entered = directory == null || Files.notExists(directory) || Files.isExecutable(directory);
        return !entered || (Files.exists(socket) && !Files.isWritable(socket));
    }

    private static JsonElement decode(UnixHttp.Answer answer) throws IOException {
        JsonElement json =
                Json.read(StandardCharsets.UTF_8.decode(answer.body()).toString(), JsonElement.class);
        if (answer.status() == 200) {
            return json;
        }
        ErrorBody failure = Json.read(json, ErrorBody.class);
        throw failure.toException();
    }
}
