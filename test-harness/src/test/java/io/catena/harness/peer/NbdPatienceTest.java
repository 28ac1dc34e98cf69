package io.catena.harness.peer;

import static io.catena.harness.peer.NbdFixture.name;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import io.catena.disk.ForwardingDevice;
import io.catena.harness.machine.WholeMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Disks that take their time, and clients that do. */
@Tag("slow")
@Timeout(120)
@WholeMachine
class NbdPatienceTest {
    private static final int SIZE_BYTES = 64 << 20;
    private static final byte[] NOTHING = {};
    private static final Logger SERVER_LOG = Logger.getLogger("io.catena.agent.nbd");

    private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES);

    @BeforeAll
    static void silence() {
        SERVER_LOG.setLevel(Level.OFF);
    }

    @AfterAll
    static void unsilence() {
        SERVER_LOG.setLevel(null);
    }

    /** Each of the last reads returns only when others run at the same time. */
    @Test
    void readsThatWaitForTheDiskWaitTogetherAndBringTheRightData() throws IOException {
        new Random(3).nextBytes(disk.content());
        try (NbdFixture nbd = new NbdFixture(NbdLimits.DEFAULT)) {
            nbd.publish(1, AccessMode.READ_WRITE, new ColdDisk(disk));
            try (NbdClient client = NbdClient.connect(nbd.socket(), name(1))) {
                long first = 0;
                for (int i = 0; i < 100; i++) {
                    long cookie = client.sendRequest(0, NbdClient.READ, i * 8192L, 4096, NOTHING);
                    first = i == 0 ? cookie : first;
                }
                Set<Integer> answered = new HashSet<>();
                while (answered.size() < 100) {
                    ByteBuffer header = ByteBuffer.wrap(client.receive(16));
                    assertThat(header.getInt(4)).isZero();
                    int i = (int) (header.getLong(8) - first);
                    assertThat(answered.add(i)).isTrue();
                    assertThat(Arrays.equals(client.receive(4096), 0, 4096, disk.content(), i * 8192, i * 8192 + 4096))
                            .isTrue();
                }
            }
        }
    }

    @Test
    void aGoodbyeWaitsForReadsUnderWay() throws IOException {
        try (NbdFixture nbd = new NbdFixture(NbdLimits.DEFAULT)) {
            nbd.publish(1, AccessMode.READ_WRITE, new ColdDisk(disk));
            try (NbdClient client = NbdClient.connect(nbd.socket(), name(1))) {
                for (int i = 0; i < 30; i++) {
                    client.sendRequest(0, NbdClient.READ, i * 8192L, 4096, NOTHING);
                }
                client.sendRequest(0, NbdClient.DISCONNECT, 0, 0, NOTHING);
                assertThat(client.receive(30 * (16 + 4096))).hasSize(30 * (16 + 4096));
                client.awaitEnd();
            }
        }
    }

    @Test
    void aClientThatStopsInTheMiddleOfAMessageIsCutOffAndOneThatIsIdleIsNot() throws IOException {
        NbdLimits limits = NbdLimits.DEFAULT.withStallDeadline(Duration.ofMillis(300));
        try (NbdFixture nbd = new NbdFixture(limits)) {
            nbd.publish(1, AccessMode.READ_WRITE, disk);
            try (NbdClient idle = NbdClient.connect(nbd.socket(), name(1));
                    NbdClient inHeader = NbdClient.connect(nbd.socket(), name(1));
                    NbdClient inSmallPayload = NbdClient.connect(nbd.socket(), name(1));
                    NbdClient inLargePayload = NbdClient.connect(nbd.socket(), name(1));
                    NbdClient deaf = NbdClient.connect(nbd.socket(), name(1))) {
                idle.read(0, 512);
                inHeader.send(new byte[] {0x25, 0x60, (byte) 0x95});
                beginWrite(inSmallPayload, 4096);
                beginWrite(inLargePayload, 32 << 20);
                for (int i = 0; i < 8; i++) {
                    deaf.sendRequest(0, NbdClient.READ, 0, 32 << 20, NOTHING);
                }

                inHeader.awaitEnd();
                inSmallPayload.awaitEnd();
                inLargePayload.awaitEnd();
                assertThat(idle.read(0, 512)).hasSize(512);
                awaitConnections(nbd, 1);
                assertThat(idle.read(0, 512)).hasSize(512);
            }
        }
    }

    private static void beginWrite(NbdClient client, int lengthBytes) throws IOException {
        client.send(ByteBuffer.allocate(28 + 100)
                .putInt(0x25609513)
                .putShort((short) 0)
                .putShort((short) NbdClient.WRITE)
                .putLong(1)
                .putLong(0)
                .putInt(lengthBytes)
                .array());
    }

    private static void awaitConnections(NbdFixture nbd, int expected) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (nbd.server().connectionCount() != expected && System.nanoTime() < deadline) {
            LockSupport.parkNanos(10_000_000);
        }
        assertThat(nbd.server().connectionCount()).isEqualTo(expected);
    }

    /** Slow at first; then reads come back only when four of them are under way, or after a long time, as a failure. */
    private static final class ColdDisk extends ForwardingDevice {
        private static final int TOGETHER = 4;

        private final CountDownLatch together = new CountDownLatch(TOGETHER);
        private int reads;

        ColdDisk(MemoryDisk disk) {
            super(disk);
        }

        @Override
        public void read(long offset, ByteBuffer target) throws IOException {
            if (isEarly()) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            } else {
                together.countDown();
                await();
            }
            super.read(offset, target);
        }

        private synchronized boolean isEarly() {
            return reads++ < 4;
        }

        private void await() throws IOException {
            try {
                if (!together.await(20, TimeUnit.SECONDS)) {
                    throw new IOException("this read was alone");
                }
            } catch (InterruptedException e) {
                throw new IOException("threads inside a device must not be interrupted", e);
            }
        }
    }
}
