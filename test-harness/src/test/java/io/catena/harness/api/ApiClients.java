package io.catena.harness.api;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.control.Role;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.tls.PemFiles;
import io.catena.harness.api.ApiFixture.Answer;
import io.catena.harness.api.Contract.Operation;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** What a test asks of an agent that serves the API over TLS on this host. For one test thread. */
abstract class ApiClients {
    static final Duration DEADLINE = Duration.ofSeconds(60);

    final Path directory;
    final TestCertificates certificates;
    private final HttpClient client;

    ApiClients(Path directory) throws IOException {
        this.directory = directory;
        certificates = new TestCertificates(directory.resolve("tls"));
        certificates.certify("server", "localhost");
        certificates.certify("client", "backup-host");
        client = client("");
    }

    /** Returns a client of the agent's Unix socket. */
    abstract ControlClient local();

    /** Returns where the API is on the loopback interface. */
    abstract int port();

    URI uri(String path) {
        return URI.create("https://localhost:" + port() + path);
    }

    /** Makes a token on the host. */
    String token(Role role, String... srs) {
        JsonObject body = new JsonObject();
        body.addProperty("role", role.text());
        if (srs.length > 0) {
            body.add("srs", JsonParser.parseString(new Gson().toJson(srs)));
        }
        return local().post("/v1/tokens", body).getAsJsonObject().get("token").getAsString();
    }

    /** Makes an SR; returns its id. */
    String sr(String name) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("path", directory.resolve("sr-" + name).toString());
        return local().post("/v1/srs", body).getAsJsonObject().get("sr").getAsString();
    }

    Answer get(String token, String path, String... headers) throws IOException {
        return ask(client, "GET", token, path, null, headers);
    }

    Answer ask(String method, String token, String path, @Nullable String body, String... headers) throws IOException {
        return ask(client, method, token, path, body, headers);
    }

    Answer ask(HttpClient by, String method, String token, String path, @Nullable String body, String... headers)
            throws IOException {
        Answer answer = unchecked(by, method, token, path, body, headers);
        check(method, path, answer);
        return answer;
    }

    /** For those who compare an answer with the contract themselves. */
    Answer unchecked(String method, String token, String path, @Nullable String body) throws IOException {
        return unchecked(client, method, token, path, body);
    }

    private Answer unchecked(
            HttpClient by, String method, String token, String path, @Nullable String body, String... headers)
            throws IOException {
        try {
            HttpResponse<String> whole =
                    by.send(request(method, token, path, body, headers), HttpResponse.BodyHandlers.ofString());
            return new Answer(whole.statusCode(), whole.body(), whole);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Whatever a test asks for, the answer has to be in the contract. */
    private static void check(String method, String path, Answer answer) throws IOException {
        Contract contract = Contract.ours();
        Optional<Operation> operation = contract.operation(method, path);
        if (operation.isPresent()) {
            List<String> faults = contract.faults(
                    method, operation.get().pattern(), answer.status(), answer.header("Content-Type"), answer.body());
            if (!faults.isEmpty()) {
                throw new AssertionError(
                        method + " " + path + ": " + answer.status() + " " + faults + " in " + answer.body());
            }
        }
    }

    HttpRequest request(String method, String token, String path, @Nullable String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .timeout(DEADLINE)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body.replace('\'', '"')));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        for (int i = 0; i + 1 < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return request.build();
    }

    /** Returns a client that trusts our authority. */
    HttpClient client() {
        return client;
    }

    /** Returns one that shows a certificate too. */
    HttpClient client(String role) throws IOException {
        try {
            KeyStore trusted = PemFiles.authorities(certificates.authority());
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(
                    role.isEmpty()
                            ? PemFiles.emptyStore()
                            : PemFiles.identity(certificates.certificate(role), certificates.key(role)),
                    new char[0]);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return HttpClient.newBuilder()
                    .sslContext(context)
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }
}
