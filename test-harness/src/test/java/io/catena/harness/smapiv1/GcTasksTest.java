package io.catena.harness.smapiv1;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcAnswer;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcCall;
import io.catena.agent.smapiv1.xmlrpc.XmlRpcValue;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What XAPI hears of garbage collection while it asks for nothing. */
@Tag("slow")
final class GcTasksTest extends DriverTest {
    @BeforeEach
    void quick() throws IOException {
        takeShortCuts();
        createSr();
    }

    private Collection<XmlRpcValue> tasks() {
        return xapi.database().table("task").values();
    }

    private boolean ended(int count) {
        return tasks().size() == count
                && tasks().stream()
                        .noneMatch(task -> task.member("status").asText().equals("pending"));
    }

    /** Makes a disk with something to merge. */
    private String merging() throws IOException {
        String disk = create("d", 4 * MIB);
        write(disk, 0, (byte) 1);
        String snapshot = snapshot(disk);
        write(disk, 2 * MIB, (byte) 2);
        nil(vdi("vdi_delete", snapshot));
        return disk;
    }

    @Test
    void aRunIsATaskOfTheSrAndRowsAreRightAfterItWithoutAScan() throws IOException, InterruptedException {
        String disk = mergingSlowly();
        String base = smConfig(disk).getOrDefault("vhd-parent", "none");
        collect();
        until(
                "the task has ended and the base copy is gone",
                () -> ended(1) && smConfig(disk).isEmpty() && !rows().containsKey(base));
        XmlRpcValue task = tasks().iterator().next();
        assertThat(task.member("name_label").asText()).isEqualTo("Garbage Collection");
        assertThat(task.member("status").asText()).isEqualTo("success");
        assertThat(task.member("progress")).isEqualTo(new XmlRpcValue.Real(1));
        assertThat(task.member("other_config").asTextMap()).isEqualTo(Map.of("applies_to", SR_REF));
        assertThat(managed()).containsExactly(disk);
        assertThat(read(disk, 2 * MIB)).isEqualTo((byte) 2);
    }

    /** As {@link #merging}, so that it takes some seconds. */
    private String mergingSlowly() throws IOException {
        JsonObject slow = new JsonObject();
        slow.addProperty("bytesPerSecond", MIB);
        control().post("/v1/srs/" + SR + "/gc/set", slow);
        String disk = create("d", 8 * MIB);
        fill(disk, 6);
        String snapshot = snapshot(disk);
        fill(disk, 4);
        nil(vdi("vdi_delete", snapshot));
        return disk;
    }

    private ControlClient control() {
        return new ControlClient(directory.resolve("run/agent.sock"), Duration.ofMinutes(1));
    }

    private void collect() {
        control().post("/v1/srs/" + SR + "/gc");
    }

    private void fill(String disk, int mebibytes) throws IOException {
        nil(vdi("vdi_activate", disk, "true"));
        try (NbdClient guest = guest(disk)) {
            byte[] bytes = new byte[(int) MIB];
            Arrays.fill(bytes, (byte) 2);
            for (int i = 0; i < mebibytes; i++) {
                guest.write(i * MIB, bytes);
            }
        }
        nil(vdi("vdi_deactivate", disk));
    }

    @Test
    void whileXapiIsAwayNodesAreMergedAndTheNextScanTellsIt() throws IOException, InterruptedException {
        String disk = merging();
        xapi.kill();
        collect();
        until(
                "the base copy is gone",
                () -> !srDirectory()
                        .resolve(smConfig(disk).get("vhd-parent") + ".vhd")
                        .toFile()
                        .exists());
        xapi.restart();
        nil(driver.sr("sr_scan"));
        until("nothing is to be merged any more", () -> smConfig(disk).isEmpty());
        assertThat(managed()).containsExactly(disk);
    }

    /** The driver's file under another name is a plugin of XAPI's. */
    @Test
    void toolsStartEndAndAskForRunsByAPlugin() throws IOException, InterruptedException {
        otherConfig(Map.of("gc", "false"));
        nil(driver.sr("sr_scan"));
        String disk = merging();
        assertThat(plugin("is_gc_disabled")).isEqualTo("True");
        assertThat(plugin("is_gc_running")).isEqualTo("False");
        assertThat(smConfig(disk)).isNotEmpty();
        assertThat(plugin("gc_force")).isEqualTo("True");
        until("nothing is to be merged any more", () -> smConfig(disk).isEmpty());
        assertThat(plugin("abort")).isEqualTo("True");
        otherConfig(Map.of("gc", "true"));
        nil(driver.sr("sr_scan"));
        assertThat(plugin("is_gc_disabled")).isEqualTo("False");
        assertThat(plugin("gc")).isEqualTo("True");
        XmlRpcValue failure = call("gc", Map.of("sr_uuid", "nonsense"));
        assertThat(failure.member("Status").asText()).isEqualTo("Failure");
        assertThat(call("abort", Map.of()).member("ErrorDescription").asTexts()).isNotEmpty();
    }

    private String plugin(String function) throws IOException {
        return call(function, Map.of("sr_uuid", SR)).member("Value").asText();
    }

    private XmlRpcValue call(String function, Map<String, String> arguments) throws IOException {
        Path link = directory.resolve("catena-gc");
        if (!Files.exists(link)) {
            Files.createSymbolicLink(link, directory.resolve("sm/CatenaSR"));
        }
        XmlRpcCall call =
                new XmlRpcCall(function, List.of(XmlRpcValue.of(StubXapi.SESSION), XmlRpcValue.of(arguments)));
        Outcome outcome = Programs.run(Duration.ofMinutes(1), link.toString(), call.text());
        return XmlRpcAnswer.read(outcome.stdout().getBytes(StandardCharsets.UTF_8))
                .value();
    }
}
