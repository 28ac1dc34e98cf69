package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.disk.RequestMeter;
import io.catena.disk.RequestMeter.Operation;
import io.catena.disk.RequestMeter.Outcome;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RequestMeterTest {
    private static final VdiId VDI = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11"));

    private final BlockingQueue<Measured> measured = new LinkedBlockingQueue<>();

    @TempDir
    Path directory;

    private record Measured(Operation operation, Outcome outcome, long bytes, long queuedNanos, long processedNanos) {}

    @Test
    void everyRequestIsMeasuredWithItsWait() throws Exception {
        Path socket = directory.resolve("nbd.sock");
        RequestMeter meter = (operation, outcome, bytes, queued, processed) ->
                measured.add(new Measured(operation, outcome, bytes, queued, processed));
        NbdExports exports = new NbdExports(socket, Duration.ofSeconds(5), vdi -> meter);
        ByteArrayDisk disk = new ByteArrayDisk(1 << 20);
        disk.readMayGoOn = new CountDownLatch(1);
        try (NbdServer server = NbdServer.start(exports, NbdLimits.DEFAULT);
                RawClient client = RawClient.at(socket).greet()) {
            exports.publish(VDI, AccessMode.READ_WRITE, disk);
            client.go(VDI.toString());
            // Sent at once: the write waits behind the read, whose disk is slow.
            client.send(twoRequests());
            assertThat(disk.readStarted.await(20, TimeUnit.SECONDS)).isTrue();
            long start = System.nanoTime();
            LockSupport.parkNanos(1_000_000);
            long slowNanos = System.nanoTime() - start;
            disk.readMayGoOn.countDown();
            client.receive(NbdProtocol.SIMPLE_REPLY_BYTES + 4096 + NbdProtocol.SIMPLE_REPLY_BYTES);
            client.sendRequest(0, 0, disk.sizeBytes(), 512);
            assertThat(client.receiveError()).isNotZero();

            Measured read = measured.take();
            assertThat(read)
                    .extracting("operation", "outcome", "bytes")
                    .containsExactly(Operation.READ, Outcome.DONE, 4096L);
            assertThat(read.processedNanos()).isGreaterThan(slowNanos);
            Measured write = measured.take();
            assertThat(write)
                    .extracting("operation", "outcome", "bytes")
                    .containsExactly(Operation.WRITE, Outcome.DONE, 512L);
            assertThat(write.queuedNanos()).isGreaterThanOrEqualTo(read.processedNanos());
            assertThat(measured.take())
                    .extracting("operation", "outcome")
                    .containsExactly(Operation.READ, Outcome.REFUSED);
            assertThat(server.connectionCount()).isEqualTo(1);
        }
    }

    private static ByteBuffer twoRequests() {
        ByteBuffer both = ByteBuffer.allocate(2 * NbdProtocol.REQUEST_BYTES + 512);
        both.putInt(NbdProtocol.REQUEST_MAGIC).putInt(0).putLong(1).putLong(0).putInt(4096);
        both.putInt(NbdProtocol.REQUEST_MAGIC).putInt(1).putLong(2).putLong(0).putInt(512);
        return both.position(both.capacity());
    }
}
