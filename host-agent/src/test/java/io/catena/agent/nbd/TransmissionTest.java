package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.nbd.aside.CopyingClients;
import io.catena.agent.nbd.aside.HandedOver;
import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.channel.PollingRoom;
import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import io.catena.disk.RequestMeter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a client with few buffers of its own, none of which it is given time to wait for, is answered. */
@Timeout(60)
class TransmissionTest {
    private static final int LENGTH_BYTES = 512 << 10;

    private final ByteArrayDisk disk = new ByteArrayDisk(2 * LENGTH_BYTES);
    private final AlignedBuffers buffers = new AlignedBuffers(16 << 20, Duration.ZERO, released -> {});
    private final ExecutorService threads = Executors.newFixedThreadPool(4);

    @TempDir
    private Path directory;

    private SocketChannel server;
    private SocketChannel client;

    @BeforeEach
    void connect() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(address);
            client = SocketChannel.open(address);
            server = listener.accept();
        }
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        server.close();
        threads.shutdownNow();
    }

    @Test
    void aLargeWriteWaitsForTheBuffersOfTheOneBeforeAsLongAsTheDiskTakes() throws Exception {
        disk.writesTogether = new CountDownLatch(2);
        Future<Void> served = serve();
        sendWrites();
        CompletableFuture<ByteBuffer> answer = CompletableFuture.supplyAsync(this::answer, threads);

        assertThatThrownBy(() -> answer.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        assertThat(disk.writesTogether.getCount()).isEqualTo(1);

        disk.writesTogether.countDown();
        ByteBuffer one = answer.get(20, TimeUnit.SECONDS);
        ByteBuffer other = answer();
        assertThat(List.of(one.getInt(4), other.getInt(4))).containsOnly(0);
        assertThat(List.of(one.getLong(8), other.getLong(8))).containsExactly(0L, 1L);
        client.close();
        served.get(20, TimeUnit.SECONDS);
        assertThat(buffers.leasedBytes()).isZero();
    }

    private Future<Void> serve() {
        NbdExport export = new NbdExport(
                new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11")),
                AccessMode.READ_WRITE,
                disk,
                new ConnectionSet(),
                RequestMeter.NONE);
        HandedOver handedOver = new HandedOver(threads, CopyingClients.ofMachine());
        return threads.submit(() -> {
            try (Transmission serving = new Transmission(
                    new Agreement(export, true, List.of(), false),
                    server,
                    buffers.everything().part(LENGTH_BYTES),
                    PollingRoom.ofMachine(Duration.ZERO),
                    handedOver)) {
                serving.run();
            }
            return null;
        });
    }

    /** The end of the one and the begin of the other stand in one piece of the socket's, so that they come together. */
    private void sendWrites() {
        ByteBuffer message = ByteBuffer.allocate(2 * (NbdProtocol.REQUEST_BYTES + LENGTH_BYTES));
        for (int i = 0; i < 2; i++) {
            message.position(i * message.capacity() / 2)
                    .putInt(NbdProtocol.REQUEST_MAGIC)
                    .putShort((short) 0)
                    .putShort((short) 1)
                    .putLong(i)
                    .putLong((long) i * LENGTH_BYTES)
                    .putInt(LENGTH_BYTES);
        }
        message.clear();
        threads.execute(() -> {
            try {
                while (message.hasRemaining()) {
                    client.write(message);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private ByteBuffer answer() {
        try {
            ByteBuffer message = ByteBuffer.allocate(16);
            while (message.hasRemaining()) {
                assertThat(client.read(message)).as("bytes received").isPositive();
            }
            return message.flip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
