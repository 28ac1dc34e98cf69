package io.catena.harness.peer;

import static io.catena.harness.peer.NbdFixture.name;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sends bytes that are nearly right. Whatever they are: the server ends the connection, and serves the next. */
@Timeout(300)
class NbdFuzzTest {
    private static final int SEEDS = 300;
    private static final int SIZE_BYTES = 1 << 20;
    private static final long[] ODD_NUMBERS = {
        0, 1, -1, 511, 512, 65536, 65537, SIZE_BYTES - 1, SIZE_BYTES, SIZE_BYTES + 1, Integer.MAX_VALUE, Long.MAX_VALUE
    };

    /** Held here, for the JDK forgets the level of a logger that nobody holds. */
    private static final Logger SERVER_LOG = Logger.getLogger("io.catena.agent.nbd");

    private static final String[] CONTEXTS = {"", "base:", "base:allocation", "qemu:dirty-bitmap:x", "\0"};

    private NbdFixture nbd;

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
    }

    @AfterEach
    void stop() throws IOException {
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

    private void forEachSeed(Attack attack) {
        for (long seed = 0; seed < SEEDS; seed++) {
            try {
                attack.run(new Random(seed));
                assertServes();
            } catch (IOException | RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private void assertServes() throws IOException {
        try (NbdClient client = NbdClient.connect(nbd.socket(), name(1))) {
            assertThat(client.read(0, 512)).hasSize(512);
        }
        assertThat(nbd.server().connectionCount()).isLessThan(5);
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
                    .putInt(random.nextInt(12))
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
