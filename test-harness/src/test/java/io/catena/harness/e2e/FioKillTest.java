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
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent is killed and started again under a client that connects again and goes on, as a guest's does: fio writes
 * through nbdkit's retry filter, knows nothing of the kills, and then reads back all that it wrote. Each kill meets a
 * snapshot of the disk that has just begun; it is there afterwards or not, and either way the disk has all of its writes.
 *
 * <p>{@code -Dkill.rounds=1000} kills more often, about every four seconds.
 */
@Tag("slow")
class FioKillTest {
    private static final int ROUNDS = Integer.getInteger("kill.rounds", 12);
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private static final int WRITERS = 3;
    private static final long AREA_BYTES = 24 << 20;

    /** As many areas as there are offsets to start from, and writers beside each other. */
    private static final int AREAS = 8 + WRITERS;

    private static final int ROUNDS_TO_A_COLLECTION = 4;
    private static final int SNAPSHOTS = 2;

    /** A snapshot takes about as long. */
    private static final int MOST_MILLIS_OF_A_SNAPSHOT = 60;

    @TempDir
    Path directory;

    private LiveAgent agent;
    private String sr;

    /** Rounds in which fio still wrote when the agent died, and those in which a snapshot was under way. */
    private int underFire;

    private int inSnapshot;

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
        for (int round = 0; round < ROUNDS; round++) {
            killUnderFio(vdi, uri, random);
            if (round % ROUNDS_TO_A_COLLECTION == ROUNDS_TO_A_COLLECTION - 1) {
                forgetTheOldest(vdi);
            }
            report(round + 1);
        }
        assertThat(underFire).as("rounds in which fio still wrote").isGreaterThan(ROUNDS / 2);
        assertThat(inSnapshot).as("rounds in which a snapshot was under way").isPositive();
    }

    private void killUnderFio(String vdi, String uri, Random random) throws Exception {
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
            boolean fioEnded = fio.endsWithin(Duration.ofMillis(300 + random.nextInt(1200)));
            Task<String> snapshot = Task.start("snapshot", () -> agent.snapshot(vdi));
            boolean snapshotEnded = snapshot.endsWithin(Duration.ofMillis(random.nextInt(MOST_MILLIS_OF_A_SNAPSHOT)));
            agent.process().kill9();
            agent.process().restart();
            assertThat(fio.result(DEADLINE).ioErrors()).isZero();
            underFire += fioEnded ? 0 : 1;
            inSnapshot += snapshotEnded ? 0 : 1;
        }
    }

    /** Keeps the chain from growing with the number of rounds. */
    private void forgetTheOldest(String vdi) {
        List<String> snapshots = agent.vdis(sr).stream()
                .map(disk -> LiveAgent.id(disk, "vdi"))
                .filter(id -> !id.equals(vdi))
                .toList();
        snapshots.subList(0, Math.max(0, snapshots.size() - SNAPSHOTS)).forEach(agent::destroy);
        assertThat(LiveAgent.id(agent.collectGarbage(sr), "state")).isEqualTo("done");
    }

    /** A long run is watched. */
    private void report(int rounds) {
        if (rounds % 50 == 0) {
            System.out.println("kill rounds: " + rounds + ", " + underFire + " of them under fio's writes, "
                    + inSnapshot + " in a snapshot");
        }
    }
}
