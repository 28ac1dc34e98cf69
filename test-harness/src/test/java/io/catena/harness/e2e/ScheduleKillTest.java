package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;

import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An agent that is killed while a schedule runs goes on with it, and takes no snapshot twice. */
@Tag("slow")
@Timeout(300)
class ScheduleKillTest {
    private static final int KILLS = 3;
    private static final int LONGEST_MILLIS = 1500;

    @Test
    void eachRunHasItsSnapshotOnce(@TempDir Path directory) throws IOException, InterruptedException {
        Random random = new Random(1);
        try (AgentProcess agent = AgentProcess.startShortLived(directory.resolve("run"))) {
            agent.cli("sr", "create", "main", "--path", directory.resolve("sr").toString());
            agent.cli("vdi", "create", "main", "--size", "4M", "--name", "disk");
            ScheduleRuns schedule = new ScheduleRuns(agent, "main", "often");
            schedule.create();
            for (int kill = 0; kill < KILLS; kill++) {
                Instant unused = schedule.runNow();
                LockSupport.parkNanos(
                        Duration.ofMillis(random.nextInt(LONGEST_MILLIS)).toNanos());
                agent.kill9();
                agent.restart();
            }
            Instant last = schedule.runNow();
            until("the last run is done", () -> schedule.isDoneSince(last));
            schedule.assertEachRunHasItsSnapshotOnce();
        }
    }
}
