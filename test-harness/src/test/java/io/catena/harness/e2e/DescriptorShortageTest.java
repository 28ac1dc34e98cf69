package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ControlClient;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.BackgroundProgram;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that may open few files: disks that come too late are refused, and the others are served on as before. */
@Timeout(300)
@Tag("slow")
class DescriptorShortageTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int MOST_DISKS = 60;

    @TempDir
    private Path directory;

    @Test
    void theDiskThatComesLastIsRefusedAndTheOthersAreServedOn() throws IOException {
        Path run = directory.resolve("run");
        String launcher = System.getProperty(AgentProcess.HOME_PROPERTY) + "/host-agent/bin/catena";
        String command = "ulimit -n 200; exec '" + launcher + "' agent --libvirt none --run-dir '" + run + "'";
        try (BackgroundProgram agent = BackgroundProgram.start("sh", "-c", command)) {
            agent.awaitLine("ready"::equals, Duration.ofMinutes(5));
            ControlClient client = new ControlClient(RunDirectory.controlSocket(run), DEADLINE);
            client.post("/v1/srs", json("{'name':'s','path':'" + directory.resolve("sr") + "'}"));

            List<String> disks = attachedUntilRefused(client);
            assertThat(disks.size()).isBetween(5, MOST_DISKS - 1);
            List<NbdClient> guests = new ArrayList<>();
            try {
                for (String disk : disks) {
                    NbdClient guest = NbdClient.connect(run.resolve("nbd.sock"), disk);
                    guests.add(guest);
                    guest.write(0, new byte[4096]);
                    guest.flush();
                }
                client.post("/v1/vdis/snapshot", json("{'vdis':['" + disks.get(0) + "']}"));
                guests.get(0).write(0, new byte[8192]);
                guests.get(0).flush();
            } finally {
                for (NbdClient guest : guests) {
                    guest.close();
                }
            }
            for (String disk : disks) {
                client.post("/v1/vdis/" + disk + "/detach");
            }
            client.post("/v1/vdis/" + disks.get(1) + "/attach", json("{}"));
        }
    }

    private static List<String> attachedUntilRefused(ControlClient client) {
        List<String> disks = new ArrayList<>();
        for (int i = 0; i < MOST_DISKS; i++) {
            String disk = client.post("/v1/srs/s/vdis", json("{'sizeBytes':67108864}"))
                    .getAsJsonObject()
                    .get("vdi")
                    .getAsString();
            try {
                client.post("/v1/vdis/" + disk + "/attach", json("{}"));
            } catch (SrException e) {
                assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN);
                assertThat(e).hasMessageContaining("file descriptors");
                return disks;
            }
            disks.add(disk);
        }
        return disks;
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text.replace('\'', '"')).getAsJsonObject();
    }
}
