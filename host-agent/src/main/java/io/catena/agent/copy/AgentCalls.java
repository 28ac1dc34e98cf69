package io.catena.agent.copy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Asks the agent of another host. Safe for use by many threads. */
public final class AgentCalls {
    private static final Duration CONNECTING = Duration.ofSeconds(10);

    /** The other agent may wait for its storage, and for the end of requests. */
    private static final Duration PATIENCE = Duration.ofSeconds(45);

    private final OtherAgent agent;
    private final HttpClient http;

    AgentCalls(OtherAgent agent) {
        this.agent = agent;
        http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECTING)
                .sslContext(agent.tls())
                .build();
    }

    /**
     * Asks for something.
     *
     * @param path encoded
     * @param body null for none
     * @return the answer, which is an object
     * @throws io.catena.api.SrException if the agent refuses
     * @throws IOException if it does not answer: then it may have been done
     */
    public JsonObject ask(String method, String path, @Nullable JsonObject body) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("https://" + agent.hostAndPort() + path))
                .timeout(PATIENCE)
                .header("Accept", "application/json, application/problem+json");
        if (agent.token() != null) {
            request.header("Authorization", "Bearer " + agent.token());
        }
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        HttpRequest.BodyPublisher bytes = body == null
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(body.toString());
        Reply reply = reply(send(request.method(method, bytes).build()));
        if (!reply.isSuccess()) {
            throw reply.refusal(agent);
        }
        return reply.body();
    }

    private HttpResponse<String> send(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for another agent");
        } catch (IOException e) {
            throw new IOException(unreachable(agent, e), e);
        }
    }

    /** Of a host whose name nobody knows the JDK says the name, and no more. */
    static String unreachable(OtherAgent agent, IOException e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        boolean unknown = e instanceof UnknownHostException || e.getCause() instanceof UnknownHostException;
        return "cannot reach " + agent.url() + ": " + (unknown ? "no host is known by that name" : reason)
                + "; the agent there has to run with --api-listen";
    }

    private Reply reply(HttpResponse<String> response) throws IOException {
        try {
            return new Reply(response.statusCode(), Json.object(response.body()));
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException(
                    agent.url() + " answers what is not understood, with status " + response.statusCode(), e);
        }
    }

    /** Returns a text as a part of a path. */
    public static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    public URI url() {
        return agent.url();
    }

    public String host() {
        return agent.host();
    }

    public SSLContext tls() {
        return agent.tls();
    }
}
