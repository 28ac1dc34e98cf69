package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.FioResult;
import io.catena.harness.peer.Nbdkit;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent is killed and started again under a client that connects again and goes on, as a guest's does: fio writes
 * through nbdkit's retry filter, knows nothing of the kills, and then reads back all that it wrote.
 *
 * <p>{@code -Dkill.rounds=1000} kills more often, about every four seconds.
 */
@Tag("slow")
class FioKillTest {
    private static final int ROUNDS = Integer.getInteger("kill.rounds", 24);
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private static final int WRITERS = 3;
    private static final long AREA_BYTES = 24 << 20;

    /** As many areas as there are offsets to start from, and writers beside each other. */
    private static final int AREAS = 8 + WRITERS;

    private static final int ROUNDS_TO_A_SNAPSHOT = 4;
    private static final int SNAPSHOTS = 2;

    @TempDir
    Path directory;

    private LiveAgent agent;
    private String sr;

    @BeforeEach
    void startAgent() throws IOException {
        agent = LiveAgent.start(directory.resolve("run"));
        sr = agent.createSr("killed", directory.resolve("sr"));
    }

    @AfterEach
    void stopAgent() throws IOException {
        agent.close();
    }

    @Seeds(1)
    void fioReadsBackAllItWroteThoughItsServerWasKilled(long seed) throws Exception {
        Random random = new Random(seed);
        String vdi = agent.createVdi(sr, "disk", AREAS * AREA_BYTES);
        String uri = agent.attach(vdi);
        List<String> snapshots = new ArrayList<>();
        int underFire = 0;
        for (int round = 0; round < ROUNDS; round++) {
            underFire += killUnderFio(uri, random) ? 1 : 0;
            if (round % ROUNDS_TO_A_SNAPSHOT == ROUNDS_TO_A_SNAPSHOT - 1) {
                snapshots.add(agent.snapshot(vdi));
                forgetTheOldest(snapshots);
            }
            report(round + 1, underFire);
        }
        assertThat(underFire).as("rounds in which fio still wrote").isGreaterThan(ROUNDS / 2);
    }

    /** Returns whether fio was at work when the agent died. */
    private boolean killUnderFio(String uri, Random random) throws Exception {
        FioJob job = FioJob.verified("", "randwrite", 4096, AREA_BYTES)
                .withQueueDepth(8)
                .with(
                        "--bssplit=512/30:4k/50:64k/20",
                        "--offset=" + random.nextInt(AREAS - WRITERS) * AREA_BYTES,
                        "--numjobs=" + WRITERS,
                        "--offset_increment=" + AREA_BYTES,
                        "--fsync=" + (1 << random.nextInt(12)),
                        "--randseed=" + random.nextInt(1_000_000),
                        "--group_reporting");
        // The filter ends a request that fails for good only after the agent had a minute to come back.
        try (Nbdkit client = Nbdkit.serve(
                "--filter=retry",
                "nbd",
                "uri=" + uri,
                "retry=60",
                "retries=60",
                "retry-delay=1",
                "retry-exponential=no")) {
            Task<FioResult> fio = Task.start("fio", () -> Fio.run(job.at(client.uri()), DEADLINE));
            boolean ended = fio.endsWithin(Duration.ofMillis(300 + random.nextInt(1200)));
            agent.process().kill9();
            agent.process().restart();
            assertThat(fio.result(DEADLINE).ioErrors()).isZero();
            return !ended;
        }
    }

    /** Keeps the chain from growing with the number of rounds. */
    private void forgetTheOldest(List<String> snapshots) {
        if (snapshots.size() > SNAPSHOTS) {
            agent.destroy(snapshots.remove(0));
            assertThat(LiveAgent.id(agent.collectGarbage(sr), "state")).isEqualTo("done");
        }
    }

    /** A long run is watched. */
    private static void report(int rounds, int underFire) {
        if (rounds % 50 == 0) {
            System.out.println("kill rounds: " + rounds + ", " + underFire + " of them under fio's writes");
        }
    }
}
