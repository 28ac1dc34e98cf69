package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.wire.NbdProtocol;
import io.catena.api.AccessMode;
import io.catena.api.VdiId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** No client keeps others from what they need: memory, places, time. */
@Timeout(60)
class NbdShareTest {
    private static final VdiId GREEDY = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d11"));
    private static final VdiId OTHER = new VdiId(UUID.fromString("0f2ee3f5-45f3-4fbc-a7d5-3f6a2c0b7d12"));
    private static final int WHOLE = 32 << 20;

    @TempDir
    Path directory;

    private final List<RawClient> clients = new ArrayList<>();
    private NbdExports exports;
    private NbdServer server;

    @BeforeEach
    void start() throws IOException {
        exports = new NbdExports(directory.resolve("nbd.sock"), Duration.ofSeconds(5));
        NbdTcp tcp = new NbdTcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), null, true);
        server = NbdServer.start(exports, NbdLimits.DEFAULT.withMaxConnections(64), tcp);
        exports.publish(GREEDY, AccessMode.READ_WRITE, new ByteArrayDisk(WHOLE));
        exports.publish(OTHER, AccessMode.READ_WRITE, new ByteArrayDisk(WHOLE));
    }

    @AfterEach
    void stop() throws IOException {
        for (RawClient client : clients) {
            client.close();
        }
        server.close();
    }

    private RawClient connect(VdiId vdi) throws IOException {
        RawClient client = RawClient.at(exports.socket());
        clients.add(client);
        return client.greet().go(vdi.toString());
    }

    @Test
    void headersOfLargeWritesTakeNoMemoryFromOthers() throws IOException {
        for (int i = 0; i < 24; i++) {
            connect(GREEDY).sendRequest(1, 0, 0, WHOLE);
        }
        assertThat(writesAndReads(connect(OTHER), 4 << 20)).isTrue();
        assertThat(server.leasedBufferBytes()).isLessThan(64 << 20);
    }

    @Test
    void clientsThatDoNotTakeWhatTheyReadHoldNoMoreThanTheirExportsShare() throws IOException {
        for (int i = 0; i < 24; i++) {
            connect(GREEDY).sendRequest(0, 0, 0, WHOLE);
        }
        assertThat(writesAndReads(connect(OTHER), 8 << 20)).isTrue();
        assertThat(server.leasedBufferBytes()).isLessThan(NbdLimits.DEFAULT.bufferBytes() / 2);
    }

    /** And the whole of a large write arrives, although it is received in pieces. */
    private static boolean writesAndReads(RawClient client, int lengthBytes) throws IOException {
        ByteBuffer content = ByteBuffer.allocate(lengthBytes);
        while (content.hasRemaining()) {
            content.put((byte) (content.position() * 31 / 4096));
        }
        client.sendRequest(1, 0, 4096, lengthBytes);
        client.send(content);
        assertThat(client.receiveError()).isZero();
        return client.read(4096, lengthBytes).equals(content.flip());
    }

    @Test
    void tcpClientsThatSayNothingLockOutNobody() throws IOException {
        for (int i = 0; i < 200; i++) {
            clients.add(RawClient.at(server.tcpAddress()));
        }

        connect(OTHER).read(0, 512);
        RawClient remote = RawClient.at(server.tcpAddress());
        clients.add(remote);
        remote.greet().go(OTHER.toString()).read(0, 512);
    }

    @Test
    void tcpClientsTakeNoPlacesOfUnixClients() throws IOException {
        for (int i = 0; i < 64; i++) {
            RawClient remote = RawClient.at(server.tcpAddress());
            clients.add(remote);
            remote.greet().go(GREEDY.toString());
        }
        RawClient beyond = RawClient.at(server.tcpAddress());
        clients.add(beyond);
        beyond.greet().sendGo(GREEDY.toString());
        assertThat(beyond.receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_ERR_POLICY);

        connect(OTHER).read(0, 512);
    }

    @Test
    void largeStructuredReadsComeInPieces() throws IOException {
        RawClient client = RawClient.at(exports.socket());
        clients.add(client);
        client.greet().sendOption(NbdProtocol.OPT_STRUCTURED_REPLY);
        assertThat(client.receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_ACK);
        client.go(GREEDY.toString());
        client.sendRequest(0, 0, 0, (3 << 20) + 512);

        long received = 0;
        boolean done = false;
        int pieces = 0;
        while (!done) {
            ByteBuffer chunk = client.receive(NbdProtocol.CHUNK_HEADER_BYTES);
            assertThat(chunk.getInt()).isEqualTo(NbdProtocol.STRUCTURED_REPLY_MAGIC);
            done = chunk.getShort() == NbdProtocol.CHUNK_DONE;
            assertThat(chunk.getShort()).isEqualTo((short) NbdProtocol.CHUNK_OFFSET_DATA);
            int bodyBytes = chunk.getInt(16);
            assertThat(client.receive(bodyBytes).getLong()).isEqualTo(received);
            received += bodyBytes - Long.BYTES;
            pieces++;
        }
        assertThat(received).isEqualTo((3 << 20) + 512);
        assertThat(pieces).isGreaterThan(1);
    }

    @Test
    void aLongOptionIsRefusedAndTheNextIsAnswered() throws IOException {
        RawClient client = RawClient.at(exports.socket());
        clients.add(client);
        client.greet().sendOption(NbdProtocol.OPT_INFO, new byte[200_000]);
        assertThat(client.receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_ERR_TOO_BIG);
        client.sendOption(77, new byte[100_000]);
        assertThat(client.receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_ERR_UNSUP);
        client.go(OTHER.toString()).read(0, 512);
    }

    @Test
    void manyOptionsAreAnswered() throws IOException {
        RawClient client = RawClient.at(exports.socket());
        clients.add(client);
        client.greet();
        for (int i = 0; i < 2000; i++) {
            client.sendOption(77);
            assertThat(client.receiveOptionReply().type()).isEqualTo(NbdProtocol.REP_ERR_UNSUP);
        }
        client.go(OTHER.toString());
    }

    @Test
    void anOldClientGetsNoReplyToAnOptionThatItCouldNotUnderstand() throws IOException {
        RawClient client = RawClient.at(exports.socket());
        clients.add(client);
        client.greet(0).sendOption(NbdProtocol.OPT_STARTTLS);
        assertThat(client.isAtEnd()).isTrue();
    }
}
