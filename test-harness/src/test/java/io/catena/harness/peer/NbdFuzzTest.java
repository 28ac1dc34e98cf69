package io.catena.harness.peer;

import static io.catena.harness.peer.NbdFixture.name;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Sends bytes that are nearly right. Whatever they are: the server ends the connection, serves the next, and others go on
 * meanwhile; in the end nothing is left of any of them. {@code -Dfuzz.seconds=N} takes longer, {@code -Dseed=N} begins with
 * that input.
 */
@Timeout(1800)
@Tag("slow")
class NbdFuzzTest {
    private static final int LEAST_SEEDS = 100;
    private static final long SECONDS = Long.getLong("fuzz.seconds", 20) / 5 + 1;
    private static final long FIRST_SEED = Long.getLong("seed", 0);
    /** What the JVM may open or start for itself meanwhile. */
    private static final int SPARE = 5;

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int SIZE_BYTES = 1 << 20;
    private static final long[] ODD_NUMBERS = {
        0, 1, -1, 511, 512, 65536, 65537, SIZE_BYTES - 1, SIZE_BYTES, SIZE_BYTES + 1, Integer.MAX_VALUE, Long.MAX_VALUE
    };

    /** Held here, for the JDK forgets the level of a logger that nobody holds. */
    private static final Logger SERVER_LOG = Logger.getLogger("io.catena.agent.nbd");

    private static final String[] CONTEXTS = {"", "base:", "base:allocation", "qemu:dirty-bitmap:x", "\0"};

    private NbdFixture nbd;

    /** A client that behaves, connected all the time. */
    private NbdClient neighbour;

    /** Each attack is a line in the log. */
    @BeforeAll
    static void silence() {
        SERVER_LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void unsilence() {
        SERVER_LOG.setLevel(null);
    }

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture(NbdLimits.DEFAULT);
        nbd.publish(1, AccessMode.READ_WRITE, new MemoryDisk(SIZE_BYTES));
        nbd.publish(2, AccessMode.READ_WRITE, new MemoryDisk(SIZE_BYTES));
        neighbour = NbdClient.connect(nbd.socket(), name(2));
    }

    @AfterEach
    void stop() throws IOException {
        neighbour.close();
        nbd.close();
        assertThat(nbd.server().connectionCount()).isZero();
    }

    @Test
    void anyHandshakeEndsAndTheServerGoesOn() throws IOException {
        forEachSeed(random -> {
            try (NbdClient client =
                    random.nextInt(4) == 0 ? NbdClient.open(nbd.socket()) : NbdClient.greet(nbd.socket())) {
                sendAndEnd(client, damaged(options(random), random));
            }
        });
    }

    @Test
    void anyRequestsEndAndTheServerGoesOn() throws IOException {
        forEachSeed(random -> {
            try (NbdClient client = NbdClient.connect(nbd.socket(), name(1))) {
                sendAndEnd(client, damaged(requests(random), random));
            }
        });
    }

    @Test
    void anyRequestsOfThoseWhoUseStructuredRepliesEndAndTheServerGoesOn() throws IOException {
        forEachSeed(random -> {
            try (NbdClient client = NbdClient.connectStructured(nbd.socket(), name(1), "base:allocation")) {
                sendAndEnd(client, damaged(requests(random), random));
            }
        });
    }

    /** As above, and every now and then the client is gone in the middle of it, with answers on their way to it. */
    @Test
    void clientsThatVanishLeaveNothingBehind() throws IOException {
        forEachSeed(random -> {
            try (NbdClient client = random.nextBoolean()
                    ? NbdClient.connect(nbd.socket(), name(1))
                    : NbdClient.connectStructured(nbd.socket(), name(1), "base:allocation")) {
                client.send(requests(random));
                client.send(damaged(requests(random), random));
            } catch (IOException e) {
                // The server has closed already, or waits for the client to take its answers: a reason to go as well.
                neighbour.flush();
            }
        });
    }

    /** The client ends its output, so a server that waits for a payload hears that none will come. */
    private static void sendAndEnd(NbdClient client, byte[] bytes) throws IOException {
        try {
            client.send(bytes);
            client.endOutput();
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // The server has closed already, as it should when it cannot understand the client.
        }
        client.awaitEnd();
    }

    private void forEachSeed(Attack attack) throws IOException {
        // The first brings what is there once for all: threads, descriptors of selectors.
        run(attack, FIRST_SEED);
        awaitLeft(1);
        Belongings before = Belongings.now();
        long deadline = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
        for (long seed = FIRST_SEED; seed < FIRST_SEED + LEAST_SEEDS || System.nanoTime() < deadline; seed++) {
            run(attack, seed);
        }
        awaitLeft(1);
        Belongings after = Belongings.now();
        assertThat(after.threads()).isLessThanOrEqualTo(before.threads() + SPARE);
        assertThat(after.descriptors()).isLessThanOrEqualTo(before.descriptors() + SPARE);
    }

    private void run(Attack attack, long seed) {
        try {
            attack.run(new Random(seed));
            assertServes(seed);
        } catch (IOException | RuntimeException | AssertionError e) {
            throw new AssertionError("-Dseed=" + seed, e);
        }
    }

    private void assertServes(long seed) throws IOException {
        try (NbdClient client = NbdClient.connect(nbd.socket(), name(1))) {
            assertThat(client.read(0, 512)).hasSize(512);
        }
        byte[] mine = new byte[512];
        Arrays.fill(mine, (byte) seed);
        neighbour.write(4096, mine);
        assertThat(neighbour.read(4096, 512)).isEqualTo(mine);
        assertThat(nbd.server().connectionCount()).isLessThan(6);
    }

    /** A connection that has ended for its client takes the server a moment more. */
    private void awaitLeft(int connections) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (nbd.server().connectionCount() > connections && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(nbd.server().connectionCount()).isEqualTo(connections);
    }

    /** What a leak would add to. */
    private record Belongings(int threads, int descriptors) {
        static Belongings now() throws IOException {
            try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
                return new Belongings(Thread.activeCount(), (int) open.count());
            }
        }
    }

    private static byte[] options(Random random) {
        ByteBuffer all = ByteBuffer.allocate(1 << 16);
        for (int i = random.nextInt(10); i >= 0; i--) {
            String export = random.nextBoolean() ? name(1) : "x";
            byte[] query = random.nextBoolean()
                    ? NbdClient.exportQuery(export, random.nextInt(5))
                    : NbdClient.contextQuery(export, CONTEXTS[random.nextInt(CONTEXTS.length)], "base:allocation");
            byte[] data = random.nextInt(3) == 0 ? new byte[random.nextInt(500)] : query;
            long lengthBytes = random.nextInt(10) == 0 ? odd(random) : data.length;
            all.putLong(0x49484156454f5054L)
                    .putInt(random.nextInt(14))
                    .putInt((int) lengthBytes)
                    .put(data);
        }
        return written(all);
    }

    private static byte[] requests(Random random) {
        ByteBuffer all = ByteBuffer.allocate(1 << 20);
        for (int i = random.nextInt(20); i >= 0; i--) {
            boolean oddLength = random.nextInt(10) == 0;
            int payloadBytes = random.nextInt(20_000);
            int command = random.nextInt(random.nextInt(5) == 0 ? 0x10000 : 9);
            all.putInt(0x25609513)
                    .putShort((short) (random.nextInt(5) == 0 ? random.nextInt(0x10000) : random.nextInt(32)))
                    .putShort((short) command)
                    .putLong(i)
                    .putLong(random.nextInt(4) == 0 ? odd(random) : random.nextInt(SIZE_BYTES))
                    .putInt((int) (oddLength ? odd(random) : payloadBytes));
            if (command == NbdClient.WRITE) {
                all.put(new byte[payloadBytes]);
            }
        }
        return written(all);
    }

    private static long odd(Random random) {
        return ODD_NUMBERS[random.nextInt(ODD_NUMBERS.length)];
    }

    private static byte[] written(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.flip().remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** Flips bits in half of the cases, and cuts the end off in a third. */
    private static byte[] damaged(byte[] bytes, Random random) {
        if (random.nextBoolean()) {
            for (int i = random.nextInt(8); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            }
        }
        return random.nextInt(3) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
    }

    @FunctionalInterface
    private interface Attack {
        void run(Random random) throws IOException;
    }
}
