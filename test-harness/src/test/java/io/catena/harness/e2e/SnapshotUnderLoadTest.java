package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.harness.machine.WholeMachine;
import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.FioResult;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.NbdCopy;
import io.catena.harness.sim.Seeds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots, clones and garbage collection while guests write. */
@Tag("slow")
@WholeMachine
class SnapshotUnderLoadTest {
    private static final Duration DEADLINE = Duration.ofMinutes(2);
    private static final int SECTOR = 512;
    private static final int DISK_BYTES = 64 << 20;

    /** Long enough for all that is done meanwhile; then the test asks fio no more. */
    private static final int LOAD_SECONDS = 15;

    private static final int GROUP_SNAPSHOTS = 20;

    @TempDir
    Path directory;

    private LiveAgent agent;
    private String sr;

    @BeforeEach
    void startAgent() throws IOException {
        agent = LiveAgent.startMeasured(directory.resolve("run"));
        sr = agent.createSr("loaded", directory.resolve("sr"));
    }

    @AfterEach
    void stopAgent() throws IOException {
        agent.close();
    }

    /** fio cannot say what a disk held at an instant; so a second disk, whose content is known, is cut at the same one. */
    @Seeds(1)
    void theTreeChangesUnderAGuestThatNoticesNothing(long seed) throws Exception {
        Random random = new Random(seed);
        String loaded = agent.createVdi(sr, "loaded", DISK_BYTES);
        String known = agent.createVdi(sr, "known", DISK_BYTES);
        String uri = agent.attach(loaded);
        agent.attach(known);
        byte[] model = new byte[DISK_BYTES];
        Task<FioResult> fio = Task.start("fio", () -> Fio.run(load(uri), DEADLINE));

        scribble(known, model, random);
        List<String> first = agent.snapshot(List.of(loaded, known));
        String firstDigest = Digests.sha256(model);
        scribble(known, model, random);
        List<String> second = agent.snapshot(List.of(known, loaded));
        String secondDigest = Digests.sha256(model);
        String loadedAtSecond = digest(second.get(1));
        scribble(known, model, random);
        String clone = agent.cloneOf(known);
        String cloneDigest = Digests.sha256(model);
        scribble(known, model, random);
        assertThat(digest(first.get(1))).isEqualTo(firstDigest);

        // Now two base copies of each disk have no reader of their own between them.
        first.forEach(agent::destroy);
        JsonObject collected = agent.collectGarbage(sr);
        if (fio.isDone()) {
            throw new AssertionError("fio ended before the work under load was done: " + fio.result(DEADLINE));
        }
        assertThat(LiveAgent.id(collected, "state")).isEqualTo("done");
        assertThat(LiveAgent.id(collected, "result"))
                .containsPattern("merged [1-9]")
                .doesNotContain("set aside");

        assertThat(digest(second.get(0))).isEqualTo(secondDigest);
        assertThat(digest(second.get(1))).isEqualTo(loadedAtSecond);
        assertThat(digest(clone)).isEqualTo(cloneDigest);
        assertThat(NbdCopy.sha256(agent.attach(known), DEADLINE)).isEqualTo(Digests.sha256(model));
        FioResult result = fio.result(DEADLINE);
        assertThat(result.ioErrors()).isZero();
        assertThat(result.write().bytes()).isPositive();
        assertThat(result.read().bytes()).isPositive();
    }

    /** Reads and writes for a time, and reads back and checks what it wrote while it goes on. The engine knows no fdatasync. */
    private static FioJob load(String uri) {
        return new FioJob(uri, "randrw", 4096, 4, DISK_BYTES, OptionalLong.of(LOAD_SECONDS), true, List.of())
                .with("--verify_backlog=256", "--fsync=64");
    }

    private void scribble(String vdi, byte[] model, Random random) throws IOException {
        try (NbdClient client = agent.connect(vdi)) {
            for (int i = 0; i < 60; i++) {
                byte[] data = new byte[SECTOR * (1 + random.nextInt(64))];
                random.nextBytes(data);
                int offset = SECTOR * random.nextInt((model.length - data.length) / SECTOR);
                client.write(offset, data);
                System.arraycopy(data, 0, model, offset, data.length);
            }
            client.disconnect();
        }
    }

    private String digest(String vdi) throws IOException {
        String digest = NbdCopy.sha256(agent.attachReadOnly(vdi), DEADLINE);
        agent.detach(vdi);
        return digest;
    }

    /** A guest that writes number n to B only after A has answered n: no instant shows B ahead of A. */
    @Test
    void severalDisksAreCutAtOneInstant() throws Exception {
        String a = agent.createVdi(sr, "a", DISK_BYTES);
        String b = agent.createVdi(sr, "b", DISK_BYTES);
        agent.attach(a);
        agent.attach(b);
        Semaphore progress = new Semaphore(0);
        Semaphore stop = new Semaphore(0);
        Task<Long> guest = Task.start("guest", () -> count(a, b, progress, stop));
        long last = -1;
        for (int i = 0; i < GROUP_SNAPSHOTS; i++) {
            assertThat(progress.tryAcquire(20, DEADLINE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            List<String> cut = agent.snapshot(i % 2 == 0 ? List.of(a, b) : List.of(b, a));
            long inA = numberIn(cut.get(i % 2 == 0 ? 0 : 1));
            long inB = numberIn(cut.get(i % 2 == 0 ? 1 : 0));
            assertThat(inB).as("cut %s: A shows %s", i, inA).isBetween(inA - 1, inA);
            assertThat(inA).as("cut %s", i).isGreaterThan(last);
            last = inA;
        }
        stop.release();
        assertThat(guest.result(DEADLINE)).isGreaterThanOrEqualTo(last);
    }

    /** Returns the last number that both disks answered. */
    private long count(String a, String b, Semaphore progress, Semaphore stop) throws IOException {
        try (NbdClient clientOfA = agent.connect(a);
                NbdClient clientOfB = agent.connect(b)) {
            long number = 0;
            while (!stop.tryAcquire()) {
                number++;
                byte[] data = ByteBuffer.allocate(SECTOR).putLong(number).array();
                clientOfA.write(0, data);
                clientOfB.write(0, data);
                progress.release();
            }
            return number;
        }
    }

    private long numberIn(String vdi) throws IOException {
        agent.attachReadOnly(vdi);
        try (NbdClient client = agent.connect(vdi)) {
            return ByteBuffer.wrap(client.read(0, SECTOR)).getLong();
        } finally {
            agent.detach(vdi);
        }
    }
}
