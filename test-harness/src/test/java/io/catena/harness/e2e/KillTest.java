package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.peer.reference.ReferenceReader;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * The agent is killed as a crash would, again and again, and started again: what it answered for is there.
 *
 * <p>{@code -Drounds=1000} kills more often.
 */
@Tag("slow")
class KillTest {
    private static final int ROUNDS = Integer.getInteger("rounds", 10);
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    private static final int BLOCK_BYTES = 2 << 20;
    private static final int DISK_BLOCKS = 128;
    private static final long DISK_BYTES = (long) DISK_BLOCKS * BLOCK_BYTES;
    private static final int WRITERS = 4;

    /** How many blocks are first written in a round. */
    private static final int NEW_BLOCKS = 8;

    /** Each writer owns every fourth unit of the disk, so that no two write the same sector. */
    private static final int UNIT_SECTORS = 128;

    @TempDir
    Path directory;

    private final AtomicLong numbers = new AtomicLong();
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
    void everyAnsweredWriteSurvivesTheAgent(long seed) throws Exception {
        Random random = new Random(seed);
        String vdi = agent.createVdi(sr, "disk", DISK_BYTES);
        agent.attach(vdi);
        SectorLedger ledger = new SectorLedger(DISK_BYTES);
        List<Cut> cuts = new ArrayList<>();
        for (int depth = 1; depth < 3; depth++) {
            writeUntil(ledger, vdi, 0, DISK_BLOCKS, 300, random, false);
            cuts.add(new Cut(agent.snapshot(vdi), ledger.copy()));
        }
        assertThat(agent.vdi(vdi).get("depth").getAsInt()).isEqualTo(3);

        for (int round = 0; round < ROUNDS; round++) {
            int firstNew = round * NEW_BLOCKS % DISK_BLOCKS;
            writeUntil(ledger, vdi, firstNew, NEW_BLOCKS, 50 + random.nextInt(1000), random, true);
            agent.process().restart();
            if (random.nextInt(4) == 0) {
                // Recovery is interrupted, too, or what it did is lost.
                agent.process().kill9();
                agent.process().restart();
            }
            try (NbdClient client = agent.connect(vdi)) {
                ledger.check(
                        "after kill " + round,
                        client::read,
                        (long) firstNew * BLOCK_BYTES,
                        (long) NEW_BLOCKS * BLOCK_BYTES);
            }
            if (round % 5 == 4) {
                rotate(vdi, ledger, cuts);
            }
        }
        try (NbdClient client = agent.connect(vdi)) {
            ledger.check("over NBD", client::read);
        }
        agent.detach(vdi);
        agent.detachSr(sr);
        try (ReferenceReader reader = ReferenceReader.open(directory.resolve("sr/" + vdi + ".vhd"))) {
            ledger.check("the file", reader::read);
        }
        for (Cut cut : cuts) {
            try (ReferenceReader reader = ReferenceReader.open(directory.resolve("sr/" + cut.snapshot() + ".vhd"))) {
                cut.ledger().check("snapshot " + cut.snapshot(), reader::read);
            }
        }
    }

    /** A snapshot, and what it has to show. */
    private record Cut(String snapshot, SectorLedger ledger) {}

    /** Makes all blocks new to the leaf again, and keeps the chain from growing with the number of rounds. */
    private void rotate(String vdi, SectorLedger ledger, List<Cut> cuts) {
        cuts.add(new Cut(agent.snapshot(vdi), ledger.copy()));
        agent.destroy(cuts.remove(0).snapshot());
        assertThat(LiveAgent.id(agent.collectGarbage(sr), "state")).isEqualTo("done");
    }

    /**
     * Has several clients write at once, to some blocks more often than to the rest, until {@code count} writes were
     * answered.
     *
     * @param kill whether the agent is then killed, under their writes
     */
    private void writeUntil(
            SectorLedger ledger, String vdi, int firstBlock, int blocks, int count, Random random, boolean kill)
            throws Exception {
        CountDownLatch answers = new CountDownLatch(count);
        List<Task<String>> writers = new ArrayList<>();
        for (int i = 0; i < WRITERS; i++) {
            Writer writer = new Writer(ledger, vdi, i, firstBlock, blocks, new Random(random.nextLong()), answers);
            writers.add(Task.start("writer " + i, kill ? writer::writeUntilServerDies : writer::writeEnough));
        }
        assertThat(answers.await(DEADLINE.toSeconds(), TimeUnit.SECONDS))
                .as("%s writes are answered", count)
                .isTrue();
        if (kill) {
            agent.process().kill9();
        }
        for (Task<String> writer : writers) {
            writer.result(DEADLINE);
        }
    }

    /** A client that writes and discards in units of its own, some of it flushed, one request at a time. */
    private final class Writer {
        private final SectorLedger ledger;
        private final String vdi;
        private final int which;
        private final int firstBlock;
        private final int blocks;
        private final Random random;
        private final CountDownLatch answers;

        Writer(
                SectorLedger ledger,
                String vdi,
                int which,
                int firstBlock,
                int blocks,
                Random random,
                CountDownLatch answers) {
            this.ledger = ledger;
            this.vdi = vdi;
            this.which = which;
            this.firstBlock = firstBlock;
            this.blocks = blocks;
            this.random = random;
            this.answers = answers;
        }

        String writeEnough() throws IOException {
            try (NbdClient client = agent.connect(vdi)) {
                while (answers.getCount() > 0) {
                    writeOnce(client);
                }
            }
            return "written";
        }

        String writeUntilServerDies() throws IOException {
            try (NbdClient client = agent.connect(vdi)) {
                while (true) {
                    writeOnce(client);
                }
            } catch (NbdClient.RequestFailedException e) {
                throw e;
            } catch (IOException e) {
                if (answers.getCount() > 0) {
                    throw e;
                }
                return "the server is gone: " + e.getMessage();
            }
        }

        private void writeOnce(NbdClient client) throws IOException {
            int units = BLOCK_BYTES / SectorLedger.SECTOR / UNIT_SECTORS;
            int block = firstBlock + random.nextInt(blocks);
            int unit = block * units + random.nextInt(units / WRITERS) * WRITERS + which;
            int count = random.nextInt(4) == 0 ? 1 + random.nextInt(UNIT_SECTORS) : 1 + random.nextInt(8);
            int first = unit * UNIT_SECTORS + random.nextInt(UNIT_SECTORS - count + 1);
            if (random.nextInt(8) == 0) {
                ledger.trim(client, first, count);
            } else {
                ledger.write(client, first, count, numbers.incrementAndGet(), random.nextInt(64) == 0);
            }
            answers.countDown();
            if (random.nextInt(64) == 0) {
                client.flush();
            }
        }
    }

    /** fio gives up when its server dies, so it writes to the end, flushes nothing, and checks after the restart. */
    @Seeds(2)
    void whatFioWroteBeforeTheKillIsThere(long seed) throws Exception {
        String vdi = agent.createVdi(sr, "fio", 64 << 20);
        String uri = agent.attach(vdi);
        Fio.run(FioJob.verified(uri, "write", 65536, 64 << 20).with("--do_verify=0"), DEADLINE);
        String snapshot = agent.snapshot(vdi);
        FioJob job = FioJob.verified(uri, "randwrite", 4096, 16 << 20)
                .withQueueDepth(8)
                .with("--randseed=" + seed % 1_000_000, "--offset=1M");
        Fio.run(job.with("--do_verify=0"), DEADLINE);

        agent.process().kill9();
        agent.process().restart();

        assertThat(Fio.run(job.with("--verify_only=1"), DEADLINE).ioErrors()).isZero();
        FioJob reading = FioJob.verified(agent.attachReadOnly(snapshot), "read", 65536, 64 << 20);
        assertThat(Fio.run(reading, DEADLINE).ioErrors()).isZero();
    }

    @Seeds(1)
    void operationsAreCompletedOrUndoneWhenTheAgentIsKilledInThem(long seed) throws Exception {
        Random random = new Random(seed);
        String vdi = agent.createVdi(sr, "disk", 24 << 20);
        String uri = agent.attach(vdi);
        Map<String, String> wanted = new LinkedHashMap<>();
        for (int round = 0; round < Math.max(8, ROUNDS / 2); round++) {
            try (NbdClient client = agent.connect(vdi)) {
                for (int i = 0; i < 40; i++) {
                    byte[] data = new byte[512 * (1 + random.nextInt(64))];
                    random.nextBytes(data);
                    client.write(512L * random.nextInt((24 << 11) - 64), data);
                }
            }
            String digest = NbdCopy.sha256(uri, DEADLINE);
            wanted.put(vdi, digest);
            Loop loop = new Loop(vdi, digest, wanted);
            Task<String> operations = Task.start("operations", loop::runUntilServerDies);
            loop.awaitOperations(random.nextInt(8));
            // At any moment of the next operation; an end of the loop before that is a failure, told below.
            loop.ended.await(random.nextInt(60), TimeUnit.MILLISECONDS);
            agent.process().kill9();
            operations.result(DEADLINE);

            agent.process().restart();
            checkAll(wanted, digest, vdi, loop.uncertain);
        }
    }

    /** Every disk known is there with its content; the ones whose making was not answered hold what they should, too. */
    private void checkAll(Map<String, String> wanted, String digest, String vdi, String uncertain) throws IOException {
        assertThat(agent.srs()).hasSize(1);
        assertThat(agent.srs().get(0).get("attached").getAsBoolean()).isTrue();
        assertThat(agent.srs().get(0).get("problem")).isNull();
        assertThat(agent.stat(sr).getAsJsonArray("problems")).isEmpty();
        List<String> present =
                agent.vdis(sr).stream().map(found -> LiveAgent.id(found, "vdi")).toList();
        wanted.keySet().removeIf(known -> known.equals(uncertain) && !present.contains(known));
        assertThat(present).containsAll(wanted.keySet());
        for (String found : present) {
            boolean isLive = found.equals(vdi);
            String uri = isLive ? agent.attach(found) : agent.attachReadOnly(found);
            assertThat(NbdCopy.sha256(uri, DEADLINE))
                    .as("VDI %s%s", found, isLive ? ", the live one" : "")
                    .isEqualTo(wanted.getOrDefault(found, digest));
            if (!isLive) {
                wanted.putIfAbsent(found, digest);
                agent.detach(found);
            }
        }
    }

    /** Makes snapshots and clones, deletes them and collects garbage, until the agent dies. */
    private final class Loop {
        private final String vdi;
        private final String digest;
        private final Map<String, String> wanted;
        private final CountDownLatch ended = new CountDownLatch(1);
        private final Semaphore done = new Semaphore(0);

        /** What was being destroyed when the agent died, if anything. */
        private volatile String uncertain = "";

        Loop(String vdi, String digest, Map<String, String> wanted) {
            this.vdi = vdi;
            this.digest = digest;
            this.wanted = wanted;
        }

        void awaitOperations(int count) throws InterruptedException {
            assertThat(done.tryAcquire(count, DEADLINE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        }

        String runUntilServerDies() {
            try {
                while (true) {
                    made(agent.snapshot(vdi));
                    made(agent.cloneOf(vdi));
                    destroyOldest();
                    agent.collectGarbage(sr);
                    done.release();
                    made(agent.snapshot(vdi));
                    destroyOldest();
                    agent.collectGarbage(sr);
                    done.release();
                }
            } catch (SrException e) {
                if (e.error() != SrError.AGENT_UNREACHABLE) {
                    throw e;
                }
                return "the agent is gone";
            } finally {
                ended.countDown();
            }
        }

        private void made(String made) {
            wanted.put(made, digest);
            done.release();
        }

        private void destroyOldest() {
            String oldest = wanted.keySet().stream()
                    .filter(known -> !known.equals(vdi))
                    .findFirst()
                    .orElseThrow();
            uncertain = oldest;
            agent.destroy(oldest);
            wanted.remove(oldest);
            uncertain = "";
            done.release();
        }
    }
}
