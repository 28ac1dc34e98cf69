package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.client.UnixHttp;
import io.catena.agent.trace.SentAnswer;
import io.catena.agent.trace.Traced;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** That an answer that is not in the contract is noticed, whichever way it goes, and one that is in it is not. */
@Timeout(120)
class AnswersInContractTest {
    private static final String SR = "'sr':'00000000-0000-4000-8000-000000000001','name':'a','path':'/a'";
    private static final String PROBLEM = "'type':'/problems/X','title':'X','detail':'x','instance':'1','code':'X'";

    @Test
    void whatIsInTheContractIsLeftAlone() throws IOException {
        assertThat(tls("GET", "/v1/srs", 200, "{'items':[{" + SR + ",'attached':true}]}"))
                .isEmpty();
        assertThat(tls("HEAD", "/v1/srs", 200, "")).isEmpty();
        assertThat(unix("/v1/srs", 200, "[{" + SR + ",'attached':true}]")).isEmpty();
        assertThat(unix("/v1/srs/a", 404, "{'error':{'code':'A','number':1,'message':'m','retryable':false}}"))
                .isEmpty();
        assertThat(unix("/v1/nothing", 404, "{'error':{'code':'A','number':1,'message':'m','retryable':false}}"))
                .isEmpty();
        assertThat(events("{'id':1,'time':'2030-01-02T03:04:05Z','kind':'sr.created','data':{}}"))
                .isEmpty();
    }

    @Test
    void whatIsNotInItIsAFault() throws IOException {
        assertThat(tls("GET", "/v1/srs", 200, "{'items':[{" + SR + "}]}")).hasSize(1);
        assertThat(tls("GET", "/v1/srs", 200, "{'items':[{" + SR + ",'attached':true,'more':1}]}"))
                .hasSize(1);
        assertThat(tls("GET", "/v1/srs", 200, "{'items':[{" + SR + ",'attached':'true'}]}"))
                .hasSize(1);
        assertThat(tls("GET", "/v1/srs", 200, "{'items':[")).hasSize(1);
        assertThat(tls("GET", "/v1/srs", 201, "{'items':[]}")).hasSize(1);
        assertThat(tls("GET", "/v1/nothing", 200, "{}")).hasSize(1);
        assertThat(tls("GET", "/v1/srs", 500, "{}")).hasSize(1);
        assertThat(unix("/v1/srs", 200, "{'items':[]}")).isEmpty();
        assertThat(unix("/v1/srs", 200, "[{" + SR + "}]")).hasSize(1);
        assertThat(unix("/v1/srs", 201, "[]")).hasSize(1);
        assertThat(unix("/v1/srs", 404, "{" + PROBLEM + "}")).isNotEmpty();
        assertThat(events("{'id':1,'time':'2030-01-02T03:04:05Z','kind':'a','data':{}}"))
                .hasSize(1);
        assertThat(events("{'id':'1','time':'2030-01-02T03:04:05Z','kind':'sr.created','data':{}}"))
                .hasSize(1);
    }

    private static List<String> tls(String method, String path, int status, String body) throws IOException {
        return faults(new SentAnswer(SentAnswer.TLS, method, path, status, "application/json", quoted(body), true));
    }

    private static List<String> unix(String path, int status, String body) throws IOException {
        return faults(new SentAnswer(SentAnswer.UNIX, "GET", path, status, "application/json", quoted(body), true));
    }

    private static List<String> events(String data) throws IOException {
        String block = "retry: 2000\nid: 7\n\nid: 8\nevent: a\ndata: " + quoted(data) + "\n\n:\n\n";
        return faults(new SentAnswer(SentAnswer.TLS, "GET", "/v1/events", 200, "text/event-stream", block, true));
    }

    private static List<String> faults(SentAnswer answer) throws IOException {
        return new AnswerCheck(Contract.ours()).faults(answer);
    }

    private static String quoted(String json) {
        return json.replace('\'', '"');
    }

    /** A server of this JVM spoils an answer: the class of tests would fail, and is told which. */
    @Test
    void aSpoiltAnswerOfThisJvmIsToldAtTheEndOfTheClass() throws Exception {
        assertThat(AnswersInContract.faults()).isEmpty();
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("localhost");
        server.addConnector(connector);
        server.setHandler(new Spoiling());
        Traced.server(server, SentAnswer.TLS);
        server.start();
        try {
            URI uri = URI.create("http://localhost:" + connector.getLocalPort() + "/v1/jobs/1?wait=1");
            HttpResponse<String> answer = HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.body()).isEqualTo("{\"job\":\"one\"}");
        } finally {
            server.stop();
        }

        assertThat(AnswersInContract.faults())
                .singleElement()
                .satisfies(fault -> assertThat(fault)
                        .startsWith("GET /v1/jobs/1 over tls: 200")
                        .contains("/job: string found, integer expected"));
        assertThat(AnswersInContract.faults()).isEmpty();
    }

    /** In two writes. */
    private static final class Spoiling extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
            response.write(
                    false,
                    StandardCharsets.UTF_8.encode("{\"job\":"),
                    Callback.from(
                            () -> response.write(true, StandardCharsets.UTF_8.encode("\"one\"}"), callback), f -> {}));
            return true;
        }
    }

    /** A whole agent answers what it answers; that it was looked at shows when nothing else was asked. */
    @Test
    void theAnswersOfAProcessAreSeenAfterItWasKilled(@TempDir Path directory) throws IOException {
        int before = AnswerWitness.seen();
        try (AgentProcess agent = AgentProcess.startShortLived(directory.resolve("run"), "--libvirt=none")) {
            UnixHttp http = new UnixHttp(agent.runDirectory().resolve("agent.sock"), Duration.ofSeconds(20), 1 << 20);
            assertThat(http.ask("GET", "/v1/srs", "text/plain", new byte[0]).status())
                    .isEqualTo(200);
            agent.kill9();
        }
        assertThat(AnswersInContract.faults()).isEmpty();
        assertThat(AnswerWitness.seen()).isGreaterThan(before);
    }
}
