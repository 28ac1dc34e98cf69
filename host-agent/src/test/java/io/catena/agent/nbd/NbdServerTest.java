package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Handshake, and the coming and going of exports and clients, over real sockets. */
@Timeout(60)
class NbdServerTest {
    private static final VdiId VDI = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11"));
    private static final Duration SHORT = Duration.ofMillis(200);

    private final ByteArrayDisk disk = new ByteArrayDisk(1 << 20);

    @TempDir
    Path directory;

    private Path socket;
    private NbdExports exports;
    private NbdServer server;

    @BeforeEach
    void start() throws IOException {
        socket = directory.resolve("nbd.sock");
        exports = new NbdExports(socket, SHORT);
        server = NbdServer.start(exports, NbdLimits.DEFAULT.withMaxConnections(2));
        exports.publish(VDI, AccessMode.READ_WRITE, disk);
    }

    @AfterEach
    void stop() throws IOException {
        disk.readMayGoOn.countDown();
        server.close();
    }

    @Test
    void onlyTheOwnerMayConnect() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
    }

    @Test
    void aPathTooLongForASocketIsRefusedWithItsLength() {
        Path tooLong = directory.resolve("x".repeat(110));

        assertThatThrownBy(() -> NbdServer.start(new NbdExports(tooLong, SHORT), NbdLimits.DEFAULT))
                .isInstanceOf(BindException.class)
                .hasMessageContaining("at most 107 bytes");
    }

    @Test
    void aSocketThatSomebodyListensAtIsLeftAlone() throws IOException {
        assertThatThrownBy(() -> NbdServer.start(exports, NbdLimits.DEFAULT))
                .isInstanceOf(BindException.class)
                .hasMessageContaining("another process listens");
        try (SocketChannel client = connect()) {
            greet(client);
        }
    }

    @Test
    void aSocketFileOfADeadProcessIsReplaced() throws IOException {
        Path stale = directory.resolve("stale.sock");
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(stale));
        }
        assertThat(stale).exists();

        NbdServer.start(new NbdExports(stale, SHORT), NbdLimits.DEFAULT).close();
    }

    @Test
    void aFileThatIsNoSocketIsNotReplaced() throws IOException {
        Path file = Files.writeString(directory.resolve("precious"), "content");

        assertThatThrownBy(() -> NbdServer.start(new NbdExports(file, SHORT), NbdLimits.DEFAULT))
                .isInstanceOf(BindException.class)
                .hasMessageContaining("not a socket");
        assertThat(file).hasContent("content");
    }

    @Test
    void theUriNamesExportAndSocket() {
        NbdExports odd = new NbdExports(Path.of("/run/a b&c/nbd.sock"), SHORT);

        assertThat(odd.publish(VDI, AccessMode.READ_WRITE, disk).uri())
                .isEqualTo("nbd+unix:///" + VDI + "?socket=/run/a%20b%26c/nbd.sock");
    }

    @Test
    void goGivesSizeAndFlags() throws IOException {
        try (SocketChannel client = connect()) {
            greet(client);
            sendGo(client, VDI.toString());

            OptionReply export = receiveOptionReply(client);
            assertThat(export.type()).isEqualTo(NbdProtocol.REP_INFO);
            assertThat(export.data().getShort()).isZero();
            assertThat(export.data().getLong()).isEqualTo(disk.sizeBytes());
            // HAS_FLAGS, SEND_FLUSH, SEND_FUA, SEND_TRIM, SEND_WRITE_ZEROES, CAN_MULTI_CONN, SEND_CACHE, SEND_FAST_ZERO
            assertThat(export.data().getShort()).isEqualTo((short) 0xd6d);
            assertThat(receiveOptionReply(client).type()).isEqualTo(NbdProtocol.REP_ACK);
        }
    }

    @Test
    void exportNameWithoutFlagsIsAnsweredWithZeroes() throws IOException {
        try (SocketChannel client = connect()) {
            receive(client, 18);
            send(client, ByteBuffer.allocate(4).putInt(NbdProtocol.FIXED_NEWSTYLE));
            sendOption(client, NbdProtocol.OPT_EXPORT_NAME, VDI.toString().getBytes(StandardCharsets.UTF_8));

            ByteBuffer answer = receive(client, 10 + 124);
            assertThat(answer.getLong()).isEqualTo(disk.sizeBytes());
            assertThat(read(client, 0, 512)).isZero();
        }
    }

    @Test
    void aClientThatDoesNotFinishTheHandshakeIsCutOff() throws IOException {
        NbdExports other = new NbdExports(directory.resolve("strict.sock"), SHORT);
        try (NbdServer strict = NbdServer.start(other, NbdLimits.DEFAULT.withHandshakeDeadline(SHORT));
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(other.socket()))) {
            receive(client, 18);
            assertThat(strict.connectionCount()).isEqualTo(1);
            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
    }

    @Test
    void aClientBeyondTheLimitIsToldSo() throws IOException {
        try (SocketChannel first = connect();
                SocketChannel second = connect();
                SocketChannel third = connect()) {
            go(first);
            go(second);
            greet(third);
            sendGo(third, VDI.toString());

            OptionReply refusal = receiveOptionReply(third);
            assertThat(refusal.type()).isEqualTo(NbdProtocol.REP_ERR_POLICY);
            assertThat(StandardCharsets.UTF_8.decode(refusal.data()).toString())
                    .isEqualTo("the server has 2 connections, it allows 2");
        }
    }

    @Test
    void aWithdrawnExportIsUnknownAndItsClientsAreDisconnected() throws IOException {
        try (SocketChannel client = connect();
                SocketChannel late = connect()) {
            go(client);

            exports.withdraw(VDI);

            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            greet(late);
            sendGo(late, VDI.toString());
            assertThat(receiveOptionReply(late).type()).isEqualTo(NbdProtocol.REP_ERR_UNKNOWN);
        }
        exports.publish(VDI, AccessMode.READ_ONLY, disk);
    }

    @Test
    void withdrawingWaitsForTheRequestUnderWayAndItIsAnswered() throws Exception {
        NbdExports patient = new NbdExports(directory.resolve("patient.sock"), Duration.ofSeconds(20));
        disk.readMayGoOn = new CountDownLatch(1);
        disk.content[0] = 42;
        try (NbdServer patientServer = NbdServer.start(patient, NbdLimits.DEFAULT);
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(patient.socket()))) {
            patient.publish(VDI, AccessMode.READ_WRITE, disk);
            go(client);
            sendRead(client, 0, 512);
            assertThat(disk.readStarted.await(20, TimeUnit.SECONDS)).isTrue();

            CompletableFuture<Void> withdrawn = CompletableFuture.runAsync(() -> patient.withdraw(VDI));
            assertThatThrownBy(() -> withdrawn.get(200, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            disk.readMayGoOn.countDown();

            withdrawn.get(20, TimeUnit.SECONDS);
            receive(client, 16);
            assertThat(receive(client, 512).get(0)).isEqualTo((byte) 42);
            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
            assertThat(patientServer.leasedBufferBytes()).isZero();
        }
    }

    @Test
    void withdrawingGivesUpOnAStuckDeviceAndSucceedsLater() throws Exception {
        disk.readMayGoOn = new CountDownLatch(1);
        try (SocketChannel client = connect()) {
            go(client);
            sendRead(client, 0, 512);
            assertThat(disk.readStarted.await(20, TimeUnit.SECONDS)).isTrue();

            assertThatThrownBy(() -> exports.withdraw(VDI))
                    .isInstanceOf(SrException.class)
                    .hasMessageContaining("did not finish within 200 ms");
            assertThatThrownBy(() -> exports.publish(VDI, AccessMode.READ_WRITE, disk))
                    .isInstanceOf(SrException.class);
            disk.readMayGoOn.countDown();

            exports.withdraw(VDI);
            exports.publish(VDI, AccessMode.READ_WRITE, disk);
        }
    }

    /** The end of the one and the begin of the other stand in one piece of the socket's, so that they come together. */
    @Test
    void aLargeWriteGoesToTheDiskWhileTheNextIsReceived() throws Exception {
        int lengthBytes = 512 << 10;
        disk.writesTogether = new CountDownLatch(2);
        try (SocketChannel client = connect()) {
            go(client);
            send(
                    client,
                    ByteBuffer.allocate(28 + lengthBytes + 28 + 512)
                            .put(writeRequest(1, 0, lengthBytes))
                            .position(28 + lengthBytes)
                            .put(writeRequest(2, lengthBytes, 512))
                            .position(28 + lengthBytes + 28 + 512));

            ByteBuffer one = receive(client, 16);
            ByteBuffer other = receive(client, 16);

            assertThat(List.of(one.getLong(8), other.getLong(8))).containsExactlyInAnyOrder(1L, 2L);
            assertThat(List.of(one.getInt(4), other.getInt(4))).containsOnly(0);
        }
        exports.withdraw(VDI);
        assertThat(server.leasedBufferBytes()).isZero();
    }

    private static ByteBuffer writeRequest(long cookie, long offset, int lengthBytes) {
        return ByteBuffer.allocate(28)
                .putInt(NbdProtocol.REQUEST_MAGIC)
                .putShort((short) 0)
                .putShort((short) 1)
                .putLong(cookie)
                .putLong(offset)
                .putInt(lengthBytes)
                .flip();
    }

    @Test
    void aClientThatDoesNotReadItsRepliesCannotHoldUpAWithdrawal() throws IOException {
        try (SocketChannel client = connect()) {
            go(client);
            for (int i = 0; i < 10; i++) {
                sendRead(client, 0, 1 << 20);
            }

            exports.withdraw(VDI);
        }
    }

    @Test
    void closingDisconnectsClientsAndRemovesTheSocket() throws IOException {
        try (SocketChannel client = connect()) {
            go(client);

            server.close();

            assertThat(client.read(ByteBuffer.allocate(1))).isEqualTo(-1);
        }
        assertThat(socket).doesNotExist();
        assertThat(server.connectionCount()).isZero();
        assertThat(server.leasedBufferBytes()).isZero();
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    private static void greet(SocketChannel client) throws IOException {
        ByteBuffer greeting = receive(client, 18);
        assertThat(greeting.getLong()).isEqualTo(NbdProtocol.GREETING_MAGIC);
        send(client, ByteBuffer.allocate(4).putInt(NbdProtocol.FIXED_NEWSTYLE | NbdProtocol.NO_ZEROES));
    }

    private static void go(SocketChannel client) throws IOException {
        greet(client);
        sendGo(client, VDI.toString());
        assertThat(receiveOptionReply(client).type()).isEqualTo(NbdProtocol.REP_INFO);
        assertThat(receiveOptionReply(client).type()).isEqualTo(NbdProtocol.REP_ACK);
    }

    private static void sendGo(SocketChannel client, String name) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer query = ByteBuffer.allocate(6 + bytes.length);
        query.putInt(bytes.length).put(bytes).putShort((short) 0);
        sendOption(client, NbdProtocol.OPT_GO, query.array());
    }

    private static void sendOption(SocketChannel client, int option, byte[] data) throws IOException {
        send(
                client,
                ByteBuffer.allocate(16 + data.length)
                        .putLong(NbdProtocol.OPTION_MAGIC)
                        .putInt(option)
                        .putInt(data.length)
                        .put(data));
    }

    private static OptionReply receiveOptionReply(SocketChannel client) throws IOException {
        ByteBuffer header = receive(client, 20);
        assertThat(header.getLong()).isEqualTo(NbdProtocol.OPTION_REPLY_MAGIC);
        int type = header.getInt(12);
        return new OptionReply(type, receive(client, header.getInt(16)));
    }

    private static int read(SocketChannel client, long offset, int lengthBytes) throws IOException {
        sendRead(client, offset, lengthBytes);
        int error = receive(client, 16).getInt(4);
        receive(client, lengthBytes);
        return error;
    }

    private static void sendRead(SocketChannel client, long offset, int lengthBytes) throws IOException {
        send(
                client,
                ByteBuffer.allocate(28)
                        .putInt(NbdProtocol.REQUEST_MAGIC)
                        .putInt(0)
                        .putLong(7)
                        .putLong(offset)
                        .putInt(lengthBytes));
    }

    private static void send(SocketChannel client, ByteBuffer message) throws IOException {
        message.flip();
        while (message.hasRemaining()) {
            client.write(message);
        }
    }

    private static ByteBuffer receive(SocketChannel client, int count) throws IOException {
        ByteBuffer message = ByteBuffer.allocate(count);
        while (message.hasRemaining()) {
            assertThat(client.read(message)).as("bytes received").isPositive();
        }
        return message.flip();
    }

    private record OptionReply(int type, ByteBuffer data) {}
}
