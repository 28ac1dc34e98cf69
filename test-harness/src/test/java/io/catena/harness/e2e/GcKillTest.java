package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent is killed again and again while it merges a disk's nodes, live and under writes: what fio wrote before verifies,
 * and every write that was answered is there.
 */
@Tag("slow")
class GcKillTest {
    private static final int ROUNDS = Integer.getInteger("rounds", 12);
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final int MIB = 1 << 20;
    private static final int FIO_MIB = 48;
    private static final int WRITTEN_MIB = 16;
    private static final int SECTORS = WRITTEN_MIB * MIB / 512;

    @TempDir
    private Path directory;

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
    void whatWasWrittenSurvivesKillsOfTheAgentWhileItMerges(long seed) throws Exception {
        Random random = new Random(seed);
        String vdi = agent.createVdi(sr, "disk", (FIO_MIB + WRITTEN_MIB) * (long) MIB);
        String uri = agent.attach(vdi);
        SectorLedger ledger = new SectorLedger((long) WRITTEN_MIB * MIB);
        long number = 0;
        for (int round = 0; round < ROUNDS; round++) {
            // In turns most of the disk and little of it is new: that decides which way the nodes are merged.
            FioJob job = FioJob.verified(uri, "randwrite", round % 2 == 0 ? 65536 : 4096, FIO_MIB * MIB)
                    .with("--randseed=" + (1 + round), "--offset=" + WRITTEN_MIB + "M");
            FioJob little = FioJob.verified(uri, "write", 4096, MIB)
                    .with("--randseed=" + (1 + round), "--offset=" + WRITTEN_MIB + "M");
            String snapshot = agent.snapshot(vdi);
            FioJob last = round % 3 == 0 ? little : job;
            Fio.run(last.with("--do_verify=0"), DEADLINE);
            String second = agent.snapshot(vdi);
            agent.destroy(snapshot);
            agent.destroy(second);

            number = mergeAndKill(vdi, ledger, number, random);

            agent.process().restart();
            assertThat(Fio.run(last.with("--verify_only=1"), DEADLINE).ioErrors())
                    .as("round %s", round)
                    .isZero();
            try (NbdClient client = agent.connect(vdi)) {
                ledger.check("after kill " + round, client::read, 0, (long) WRITTEN_MIB * MIB);
            }
        }
        JsonObject job = agent.collectGarbage(sr);
        assertThat(LiveAgent.id(job, "state")).isEqualTo("done");
        assertThat(LiveAgent.id(job, "result")).doesNotContain("set aside");
        assertThat(agent.vdi(vdi).get("depth").getAsInt()).isEqualTo(1);
        try (NbdClient client = agent.connect(vdi)) {
            ledger.check("at the end", client::read, 0, (long) WRITTEN_MIB * MIB);
        }
    }

    /** Returns the number of the last write. */
    private long mergeAndKill(String vdi, SectorLedger ledger, long lastNumber, Random random) throws Exception {
        CountDownLatch killed = new CountDownLatch(1);
        long[] number = {lastNumber};
        Random places = new Random(random.nextLong());
        Task<String> writer = Task.start("writer", () -> {
            try (NbdClient client = agent.connect(vdi)) {
                while (killed.getCount() > 0) {
                    int count = 1 + places.nextInt(64);
                    ledger.write(client, places.nextInt(SECTORS - count), count, ++number[0], false);
                }
                return "ended";
            } catch (IOException e) {
                // The agent is gone; that is what this is about.
                return "cut off";
            }
        });
        agent.api().post("/v1/srs/" + sr + "/gc");
        boolean never = new CountDownLatch(1).await(random.nextInt(250), TimeUnit.MILLISECONDS);
        assertThat(never).isFalse();
        agent.process().kill9();
        killed.countDown();
        writer.result(DEADLINE);
        return number[0];
    }
}
