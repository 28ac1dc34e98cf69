package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.catena.agent.control.Role;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole way of an alert: an SR fills, Prometheus scrapes it over TLS with a token, and tells who is to be told. */
@Tag("slow")
@Timeout(240)
@WholeMachine
class PrometheusTest {
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    /** Written to the file system beside the SR's files; 3 MiB of 64 are less than the alert's 5 %. */
    private static final int FILL_BYTES = 61 << 20;

    @TempDir
    private Path directory;

    private final BlockingQueue<JsonObject> alerts = new LinkedBlockingQueue<>();
    private HttpServer receiver;
    private Path mount;

    @BeforeEach
    void prepare() throws IOException {
        Programs.require("prometheus");
        receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/api/v2/alerts", this::receive);
        receiver.start();
        mount = Files.createDirectory(directory.resolve("sr-small"));
        Programs.run(DEADLINE, "mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", mount.toString());
    }

    @AfterEach
    void close() throws IOException {
        receiver.stop(0);
        Programs.run(DEADLINE, "umount", "-l", mount.toString());
    }

    /** As Alertmanager does. */
    private void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            JsonArray all = JsonParser.parseString(body).getAsJsonArray();
            for (JsonElement alert : all) {
                alerts.add(alert.getAsJsonObject());
            }
            exchange.sendResponseHeaders(200, -1);
        }
    }

    @Test
    void anSrThatFillsIsToldOfAndAgainWhenItHasRoom() throws Exception {
        try (ApiFixture api = new ApiFixture(directory)) {
            String sr = api.sr("small");
            try (BackgroundProgram prometheus = prometheus(api)) {
                prometheus.awaitLine(line -> line.contains("ready to receive"), DEADLINE);
                Path other = Files.write(mount.resolve("other"), new byte[FILL_BYTES]);

                JsonObject fired = await(prometheus, alert -> !isOver(alert));
                Files.delete(other);
                await(prometheus, PrometheusTest::isOver);

                assertThat(fired.getAsJsonObject("labels").get("sr").getAsString())
                        .isEqualTo(sr);
                assertThat(fired.getAsJsonObject("annotations").get("summary").getAsString())
                        .startsWith("SR small has 4.")
                        .endsWith("% free");
                assertThat(fired.getAsJsonObject("annotations")
                                .get("correction")
                                .getAsString())
                        .contains("catena gc run " + sr);
            }
        }
    }

    private JsonObject await(BackgroundProgram prometheus, Predicate<JsonObject> wanted) throws InterruptedException {
        Instant deadline = Instant.now().plus(DEADLINE);
        while (Instant.now().isBefore(deadline)) {
            JsonObject alert = alerts.poll(1, TimeUnit.SECONDS);
            if (alert != null && isOfFullSr(alert) && wanted.test(alert)) {
                return alert;
            }
        }
        throw new AssertionError("no alert in " + DEADLINE + ": " + prometheus.describe());
    }

    private static boolean isOfFullSr(JsonObject alert) {
        return alert.getAsJsonObject("labels").get("alertname").getAsString().equals("CatenaSrAlmostFull");
    }

    /** Prometheus says of an alert that is no more that it has ended. */
    private static boolean isOver(JsonObject alert) {
        return Instant.parse(alert.get("endsAt").getAsString()).isBefore(Instant.now());
    }

    /** With the rules that are shipped, but for their patience. */
    private BackgroundProgram prometheus(ApiFixture api) throws IOException {
        Path home = Path.of(Objects.requireNonNull(System.getProperty(AgentProcess.HOME_PROPERTY)));
        String rules = Files.readString(home.resolve("host-agent/src/main/prometheus/rules.yml"));
        Files.writeString(directory.resolve("rules.yml"), rules.replaceAll("for: \\d+[mh]", "for: 1s"));
        Files.writeString(directory.resolve("token"), api.token(Role.METRICS));
        Path configuration = Files.writeString(directory.resolve("prometheus.yml"), configuration(api));
        return BackgroundProgram.start(
                "prometheus",
                "--config.file=" + configuration,
                // It sends into the void until it has looked up its receivers, and again after this time.
                "--rules.alert.resend-delay=1s",
                "--storage.tsdb.path=" + directory.resolve("tsdb"),
                "--web.listen-address=127.0.0.1:0");
    }

    private String configuration(ApiFixture api) {
        return String.join(
                "\n",
                "global: {scrape_interval: 1s, evaluation_interval: 1s}",
                "rule_files: [rules.yml]",
                "alerting:",
                "  alertmanagers:",
                "    - static_configs: [{targets: ['127.0.0.1:"
                        + receiver.getAddress().getPort() + "']}]",
                "scrape_configs:",
                "  - job_name: catena",
                "    scheme: https",
                "    authorization: {credentials_file: token}",
                "    tls_config: {ca_file: " + api.certificates.authority() + "}",
                "    static_configs: [{targets: ['localhost:" + api.port() + "']}]",
                "");
    }
}
