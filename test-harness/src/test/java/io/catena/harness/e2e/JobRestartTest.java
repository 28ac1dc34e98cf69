package io.catena.harness.e2e;

import static io.catena.agent.control.client.ControlClient.part;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.NbdCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that are under way when the agent is killed go on, under the same id, when it starts again. */
@Tag("slow")
class JobRestartTest {
    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final int PIECE_BYTES = 2 << 20;
    private static final int PIECES = 96;

    @TempDir
    Path directory;

    private LiveAgent agent;
    private String sr;
    private String disk;

    @BeforeEach
    void startAgentWithADisk() throws IOException {
        agent = LiveAgent.start(directory.resolve("run"));
        sr = agent.createSr("sr", directory.resolve("sr"));
        disk = agent.createVdi(sr, "disk", (long) PIECE_BYTES * PIECES);
        agent.attach(disk);
        fill(disk);
    }

    @AfterEach
    void stopAgent() throws IOException {
        agent.close();
    }

    @Test
    void aCopyThatIsKilledIsMadeAllTheSame() throws Exception {
        agent.detach(disk);
        JsonObject body = new JsonObject();
        body.addProperty("name", "copy");
        String job = LiveAgent.id(agent.api().post("/v1/vdis/" + part(disk) + "/copy", body), "job");

        killInTheMiddleOfTheCopy();
        agent.process().restart();

        JsonObject ended = await(job);
        assertThat(LiveAgent.id(ended, "state")).as("%s", ended).isEqualTo("done");
        assertThat(LiveAgent.id(ended, "kind")).isEqualTo("copy");
        assertThat(agent.process().log()).contains("job-resumed");
        String copy = LiveAgent.id(agent.vdi(sr, "copy"), "vdi");
        assertThat(NbdCopy.sha256(agent.attachReadOnly(copy), DEADLINE))
                .isEqualTo(NbdCopy.sha256(agent.attachReadOnly(disk), DEADLINE));
        assertThat(agent.vdis(sr)).hasSize(2);
        assertNothingIsLeftOver();
    }

    /** With the run directory all is gone that the agent keeps of this boot. */
    @Test
    void aCopyGoesOnAfterARebootWhenItsSrIsAttachedAgain() throws Exception {
        agent.detach(disk);
        JsonObject body = new JsonObject();
        body.addProperty("name", "copy");
        String job = LiveAgent.id(agent.api().post("/v1/vdis/" + part(disk) + "/copy", body), "job");
        killInTheMiddleOfTheCopy();

        try (LiveAgent next = LiveAgent.start(directory.resolve("run-of-the-next-boot"))) {
            next.attachSr(directory.resolve("sr"));
            JsonObject ended = await(next, job);
            assertThat(LiveAgent.id(ended, "state")).as("%s", ended).isEqualTo("done");
            String copy = LiveAgent.id(next.vdi(sr, "copy"), "vdi");
            assertThat(NbdCopy.sha256(next.attachReadOnly(copy), DEADLINE))
                    .isEqualTo(NbdCopy.sha256(next.attachReadOnly(disk), DEADLINE));
            assertNothingIsLeftOver();
        }
    }

    /** The copy is made under a temporary name: it has to have begun, and must not have ended. */
    private void killInTheMiddleOfTheCopy() throws IOException {
        long deadline = System.nanoTime() + DEADLINE.toNanos();
        while (bytesBeingCopied() < 4 * PIECE_BYTES && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        agent.process().kill9();
        assertThat(bytesBeingCopied())
                .as("bytes of the copy when the agent was killed")
                .isBetween(4L * PIECE_BYTES, (long) PIECE_BYTES * PIECES);
        assertThat(jobsThatAreKept()).hasSize(1);
    }

    private long bytesBeingCopied() throws IOException {
        long bytes = 0;
        for (Path file : filesIn("tmp")) {
            bytes += Files.size(file);
        }
        return bytes;
    }

    private List<Path> jobsThatAreKept() throws IOException {
        return filesIn("jobs");
    }

    private List<Path> filesIn(String name) throws IOException {
        Path own = directory.resolve("sr/.catena").resolve(name);
        if (!Files.exists(own)) {
            return List.of();
        }
        try (var files = Files.list(own)) {
            return files.toList();
        }
    }

    @Test
    void garbageCollectionThatIsKilledGoesOn() throws Exception {
        String snapshot = agent.snapshot(disk);
        fill(disk);
        String second = agent.snapshot(disk);
        String digest = NbdCopy.sha256(agent.attachReadOnly(second), DEADLINE);
        agent.detach(second);
        agent.destroy(snapshot);
        String job = LiveAgent.id(agent.api().post("/v1/srs/" + part(sr) + "/gc"), "job");

        agent.process().kill9();
        agent.process().restart();

        JsonObject ended = await(job);
        assertThat(LiveAgent.id(ended, "state")).as("%s", ended).isEqualTo("done");
        assertThat(LiveAgent.id(ended, "kind")).isEqualTo("gc");
        assertThat(agent.process().log()).contains("job-resumed");
        assertThat(LiveAgent.id(agent.vdi(disk), "depth")).isEqualTo("2");
        assertThat(NbdCopy.sha256(agent.attachReadOnly(second), DEADLINE)).isEqualTo(digest);
        assertNothingIsLeftOver();
    }

    private void fill(String vdi) throws IOException {
        byte[] piece = new byte[PIECE_BYTES];
        new Random(7).nextBytes(piece);
        try (NbdClient client = agent.connect(vdi)) {
            for (int i = 0; i < PIECES; i++) {
                piece[0] = (byte) i;
                client.write((long) i * PIECE_BYTES, piece);
            }
        }
    }

    private JsonObject await(String job) {
        return await(agent, job);
    }

    private static JsonObject await(LiveAgent agent, String job) {
        JsonObject now;
        do {
            // The agent holds the answer back until the job has ended, or for a second.
            now = agent.api().get("/v1/jobs/" + job + "?waitMillis=1000").getAsJsonObject();
        } while (now.get("state").getAsString().equals("running"));
        return now;
    }

    private void assertNothingIsLeftOver() throws IOException {
        try (var files = Files.list(directory.resolve("sr/.catena/tmp"))) {
            assertThat(files).isEmpty();
        }
        assertThat(jobsThatAreKept()).isEmpty();
    }
}
