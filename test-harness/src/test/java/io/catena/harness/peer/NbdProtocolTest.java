package io.catena.harness.peer;

import static io.catena.harness.peer.NbdFixture.name;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import io.catena.harness.peer.NbdClient.OptionRefusedException;
import io.catena.harness.peer.NbdClient.OptionReply;
import io.catena.harness.peer.NbdClient.RequestFailedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
@Tag("slow")
class NbdProtocolTest {
    private static final int SIZE_BYTES = 40 << 20;
    private static final int MAXIMUM_BYTES = 32 << 20;
    private static final int READ_WRITE = 1;
    private static final int READ_ONLY = 2;
    private static final byte[] NOTHING = {};

    private static final int EPERM = 1;
    private static final int EIO = 5;
    private static final int ENOMEM = 12;
    private static final int EINVAL = 22;
    private static final int ENOSPC = 28;

    private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES);
    private NbdFixture nbd;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture(NbdLimits.DEFAULT);
        nbd.publish(READ_WRITE, AccessMode.READ_WRITE, disk);
        nbd.publish(READ_ONLY, AccessMode.READ_ONLY, disk);
    }

    /** Whatever a test did: the server still serves, and keeps nothing of the clients that left. */
    @AfterEach
    void stillServesAndLeaksNothing() throws IOException {
        disk.failWith(null);
        try (NbdClient client = connect()) {
            client.write(0, new byte[] {1, 2, 3});
            assertThat(client.read(0, 3)).containsExactly(1, 2, 3);
            client.disconnect();
        }
        nbd.close();
        assertThat(nbd.server().connectionCount()).isZero();
    }

    @Test
    void theDiskIsDescribed() throws IOException {
        try (NbdClient client = connect();
                NbdClient reader = NbdClient.connect(nbd.socket(), name(READ_ONLY))) {
            assertThat(client.sizeBytes()).isEqualTo(SIZE_BYTES);
            // has flags, flush, FUA, trim, zeroes, several connections, cache, fast zeroes
            assertThat(client.transmissionFlags()).isEqualTo(0b1101_0110_1101);
            // has flags, read-only, flush, several connections, cache
            assertThat(reader.transmissionFlags()).isEqualTo(0b0101_0000_0111);
        }
    }

    @Test
    void whatIsWrittenIsReadOnEveryConnection() throws IOException {
        try (NbdClient writer = connect();
                NbdClient reader = NbdClient.connect(nbd.socket(), name(READ_ONLY))) {
            Random random = new Random(1);
            for (int lengthBytes : new int[] {0, 1, 512, 4096, 32767, 32768, 65536, 65537, 1 << 20, MAXIMUM_BYTES}) {
                byte[] data = new byte[lengthBytes];
                random.nextBytes(data);
                long offset = random.nextInt(SIZE_BYTES - lengthBytes + 1);

                writer.write(offset, data);

                assertThat(Arrays.equals(reader.read(offset, lengthBytes), data))
                        .as("%d bytes at %d", lengthBytes, offset)
                        .isTrue();
            }
        }
    }

    @Test
    void manyRequestsSentAtOnceAreAllAnswered() throws IOException {
        new Random(2).nextBytes(disk.content());
        try (NbdClient client = connect()) {
            long[] cookies = new long[200];
            for (int i = 0; i < cookies.length; i++) {
                cookies[i] = client.sendRequest(0, NbdClient.READ, i * 4096L, 1000, NOTHING);
            }
            Set<Integer> answered = new HashSet<>();
            while (answered.size() < cookies.length) {
                ByteBuffer header = ByteBuffer.wrap(client.receive(16));
                assertThat(header.getInt(4)).isZero();
                int i = (int) (header.getLong(8) - cookies[0]);
                assertThat(answered.add(i)).isTrue();
                assertThat(client.receive(1000))
                        .isEqualTo(Arrays.copyOfRange(disk.content(), i * 4096, i * 4096 + 1000));
            }
        }
    }

    @Test
    void aFlushReachesTheDisk() throws IOException {
        try (NbdClient client = connect()) {
            client.flush();
            assertThat(disk.flushes()).isEqualTo(1);
        }
    }

    @Test
    void aWriteWithFuaIsFlushedAndOneWithoutIsNot() throws IOException {
        try (NbdClient client = connect()) {
            client.write(0, new byte[512]);
            assertThat(disk.flushes()).isZero();
            client.writeFua(0, new byte[512]);
            assertThat(disk.flushes()).isEqualTo(1);
            client.writeFua(0, new byte[1 << 20]);
            assertThat(disk.flushes()).isEqualTo(2);
        }
    }

    @Test
    void aWriteBeyondTheEndFindsNoSpaceAndChangesNothing() throws IOException {
        try (NbdClient client = connect()) {
            assertError(client, ENOSPC, 0, NbdClient.WRITE, SIZE_BYTES - 511L, new byte[512]);
            assertError(client, ENOSPC, 0, NbdClient.WRITE, -1, new byte[1 << 20]);
            assertThat(client.read(SIZE_BYTES - 512L, 512)).containsOnly(0);
        }
    }

    @Test
    void aReadBeyondTheEndIsInvalid() throws IOException {
        try (NbdClient client = connect()) {
            assertThat(client.request(0, NbdClient.READ, SIZE_BYTES - 511L, 512, NOTHING))
                    .isEqualTo(EINVAL);
            assertThat(client.request(0, NbdClient.READ, Long.MAX_VALUE, 512, NOTHING))
                    .isEqualTo(EINVAL);
            assertThat(client.request(0, NbdClient.READ, Long.MIN_VALUE, 512, NOTHING))
                    .isEqualTo(EINVAL);
        }
    }

    @Test
    void aWriteToAReadOnlyExportIsNotPermitted() throws IOException {
        try (NbdClient reader = NbdClient.connect(nbd.socket(), name(READ_ONLY))) {
            assertError(reader, EPERM, 0, NbdClient.WRITE, 0, filled(1 << 20));
            assertError(reader, EPERM, 1, NbdClient.WRITE, 0, filled(512));
            assertThat(reader.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void aPayloadBeyondTheMaximumIsInvalid() throws IOException {
        try (NbdClient client = connect()) {
            assertThat(client.request(0, NbdClient.READ, 0, MAXIMUM_BYTES + 1, NOTHING))
                    .isEqualTo(EINVAL);
            assertThat(client.request(0, NbdClient.READ, 0, -1, NOTHING)).isEqualTo(EINVAL);
            assertError(client, EINVAL, 0, NbdClient.WRITE, 0, filled(MAXIMUM_BYTES + 1));
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void unknownCommandsAndFlagsAreInvalidAndTheConnectionGoesOn() throws IOException {
        try (NbdClient client = connect()) {
            for (int command : new int[] {7, 8, 255, 0xffff}) {
                assertThat(client.request(0, command, 0, 512, NOTHING)).isEqualTo(EINVAL);
            }
            assertThat(client.request(4, NbdClient.READ, 0, 512, NOTHING)).isEqualTo(EINVAL);
            assertError(client, EINVAL, 2, NbdClient.WRITE, 0, filled(512));
            assertThat(client.request(0, NbdClient.FLUSH, 0, 1, NOTHING)).isEqualTo(EINVAL);
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void aFailureOfTheDiskIsToldAndTheConnectionGoesOn() throws IOException {
        try (NbdClient client = connect()) {
            disk.failWith("Input/output error");
            assertThat(client.request(0, NbdClient.READ, 0, 512, NOTHING)).isEqualTo(EIO);
            assertThat(client.request(0, NbdClient.READ, 0, 1 << 20, NOTHING)).isEqualTo(EIO);
            assertThat(client.request(0, NbdClient.FLUSH, 0, 0, NOTHING)).isEqualTo(EIO);
            assertError(client, EIO, 0, NbdClient.WRITE, 0, filled(1 << 20));
            disk.failWith("No space left on device");
            assertError(client, ENOSPC, 0, NbdClient.WRITE, 0, filled(512));
            disk.failWith(null);
            client.write(0, filled(512));
        }
    }

    @Test
    void withoutMemoryForALargeRequestSmallOnesGoOn() throws IOException {
        try (NbdFixture small = new NbdFixture(NbdLimits.DEFAULT.withBufferBytes(1 << 20));
                NbdClient client = connectTo(small)) {
            assertThat(client.request(0, NbdClient.READ, 0, 2 << 20, NOTHING)).isEqualTo(ENOMEM);
            assertError(client, ENOMEM, 0, NbdClient.WRITE, 0, filled(2 << 20));
            client.write(0, filled(64 << 10));
            assertThat(client.read(0, 128 << 10)).hasSize(128 << 10);
        }
    }

    private NbdClient connectTo(NbdFixture other) throws IOException {
        other.publish(READ_WRITE, AccessMode.READ_WRITE, disk);
        return NbdClient.connect(other.socket(), name(READ_WRITE));
    }

    @Test
    void anUnknownExportIsRefusedAndAnotherMayBeChosen() throws IOException {
        assertThatThrownBy(() -> NbdClient.connect(nbd.socket(), "no such export"))
                .asInstanceOf(type(OptionRefusedException.class))
                .returns(NbdClient.ERROR_UNKNOWN, OptionRefusedException::type);
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            assertThat(last(client.option(NbdClient.OPTION_GO, NbdClient.exportQuery("nothing"))))
                    .isEqualTo(NbdClient.ERROR_UNKNOWN);
            assertThat(last(client.option(NbdClient.OPTION_GO, NbdClient.exportQuery(name(READ_WRITE)))))
                    .isEqualTo(NbdClient.REPLY_ACK);
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void theOldOptionForAnUnknownExportEndsTheConnection() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            client.sendOption(NbdClient.OPTION_EXPORT_NAME, "nothing".getBytes(StandardCharsets.US_ASCII));
            assertThat(client.awaitEnd()).isEmpty();
        }
    }

    @Test
    void infoTellsWhatIsAskedAndChoosesNothing() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            List<OptionReply> replies =
                    client.option(NbdClient.OPTION_INFO, NbdClient.exportQuery(name(READ_WRITE), 1, 2, 3, 4711));

            assertThat(replies).extracting(OptionReply::type).containsExactly(3, 3, 3, 3, NbdClient.REPLY_ACK);
            assertThat(replies.get(1).text()).endsWith(name(READ_WRITE));
            assertThat(replies.get(2).text()).contains("VDI " + name(READ_WRITE));
            assertThat(ByteBuffer.wrap(replies.get(3).data()))
                    .isEqualTo(ByteBuffer.allocate(14)
                            .putShort((short) 3)
                            .putInt(512)
                            .putInt(4096)
                            .putInt(MAXIMUM_BYTES)
                            .flip());
            assertThat(last(client.option(NbdClient.OPTION_ABORT, NOTHING))).isEqualTo(NbdClient.REPLY_ACK);
            assertThat(client.awaitEnd()).isEmpty();
        }
    }

    @Test
    void theListNamesAllExports() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            List<OptionReply> replies = client.option(NbdClient.OPTION_LIST, NOTHING);

            assertThat(replies).hasSize(3);
            assertThat(replies.get(0).text()).endsWith(name(READ_WRITE));
            assertThat(replies.get(1).text()).endsWith(name(READ_ONLY));
            assertThat(last(client.option(NbdClient.OPTION_LIST, new byte[1]))).isEqualTo(NbdClient.ERROR_INVALID);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 5, 11, 12, 0x7fffffff, -1})
    void otherOptionsAreRefusedAndTheHandshakeGoesOn(int option) throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            assertThat(last(client.option(option, new byte[1000]))).isEqualTo(NbdClient.ERROR_UNSUPPORTED);
            assertThat(last(client.option(NbdClient.OPTION_GO, NbdClient.exportQuery(name(READ_WRITE)))))
                    .isEqualTo(NbdClient.REPLY_ACK);
        }
    }

    @Test
    void anOptionWithAnotherMagicNumberEndsTheConnection() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            client.send(new byte[16]);
            assertThat(client.awaitEnd()).isEmpty();
        }
    }

    @Test
    void anOptionOfHugeLengthIsTooBigAndSkipped() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            assertThat(last(client.option(NbdClient.OPTION_GO, new byte[1 << 20])))
                    .isEqualTo(NbdClient.ERROR_TOO_BIG);
            assertThat(last(client.option(NbdClient.OPTION_GO, NbdClient.exportQuery(name(READ_WRITE)))))
                    .isEqualTo(NbdClient.REPLY_ACK);
            assertThat(client.read(0, 512)).containsOnly(0);
        }
    }

    @Test
    void aFloodOfOptionsEndsTheConnection() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            for (int i = 0; i < 64; i++) {
                client.option(NbdClient.OPTION_LIST, NOTHING);
            }
            assertThat(client.awaitEnd()).isEmpty();
        }
    }

    @Test
    void unknownHandshakeFlagsEndTheConnection() throws IOException {
        try (NbdClient client = NbdClient.open(nbd.socket())) {
            client.receive(18);
            client.send(new byte[] {0, 0, 0, 4});
            assertThat(client.awaitEnd()).isEmpty();
        }
    }

    @Test
    void aRequestWithAnotherMagicNumberEndsTheConnection() throws IOException {
        try (NbdClient client = connect()) {
            client.send(new byte[28]);
            assertThat(client.awaitEnd()).isEmpty();
        }
    }

    @Test
    void halfARequestIsNotExecuted() throws IOException {
        for (int missing : new int[] {1, 100, (1 << 20) - 1}) {
            try (NbdClient client = connect()) {
                client.sendRequest(0, NbdClient.WRITE, 0, 1 << 20, filled((1 << 20) - missing));
                client.endOutput();
                assertThat(client.awaitEnd()).isEmpty();
            }
        }
        assertThat(disk.content()[0]).isZero();
    }

    @Test
    void repliesToRequestsBeforeAGoodbyeAreSent() throws IOException {
        try (NbdClient client = connect()) {
            long cookie = client.sendRequest(0, NbdClient.READ, 0, 512, NOTHING);
            client.sendRequest(0, NbdClient.DISCONNECT, 0, 0, NOTHING);
            assertThat(client.receiveReply(cookie)).isZero();
            assertThat(client.awaitEnd()).hasSize(512);
        }
    }

    @Test
    void aRefusedRequestThrowsItsError() throws IOException {
        try (NbdClient client = connect()) {
            assertThatThrownBy(() -> client.read(SIZE_BYTES, 1))
                    .asInstanceOf(type(RequestFailedException.class))
                    .returns(EINVAL, RequestFailedException::error);
        }
    }

    private NbdClient connect() throws IOException {
        return NbdClient.connect(nbd.socket(), name(READ_WRITE));
    }

    private static int last(List<OptionReply> replies) {
        return replies.get(replies.size() - 1).type();
    }

    private static void assertError(NbdClient client, int error, int flags, int command, long offset, byte[] payload)
            throws IOException {
        assertThat(client.request(flags, command, offset, payload.length, payload))
                .isEqualTo(error);
    }

    private static byte[] filled(int lengthBytes) {
        byte[] data = new byte[lengthBytes];
        Arrays.fill(data, (byte) 0xee);
        return data;
    }
}
