package io.catena.agent.etcd;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Asks the members of an etcd cluster, one after another, until one answers: first the one that answered last.
 *
 * <p>The JSON gateway of etcd 3.4 and later, below {@code /v3}.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class EtcdClient {
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final int SERVER_ERROR = 500;

    private final EtcdEndpoints endpoints;
    private final HttpClient http;

    /** The index of the member that answered last. */
    private final AtomicInteger preferred = new AtomicInteger();

    EtcdClient(EtcdEndpoints endpoints) {
        this.endpoints = endpoints;
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(endpoints.patience());
        if (endpoints.tls() != null) {
            builder.sslContext(endpoints.tls());
        }
        http = builder.build();
    }

    /**
     * Asks for something that does no harm when it is done twice.
     *
     * @throws IOException if no member answers
     */
    JsonObject ask(String path, JsonObject body) throws IOException {
        return ask(path, body, true);
    }

    /**
     * Asks for something that is done once at most.
     *
     * @throws IOException if no member can be reached; or if it is not known whether it was done
     */
    JsonObject askOnce(String path, JsonObject body) throws IOException {
        return ask(path, body, false);
    }

    private JsonObject ask(String path, JsonObject body, boolean repeatable) throws IOException {
        IOException failure = new IOException("no member of the etcd cluster can be reached");
        int first = preferred.get();
        int members = endpoints.urls().size();
        for (int i = 0; i < members; i++) {
            int member = Math.floorMod(first + i, members);
            try {
                JsonObject answer = post(endpoints.urls().get(member), path, body);
                preferred.set(member);
                return answer;
            } catch (ConnectException | HttpConnectTimeoutException e) {
                failure.addSuppressed(e);
            } catch (IOException e) {
                failure.addSuppressed(e);
                if (!repeatable) {
                    preferred.set(Math.floorMod(member + 1, members));
                    throw new IOException("it is not known whether etcd did what was asked: " + e.getMessage(), e);
                }
            }
        }
        throw failure;
    }

    private JsonObject post(URI member, String path, JsonObject body) throws IOException {
        HttpRequest request = HttpRequest.newBuilder(member.resolve(path))
                .timeout(endpoints.patience())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            return answer(member, response);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for " + member);
        }
    }

    private static JsonObject answer(URI member, HttpResponse<String> response) throws IOException {
        int status = response.statusCode();
        if (status != OK) {
            String what = status >= BAD_REQUEST && status < SERVER_ERROR ? " refuses: " : " fails: ";
            throw new IOException("etcd member " + member + what + status + " "
                    + response.body().strip());
        }
        try {
            return Json.object(response.body());
        } catch (JsonParseException e) {
            throw new IOException("etcd member " + member + " answers what is no JSON: " + e.getMessage(), e);
        }
    }
}
