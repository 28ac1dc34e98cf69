package io.catena.harness.api;

import static io.catena.harness.Waiting.until;
import static io.catena.harness.api.SourceAgent.json;
import static io.catena.harness.api.SourceAgent.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.Role;
import io.catena.agent.control.client.ControlClient;
import io.catena.api.SrException;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An agent is told to end while calls over both of its faces read the files that a guest writes: a thread that was interrupted there
 * would close them under the guest.
 */
@Timeout(240)
@Tag("slow")
class ShutdownUnderLoadTest {
    private static final int ROUNDS = 3;
    private static final int SIZE_BYTES = 8 << 20;
    private static final int PIECE_BYTES = 64 << 10;
    private static final int PIECES = SIZE_BYTES / PIECE_BYTES;

    /** NBD's ESHUTDOWN: the server says that it ends. */
    private static final int ENDING = 108;

    @TempDir
    private Path directory;

    private final AtomicInteger calls = new AtomicInteger();

    /** Whether the agent was told to end. */
    private volatile boolean ending;

    @Test
    void noRequestOfAGuestFailsAndNoAnsweredWriteIsLost() throws IOException, InterruptedException {
        try (ApiProcess agent = new ApiProcess(Files.createDirectory(directory.resolve("agent")))) {
            String sr = agent.sr("sr");
            String token = agent.token(Role.ADMIN);
            String disk = text(
                    agent.local().post("/v1/srs/" + sr + "/vdis", json("{'sizeBytes':" + SIZE_BYTES + "}")), "vdi");
            agent.local().post("/v1/vdis/" + disk + "/attach", json("{}"));
            Guest guest = new Guest(agent.agent().runDirectory().resolve("nbd.sock"), disk);
            for (int round = 0; round < ROUNDS; round++) {
                endUnderLoad(
                        agent,
                        guest,
                        List.of(
                                () -> SourceAgent.content(agent.agent().runDirectory(), disk),
                                () -> check(agent.local(), sr),
                                () -> agent.get(token, "/v1/vdis/" + disk + "/content?format=raw"),
                                () -> agent.ask("POST", token, "/v1/srs/" + sr + "/check", "{'repair':true}"),
                                () -> agent.ask("POST", token, "/v1/vdis/" + disk + "/clone", "{}")));
                agent.agent().restart();
                guest.compare();
            }
        }
    }

    /** A call that reads or changes files of disks. */
    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    private static void check(ControlClient api, String sr) {
        assertThat(api.post("/v1/srs/" + sr + "/check", json("{'repair':true}")))
                .isNotNull();
    }

    private void endUnderLoad(ApiProcess agent, Guest guest, List<Work> work) throws IOException, InterruptedException {
        ending = false;
        int before = calls.get();
        CompletableFuture<@Nullable String> written =
                CompletableFuture.supplyAsync(guest::writeUntilTheEnd, ShutdownUnderLoadTest::ownThread);
        List<CompletableFuture<Void>> callers = new ArrayList<>();
        for (Work each : work) {
            callers.add(CompletableFuture.runAsync(() -> callUntilTheEnd(each), ShutdownUnderLoadTest::ownThread));
        }
        until("calls are under way", () -> calls.get() > before + 2 * work.size() || written.isDone());

        ending = true;
        assertThat(agent.agent().terminate()).as(agent.agent().log()).isZero();

        callers.forEach(CompletableFuture::join);
        assertThat(written.join()).as("what failed for the guest").isNull();
    }

    /** The common pool may have one thread only. */
    private static void ownThread(Runnable task) {
        Thread thread = new Thread(task, "load");
        thread.setDaemon(true);
        thread.start();
    }

    /** The agent's end is what ends them. */
    private void callUntilTheEnd(Work work) {
        try {
            while (true) {
                work.run();
                calls.incrementAndGet();
            }
        } catch (IOException | SrException e) {
            // The agent has ended.
        }
    }

    /** Writes pieces at random, each filled with how often it was written, and knows what was answered. */
    private final class Guest {
        private final Path socket;
        private final String disk;
        private final Random random = new Random(16);
        private final byte[] answered = new byte[PIECES];
        private final byte[] sent = new byte[PIECES];

        Guest(Path socket, String disk) {
            this.socket = socket;
            this.disk = disk;
        }

        /** Returns what failed though the agent served; null if nothing did. */
        @Nullable
        String writeUntilTheEnd() {
            try (NbdClient client = NbdClient.connect(socket, disk)) {
                while (true) {
                    int piece = random.nextInt(PIECES);
                    sent[piece] = (byte) (answered[piece] + 1);
                    client.write((long) piece * PIECE_BYTES, filled(sent[piece]));
                    answered[piece] = sent[piece];
                    if (random.nextInt(20) == 0) {
                        client.flush();
                    }
                    assertThat(client.read((long) piece * PIECE_BYTES, PIECE_BYTES))
                            .containsOnly(answered[piece]);
                }
            } catch (NbdClient.RequestFailedException e) {
                return e.error() == ENDING ? null : String.valueOf(e.getMessage());
            } catch (IOException e) {
                return ending ? null : "the connection ended before the agent: " + e;
            }
        }

        /** What was sent and not answered may be there, or not, or in part. */
        void compare() throws IOException {
            try (NbdClient client = NbdClient.connect(socket, disk)) {
                for (int piece = 0; piece < PIECES; piece++) {
                    byte[] found = client.read((long) piece * PIECE_BYTES, PIECE_BYTES);
                    if (sent[piece] == answered[piece]) {
                        assertThat(found).as("piece %s", piece).containsOnly(answered[piece]);
                    }
                    sent[piece] = answered[piece];
                    client.write((long) piece * PIECE_BYTES, filled(answered[piece]));
                }
            }
        }

        private byte[] filled(byte value) {
            byte[] bytes = new byte[PIECE_BYTES];
            Arrays.fill(bytes, value);
            return bytes;
        }
    }
}
