package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.Role;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.api.ApiFixture.Answer;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Prometheus is given, judged by its own tool; and the alerts that are shipped. */
@Tag("slow")
@Timeout(120)
class MetricsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void prometheusReadsWhatItIsGiven() throws IOException {
        try (ApiFixture api = new ApiFixture(directory)) {
            String sr = api.sr("main");
            api.ask("POST", api.token(Role.ADMIN), "/v1/srs/" + sr + "/vdis", "{'sizeBytes':2097152,'name':'disk'}");
            Answer attached = api.ask("PUT", api.token(Role.ADMIN), "/v1/vdis/disk/attachments/test", "{}");
            String uri = attached.object()
                    .getAsJsonObject("connection")
                    .get("nbdUnix")
                    .getAsString();
            try (NbdDisk disk = NbdDisk.connect(uri, DEADLINE)) {
                disk.write(0, ByteBuffer.wrap(new byte[4096]));
            }
            String token = api.token(Role.METRICS);

            Answer host = api.get(token, "/metrics");
            Answer vdis = api.get(token, "/metrics/vdis");

            assertThat(host.body())
                    .contains("catena_sr_free_bytes{name=\"main\",sr=\"" + sr + "\"}")
                    .contains("catena_api_requests_total{operation=\"createVdi\",status=\"201\"} 1")
                    .contains("catena_events_total{kind=\"vdi.created\"} 1")
                    .contains("catena_disk_requests_total{operation=\"write\",outcome=\"done\"} 1")
                    .contains("catena_disk_bytes_total{operation=\"write\"} 4096")
                    .contains("jvm_memory_used_bytes");
            assertThat(vdis.body()).contains("catena_vdi_virtual_bytes{name=\"disk\"");
            check(host.body());
            check(vdis.body());
            assertThat(api.get(token, "/metrics", "Accept", "application/openmetrics-text;version=1.0.0")
                            .body())
                    .endsWith("# EOF\n");
        }
    }

    private void check(String text) throws IOException {
        Path file = Files.writeString(directory.resolve("metrics.txt"), text);
        Programs.require("promtool");
        Programs.run(DEADLINE, "sh", "-c", "promtool check metrics < '" + file + "'");
    }

    @Test
    void theAlertsThatAreShippedFireWhenTheyShould() throws IOException {
        String home = Objects.requireNonNull(System.getProperty(AgentProcess.HOME_PROPERTY));
        Path rules = Path.of(home, "host-agent/src/main/prometheus");
        Programs.require("promtool");
        Programs.run(
                DEADLINE,
                "promtool",
                "check",
                "rules",
                rules.resolve("rules.yml").toString());
        assertThat(Programs.run(
                                DEADLINE,
                                "promtool",
                                "test",
                                "rules",
                                rules.resolve("rules-test.yml").toString())
                        .stdout())
                .contains("SUCCESS");
    }
}
