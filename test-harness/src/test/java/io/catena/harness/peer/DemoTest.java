package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.tls.PemFiles;
import io.catena.harness.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tour as users run it: {@code catena demo}, a program of its own. */
@Timeout(600)
@Tag("slow")
class DemoTest {
    private static final Path LAUNCHER =
            Path.of(System.getProperty(AgentProcess.HOME_PROPERTY, "..")).resolve("host-agent/bin/catena");

    /** Longer than the tour may take, because the launcher may have to build the jar first. */
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private static final Duration END_DEADLINE = Duration.ofSeconds(30);

    @TempDir
    Path temporary;

    @Test
    void allChecksPassWithinAMinuteAndNothingIsLeftBehind() throws IOException {
        Outcome outcome = Programs.tryRun(DEADLINE, command("--json"));

        assertThat(outcome.exitCode()).as("%s", outcome).isZero();
        JsonObject tour = outcome.json().getAsJsonObject();
        assertThat(tour.get("passed").getAsBoolean()).isTrue();
        assertThat(tour.get("millis").getAsLong()).isBetween(1L, 60_000L);
        List<JsonObject> checks = checks(tour);
        assertThat(checks)
                .hasSizeGreaterThanOrEqualTo(12)
                .allMatch(check -> check.get("passed").getAsBoolean());
        assertThat(checks)
                .extracting(check -> check.get("check").getAsString())
                .contains("monday-one-instant", "disk-after-kill", "disk-at-end", "tuesday-at-end", "twin-at-end");
        assertNothingIsLeft(tour);
    }

    @Test
    void anInterruptedTourCleansUp() throws IOException {
        try (BackgroundProgram demo = BackgroundProgram.start(command())) {
            demo.awaitLine(line -> line.contains("Take a snapshot"), DEADLINE);
            assertThat(left()).isNotEmpty();

            assertThat(demo.terminate(END_DEADLINE)).isNotZero();
        }
        assertThat(left()).isEmpty();
    }

    @Test
    void theExampleForTheWebPageLivesUntilItIsEndedAndLeavesNothing() throws Exception {
        List<ProcessHandle> processes;
        URI address;
        try (BackgroundProgram demo = BackgroundProgram.start(command("--web", "--port", "0"))) {
            address = URI.create(told(demo, "address"));
            JsonGetter api = new JsonGetter(address, told(demo, "token"), Path.of(told(demo, "certificate")));
            assertThat(api.get("v1/session").get("role").getAsString()).isEqualTo("admin");
            Waiting.until("a disk is written", () -> bytesOf(api, "web-1") > 1 << 20);
            Waiting.until("a snapshot is taken", () -> bytesOf(api, "web-2 no. 4") > 0);
            Waiting.until(
                    "something is merged",
                    () -> items(api, "v1/jobs")
                            .anyMatch(job -> job.get("kind").getAsString().equals("gc")
                                    && job.get("doneBytes").getAsLong() > 0));
            processes = ProcessHandle.of(demo.pid()).orElseThrow().descendants().toList();
            assertThat(processes).as("the agent").isNotEmpty();
            assertThat(left()).isNotEmpty();

            assertThat(demo.terminate(END_DEADLINE)).isNotZero();
        }
        assertThat(left()).as("sockets and files").isEmpty();
        assertThat(processes).noneMatch(ProcessHandle::isAlive);
        new ServerSocket(address.getPort(), 1, InetAddress.getLoopbackAddress()).close();
    }

    private static String told(BackgroundProgram demo, String what) throws IOException {
        String line = demo.awaitLine(written -> written.startsWith(what + " "), DEADLINE);
        return line.substring(what.length()).strip();
    }

    /** Returns what a disk's own file takes; nothing if there is no such disk. */
    private static long bytesOf(JsonGetter api, String name) throws IOException {
        return items(api, "v1/srs/main/vdis")
                .filter(vdi -> vdi.get("name").getAsString().equals(name))
                .mapToLong(vdi -> vdi.get("physicalBytes").getAsLong())
                .sum();
    }

    private static Stream<JsonObject> items(JsonGetter api, String path) throws IOException {
        return api.get(path).getAsJsonArray("items").asList().stream().map(JsonElement::getAsJsonObject);
    }

    /** Asks an API over TLS that shows one certain certificate. */
    private static final class JsonGetter {
        private final URI address;
        private final String token;
        private final HttpClient client;

        JsonGetter(URI address, String token, Path certificate) throws IOException, GeneralSecurityException {
            this.address = address;
            this.token = token;
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(PemFiles.authorities(certificate));
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(null, trust.getTrustManagers(), null);
            client = HttpClient.newBuilder().sslContext(context).build();
        }

        JsonObject get(String path) throws IOException {
            HttpRequest request = HttpRequest.newBuilder(address.resolve(path))
                    .header("Authorization", "Bearer " + token)
                    .timeout(END_DEADLINE)
                    .build();
            try {
                HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode())
                        .as("%s: %s", path, answer.body())
                        .isEqualTo(200);
                return JsonParser.parseString(answer.body()).getAsJsonObject();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }

    /** The launcher hands the options of the environment on to the JVM, so that the test has a temporary directory of its own. */
    private String[] command(String... options) {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "JDK_JAVA_OPTIONS=-XX:TieredStopAtLevel=1 -Djava.io.tmpdir=" + temporary,
                LAUNCHER.toString(),
                "demo"));
        command.addAll(List.of(options));
        return command.toArray(String[]::new);
    }

    private void assertNothingIsLeft(JsonObject tour) throws IOException {
        assertThat(left()).isEmpty();
        List<Long> agents = steps(tour)
                .map(step -> step.getAsJsonObject("facts").get("agentPid"))
                .filter(pid -> pid != null)
                .map(JsonElement::getAsLong)
                .toList();
        assertThat(agents).as("the agent before and after its kill").hasSize(2);
        assertThat(agents).allMatch(pid -> ProcessHandle.of(pid).isEmpty());
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> file.getFileName().toString().startsWith("catena"))
                    .toList();
        }
    }

    private static List<JsonObject> checks(JsonObject tour) {
        return steps(tour)
                .flatMap(step -> step.getAsJsonArray("checks").asList().stream())
                .map(JsonElement::getAsJsonObject)
                .toList();
    }

    private static Stream<JsonObject> steps(JsonObject tour) {
        return tour.getAsJsonArray("steps").asList().stream().map(JsonElement::getAsJsonObject);
    }
}
