package io.catena.agent.nbd.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class BusyPollTest {
    /** Longer than a busy machine lets a client wait for a processor. */
    private static final Duration LONG = Duration.ofSeconds(2);

    @TempDir
    private Path directory;

    private SocketChannel server;
    private SocketChannel client;

    /** How often it was asked whether there is room, at most once in ten milliseconds: only a reader that wants to poll asks. */
    private final AtomicInteger asked = new AtomicInteger();

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
    }

    private BusyPoll poll(Duration longest) {
        return new BusyPoll(server, new PollingRoom(longest, 2, () -> asked.incrementAndGet() == 0, System::nanoTime));
    }

    @Test
    void readsAllThatAQuickClientSendsAndPollsForIt() throws IOException {
        ReadableByteChannel poll = poll(LONG);

        exchange(poll, 200);

        assertTrue(asked.get() > 0);
        assertTrue(server.isBlocking());
    }

    @Test
    void sleepsWhileAClientIsSlow() throws Exception {
        ReadableByteChannel poll = poll(Duration.ofMillis(1));
        for (int i = 0; i < 30; i++) {
            CompletableFuture<Void> sent = CompletableFuture.runAsync(
                    () -> send(7), CompletableFuture.delayedExecutor(10, TimeUnit.MILLISECONDS));
            assertEquals(7, read(poll));
            sent.get();
        }

        assertEquals(0, asked.get());
    }

    @Test
    void neverPollsIfItMustNot() throws IOException {
        exchange(poll(Duration.ZERO), 200);

        assertEquals(0, asked.get());
    }

    @Test
    void findsTheEndAndTheCutOfAConnectionWhileItPolls() throws IOException {
        ReadableByteChannel poll = poll(LONG);
        exchange(poll, 100);
        client.shutdownOutput();
        assertEquals(-1, poll.read(ByteBuffer.allocateDirect(1)));

        CompletableFuture<Void> cut = CompletableFuture.runAsync(this::cut);
        assertThrows(IOException.class, () -> {
            while (true) {
                poll.read(ByteBuffer.allocateDirect(1));
            }
        });
        cut.join();
    }

    @Test
    void waitsOnForWhatDoesNotComeInTime() throws Exception {
        ReadableByteChannel poll = poll(Duration.ofMillis(30));
        exchange(poll, 100);
        CompletableFuture<Void> sent = CompletableFuture.runAsync(
                () -> send(9), CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));

        assertEquals(9, read(poll));

        sent.get();
        assertTrue(server.isBlocking());
    }

    @Test
    void readsWhatIsHereAndWaitsForNothing() throws IOException {
        BusyPoll poll = poll(LONG);
        ByteBuffer target = ByteBuffer.allocateDirect(10);
        assertEquals(0, poll.readNow(target));
        send(3);
        send(4);

        assertEquals(2, poll.readNow(target));

        assertEquals(0, poll.readNow(target));
        assertTrue(server.isBlocking());
        client.shutdownOutput();
        assertEquals(-1, poll.readNow(target));
    }

    @Test
    void cannotTellWhatIsHereOfWhatIsNoSocket() throws IOException {
        ReadableByteChannel bytes = Channels.newChannel(new ByteArrayInputStream(new byte[] {5}));
        BusyPoll poll = new BusyPoll(bytes, new PollingRoom(LONG, 2, () -> false, System::nanoTime));

        assertEquals(0, poll.readNow(ByteBuffer.allocateDirect(1)));
        assertEquals(5, read(poll));
    }

    private void exchange(ReadableByteChannel poll, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            send(i);
            assertEquals((byte) i, read(poll));
        }
    }

    private void send(int value) {
        try {
            client.write(ByteBuffer.allocateDirect(1).put((byte) value).flip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void cut() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte read(ReadableByteChannel source) throws IOException {
        ByteBuffer one = ByteBuffer.allocateDirect(1);
        assertEquals(1, source.read(one));
        return one.get(0);
    }
}
