package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.harness.machine.SharesMachine;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that is killed while a schedule runs goes on with it, and takes no snapshot twice. */
@Tag("slow")
@Timeout(300)
@SharesMachine
class ScheduleKillTest {
    private static final int KILLS = 3;
    private static final int LONGEST_MILLIS = 1500;

    @Test
    void eachRunHasItsSnapshotOnce(@TempDir Path directory) throws IOException {
        Random random = new Random(1);
        try (AgentProcess agent = AgentProcess.start(directory.resolve("run"))) {
            agent.cli("sr", "create", "main", "--path", directory.resolve("sr").toString());
            agent.cli("vdi", "create", "main", "--size", "4M", "--name", "disk");
            agent.cli("schedule", "create", "often", "--sr", "main", "--cron", "@monthly", "--keep-last", "9");
            for (int kill = 0; kill < KILLS; kill++) {
                agent.cli("schedule", "run", "often");
                LockSupport.parkNanos(
                        Duration.ofMillis(random.nextInt(LONGEST_MILLIS)).toNanos());
                agent.kill9();
                agent.restart();
            }
            Instant last = Instant.now().truncatedTo(ChronoUnit.SECONDS);
            agent.cli("schedule", "run", "often");
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (told(agent, "due").stream().map(Instant::parse).noneMatch(due -> !due.isBefore(last))
                    || status(agent).has("reason")) {
                assertThat(System.nanoTime()).isLessThan(deadline);
                LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
            }
            List<String> dues = snapshotDues(agent);

            assertThat(dues).doesNotHaveDuplicates();
            assertThat(dues).containsExactlyInAnyOrderElementsOf(told(agent, "due"));
            assertThat(told(agent, "outcome")).containsOnly("ok");
        }
    }

    /** Returns what is told of each run that has ended. */
    private static List<String> told(AgentProcess agent, String what) throws IOException {
        List<String> told = new ArrayList<>();
        for (JsonElement run : status(agent).getAsJsonArray("runs")) {
            told.add(run.getAsJsonObject().get(what).getAsString());
        }
        return told;
    }

    private static JsonObject status(AgentProcess agent) throws IOException {
        return json(agent, "schedule", "show", "often").getAsJsonObject().getAsJsonObject("status");
    }

    private static List<String> snapshotDues(AgentProcess agent) throws IOException {
        List<String> dues = new ArrayList<>();
        for (JsonElement vdi : json(agent, "vdi", "ls", "main").getAsJsonArray()) {
            JsonElement due = vdi.getAsJsonObject().getAsJsonObject("keys").get("catena.due");
            if (due != null) {
                dues.add(due.getAsString());
            }
        }
        return dues;
    }

    private static JsonElement json(AgentProcess agent, String... words) throws IOException {
        return JsonParser.parseString(agent.cli(words).stdout());
    }
}
