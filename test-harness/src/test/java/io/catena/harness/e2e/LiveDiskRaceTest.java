package io.catena.harness.e2e;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guests write, discard and flush one disk while it grows, is cut, is merged and is taken away from them, all at random: what was
 * answered is there. How many seeds are tried says the system property {@code catena.races}.
 */
@Tag("slow")
@Timeout(1800)
class LiveDiskRaceTest {
    private static final int SEEDS = Integer.getInteger("catena.races", 1);
    private static final int CHANGERS = 2;
    private static final int CHANGES = 12;
    private static final int GUESTS = 3;
    private static final int PIECES = 64;
    private static final int PIECE_BYTES = 64 << 10;
    private static final long SIZE_BYTES = (long) GUESTS * PIECES * PIECE_BYTES;
    private static final long GROWTH_BYTES = 2 << 20;
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private static final long RETRY_NANOS = 5_000_000;

    /** NBD's command. */
    private static final int WRITE_ZEROES = 6;

    /** NBD's ESHUTDOWN: the server says that it ends. */
    private static final int ENDING = 108;

    @TempDir
    private Path directory;

    private final AtomicInteger answers = new AtomicInteger();
    private final AtomicInteger growths = new AtomicInteger();
    private volatile boolean ending;
    private Path run = Path.of("");
    private String sr = "";
    private String disk = "";

    @Test
    void whatWasAnsweredIsThereWhateverIsDoneToTheDisk() throws IOException {
        for (int seed = 0; seed < SEEDS; seed++) {
            run = Files.createDirectories(directory.resolve("run" + seed));
            List<Guest> guests = new ArrayList<>();
            for (int i = 0; i < GUESTS; i++) {
                guests.add(new Guest(i, new Random(seed * 31L + i)));
            }
            int number = seed;
            underAnAgent(() -> {
                makeDisk(number);
                race(number, guests);
                compare(guests);
            });
            underAnAgent(() -> {
                attach();
                compare(guests);
                assertThat(ask("/v1/srs/" + sr + "/check", "{}").getAsJsonArray("findings"))
                        .isEmpty();
            });
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    private void underAnAgent(Work work) throws IOException {
        Agent agent = startAgent();
        try {
            work.run();
        } finally {
            agent.close();
        }
    }

    private Agent startAgent() throws IOException {
        Agent.Options options = new Agent.Options(NbdLimits.DEFAULT, null, false);
        return Agent.start(run, options, socket -> new NoHypervisor());
    }

    private JsonObject ask(String path, String body) {
        return new ControlClient(RunDirectory.controlSocket(run), DEADLINE)
                .post(path, JsonParser.parseString(body.replace('\'', '"')).getAsJsonObject())
                .getAsJsonObject();
    }

    private void makeDisk(int seed) {
        String place = directory.resolve("sr" + seed).toString();
        sr = ask("/v1/srs", "{'name':'sr" + seed + "','path':'" + place + "'}")
                .get("sr")
                .getAsString();
        disk = ask("/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + SIZE_BYTES + "}")
                .get("vdi")
                .getAsString();
        attach();
    }

    private void attach() {
        ask("/v1/vdis/" + disk + "/attach", "{}");
    }

    private void race(int seed, List<Guest> guests) {
        ending = false;
        growths.set(0);
        List<CompletableFuture<Void>> working = new ArrayList<>();
        guests.forEach(guest -> working.add(CompletableFuture.runAsync(guest::use, LiveDiskRaceTest::ownThread)));
        List<CompletableFuture<Void>> changing = new ArrayList<>();
        for (int i = 0; i < CHANGERS; i++) {
            Random random = new Random(seed * 37L + i);
            changing.add(CompletableFuture.runAsync(() -> change(random), LiveDiskRaceTest::ownThread));
        }
        try {
            changing.forEach(CompletableFuture::join);
        } finally {
            ending = true;
        }
        working.forEach(CompletableFuture::join);
    }

    private static void ownThread(Runnable task) {
        Thread thread = new Thread(task, "race");
        thread.setDaemon(true);
        thread.start();
    }

    private void change(Random random) {
        for (int i = 0; i < CHANGES; i++) {
            int before = answers.get();
            tryChange(random.nextInt(6));
            try {
                until("guests work on", () -> answers.get() > before + 10);
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** What the other one does at the same time may be a reason to refuse; nothing is a reason to fail. */
    private void tryChange(int which) {
        try {
            switch (which) {
                case 0, 1 ->
                    ask(
                            "/v1/vdis/" + disk + "/resize",
                            "{'sizeBytes':" + (SIZE_BYTES + growths.incrementAndGet() * GROWTH_BYTES) + "}");
                case 2 -> ask("/v1/vdis/" + disk + "/clone", "{}");
                case 3 -> ask("/v1/srs/" + sr + "/gc", "{}");
                case 4 -> ask("/v1/srs/" + sr + "/check", "{}");
                default -> ask("/v1/vdis/" + disk + "/detach", "{}");
            }
        } catch (SrException e) {
            assertThat(e.error()).as(e.toString()).isNotIn(SrError.INTERNAL, SrError.IO_ERROR);
        } finally {
            attach();
        }
    }

    private void compare(List<Guest> guests) throws IOException {
        for (Guest guest : guests) {
            guest.compare();
        }
    }

    /** Has pieces of the disk that nobody else uses, and knows what was answered of each. */
    private final class Guest {
        private final int number;
        private final Random random;
        private final byte[] expected = new byte[PIECES];
        private final boolean[] known = new boolean[PIECES];

        Guest(int number, Random random) {
            this.number = number;
            this.random = random;
            Arrays.fill(known, true);
        }

        private long offset(int piece) {
            return ((long) piece * GUESTS + number) * PIECE_BYTES;
        }

        /** The disk may be taken away at any time, and comes back. */
        void use() {
            while (!ending) {
                try (NbdClient client = NbdClient.connect(run.resolve("nbd.sock"), disk)) {
                    while (!ending) {
                        use(client, random.nextInt(PIECES));
                        answers.incrementAndGet();
                    }
                } catch (NbdClient.RequestFailedException e) {
                    assertThat(e.error()).isEqualTo(ENDING);
                } catch (IOException e) {
                    LockSupport.parkNanos(RETRY_NANOS); // It is not there now.
                }
            }
        }

        private void use(NbdClient client, int piece) throws IOException {
            switch (random.nextInt(8)) {
                case 0 -> {
                    known[piece] = false;
                    client.trim(offset(piece), PIECE_BYTES);
                }
                case 1 -> {
                    known[piece] = false;
                    int error = client.request(0, WRITE_ZEROES, offset(piece), PIECE_BYTES, new byte[0]);
                    assertThat(error).isIn(0, ENDING);
                    know(piece, (byte) 0, error == 0);
                }
                case 2 -> client.flush();
                case 3, 4 -> compare(client, piece);
                default -> {
                    known[piece] = false;
                    byte value = (byte) random.nextInt(1, 100);
                    byte[] bytes = new byte[PIECE_BYTES];
                    Arrays.fill(bytes, value);
                    client.write(offset(piece), bytes);
                    know(piece, value, true);
                }
            }
        }

        private void know(int piece, byte value, boolean answered) {
            expected[piece] = value;
            known[piece] = answered;
        }

        private void compare(NbdClient client, int piece) throws IOException {
            byte[] found = client.read(offset(piece), PIECE_BYTES);
            if (known[piece]) {
                assertThat(found).as("guest %s, piece %s", number, piece).containsOnly(expected[piece]);
            }
        }

        void compare() throws IOException {
            try (NbdClient client = NbdClient.connect(run.resolve("nbd.sock"), disk)) {
                for (int piece = 0; piece < PIECES; piece++) {
                    compare(client, piece);
                }
            }
        }
    }
}
