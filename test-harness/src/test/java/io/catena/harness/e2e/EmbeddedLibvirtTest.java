package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.Agent;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.libvirt.LibvirtHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.harness.guest.EmbeddedLibvirt;
import io.catena.harness.guest.GuestImage;
import io.catena.harness.guest.RunningGuest;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An agent within this process, and libvirt's driver within it, too: no daemon, nothing outside of one directory. */
@Timeout(600)
@Tag("slow")
@WholeMachine
final class EmbeddedLibvirtTest {
    private Path directory;

    /** Not JUnit's: sockets need a short path. */
    @BeforeEach
    void makeDirectory() throws IOException {
        directory = Files.createTempDirectory("le");
    }

    @AfterEach
    void removeDirectory() throws IOException {
        Programs.run(Duration.ofMinutes(1), "rm", "-rf", directory.toString());
    }

    @Test
    @SuppressWarnings("try") // the agent is asked over its socket
    void aGuestOfTheEmbeddedDriverGetsADiskWritesToItAndGivesItBack() throws Exception {
        GuestImage image = GuestImage.build(directory.resolve("image"));
        String uri = EmbeddedLibvirt.configure(directory.resolve("embed"));
        Path run = directory.resolve("run");
        Agent.Options options = new Agent.Options(NbdLimits.DEFAULT, null, false);
        try (Agent agent = Agent.start(run, options, nbdSocket -> new LibvirtHypervisor(uri, true, nbdSocket))) {
            ControlClient api = new ControlClient(run.resolve("agent.sock"), Duration.ofMinutes(2));
            api.post(
                    "/v1/srs",
                    json("name", "main", "path", directory.resolve("sr").toString()));
            JsonObject disk = json("name", "disk");
            disk.addProperty("sizeBytes", 16 << 20);
            String vdi = LiveAgent.id(api.post("/v1/srs/main/vdis", disk), "vdi");
            // Connects the agent, which starts libvirt's event loop: the driver does not open without.
            assertThat(api.get("/v1/guests").getAsJsonArray()).isEmpty();
            try (RunningGuest guest = RunningGuest.direct(uri, "embedded", image, directory)) {
                String target = LiveAgent.id(api.post("/v1/guests/embedded/attach", json("vdi", vdi)), "target");
                assertThat(target).isEqualTo("vdb");
                assertThat(
                                guest.run(
                                        "n=0; while [ ! -e /dev/vda ] && [ $n -lt 300 ]; do n=$((n + 1)); usleep 100000; done\n"
                                                + "cat /sys/block/vda/serial; echo hello | dd of=/dev/vda bs=512 conv=sync,fsync 2>/dev/null"))
                        .isEqualTo(vdi.substring(0, 20));
                api.post("/v1/guests/embedded/detach", json("vdi", vdi));
                assertThat(guest.run("ls /dev")).doesNotContain("vda");
            } finally {
                EmbeddedLibvirt.destroy(uri, "embedded");
            }
            assertThat(LiveAgent.id(api.get("/v1/vdis/" + vdi), "state")).isEqualTo("detached");
            api.post("/v1/vdis/" + vdi + "/attach");
            try (NbdClient client = NbdClient.connect(run.resolve("nbd.sock"), vdi)) {
                assertThat(new String(client.read(0, 5), StandardCharsets.US_ASCII))
                        .isEqualTo("hello");
            }
        }
    }

    private static JsonObject json(String... keysAndValues) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            object.addProperty(keysAndValues[i], keysAndValues[i + 1]);
        }
        return object;
    }
}
