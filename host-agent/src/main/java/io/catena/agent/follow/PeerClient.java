package io.catena.agent.follow;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.follow.content.RemoteStream;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Asks the agents of other hosts. Safe for use by many threads. */
final class PeerClient {
    private static final Duration CONNECTING = Duration.ofSeconds(4);
    private static final int TRIES = 2;
    private static final int MOST_PROBLEM_BYTES = 1 << 16;

    private final HttpClient http;
    private final String self;

    /**
     * @param self what this host is called among the hosts
     */
    PeerClient(SSLContext tls, String self) {
        this.self = self;
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECTING)
                .sslContext(tls)
                .build();
    }

    /**
     * Asks for an operation.
     *
     * @param url of the agent
     * @param patience how long the answer may take
     * @param changes whether it changes something, so that it must not be done twice if it has to be asked again
     * @throws SrException what the other agent answers
     * @throws IOException if it does not answer: then it may have been done
     */
    JsonElement ask(String url, SrId sr, String operation, Arguments with, Duration patience, boolean changes)
            throws IOException {
        JsonObject body = new JsonObject();
        body.addProperty("host", self);
        body.addProperty("arguments", with.toString());
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(url, "/v1/peers/" + sr + "/" + operation))
                .timeout(patience)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
        if (changes) {
            request.header("Idempotency-Key", UUID.randomUUID().toString());
        }
        return decode(url, send(request.build(), HttpResponse.BodyHandlers.ofString()));
    }

    /**
     * Returns where to ask. Who can write to the SR says where its host is, and has to be known by a certificate.
     *
     * @throws IOException if the address is not one of https
     */
    private static URI uri(String url, String path) throws IOException {
        address(url);
        return URI.create(url + path);
    }

    /** Returns the name or number of the machine in an agent's address; throws as {@link #uri} does. */
    static String address(String url) throws IOException {
        try {
            URI uri = new URI(url);
            if ("https".equals(uri.getScheme()) && uri.getHost() != null) {
                return uri.getHost().replaceAll("[\\[\\]]", "");
            }
        } catch (URISyntaxException e) {
            throw new IOException("it says that it is at \"" + url + "\", which is no address", e);
        }
        throw new IOException("it says that it is at \"" + url + "\", expected https://HOST:PORT");
    }

    /**
     * Asks for the content of a disk.
     *
     * @param query what is wanted of it
     * @param patience how long it may take until the content begins
     * @throws SrException what the other agent answers
     * @throws IOException if it does not answer
     */
    RemoteStream.Part stream(String url, SrId sr, VdiId vdi, String query, Duration patience) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(uri(url, "/v1/peers/" + sr + "/contents/" + vdi + "?" + query))
                .timeout(patience)
                .build();
        HttpResponse<InputStream> response = send(request, HttpResponse.BodyHandlers.ofInputStream());
        if (response.statusCode() < 300) {
            long length = response.headers()
                    .firstValueAsLong("Content-Length")
                    .orElseThrow(() -> new IOException(url + " does not say how long the content is"));
            return new RemoteStream.Part(response.body(), length);
        }
        try (InputStream body = response.body()) {
            throw failure(url, Json.object(new String(body.readNBytes(MOST_PROBLEM_BYTES), StandardCharsets.UTF_8)));
        } catch (JsonParseException | IllegalStateException e) {
            throw notUnderstood(url, response.statusCode(), e);
        }
    }

    private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) throws IOException {
        IOException trouble = null;
        for (int i = 0; i < TRIES; i++) {
            try {
                return http.send(request, handler);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for another agent");
            } catch (HttpTimeoutException e) {
                throw new IOException("it did not answer in time", e);
            } catch (IOException e) {
                // Maybe only a connection that was kept open, and is closed by now.
                trouble = e;
            }
        }
        throw new IOException(trouble == null ? "not asked" : String.valueOf(trouble.getMessage()), trouble);
    }

    private static JsonElement decode(String url, HttpResponse<String> response) throws IOException {
        try {
            JsonObject answer = Json.object(response.body());
            if (response.statusCode() < 300) {
                return answer.get("answer");
            }
            throw failure(url, answer);
        } catch (JsonParseException | IllegalStateException e) {
            throw notUnderstood(url, response.statusCode(), e);
        }
    }

    private static IOException notUnderstood(String url, int status, RuntimeException e) {
        return new IOException(url + " answers what is not understood, with status " + status, e);
    }

    private static SrException failure(String url, JsonObject problem) {
        String code = problem.get("code").getAsString();
        String detail = problem.get("detail").getAsString();
        SrException failure = known(code)
                ? new SrException(SrError.valueOf(code), detail)
                : new SrException(
                                SrError.SR_UNAVAILABLE,
                                "The agent at " + url + " refuses this host: " + detail + " (" + code + ")")
                        .correction(Advice.of("Let it in there, by the name in this host's certificate: ")
                                .then(Remedy.of(Verb.CLIENT_SET, "NAME")
                                        .with("role", "peer")
                                        .with("everything")));
        String correction = text(problem, "correction");
        return correction == null ? failure : failure.correction(correction);
    }

    private static boolean known(String code) {
        for (SrError error : SrError.values()) {
            if (error.name().equals(code)) {
                return true;
            }
        }
        return false;
    }

    private static @Nullable String text(JsonObject problem, String field) {
        return problem.has(field) ? problem.get(field).getAsString() : null;
    }
}
