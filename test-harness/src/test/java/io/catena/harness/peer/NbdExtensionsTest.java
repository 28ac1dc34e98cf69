package io.catena.harness.peer;

import static io.catena.harness.peer.NbdFixture.name;
import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.NbdLimits;
import io.catena.api.AccessMode;
import io.catena.harness.peer.NbdClient.Chunk;
import io.catena.harness.peer.NbdClient.OptionReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the protocol has beyond its first version: structured replies, block status, trim, zeroes, cache. */
@Timeout(120)
class NbdExtensionsTest {
    private static final int SIZE_BYTES = 40 << 20;
    private static final int MAXIMUM_BYTES = 32 << 20;
    private static final int READ_WRITE = 1;
    private static final int READ_ONLY = 2;
    private static final byte[] NOTHING = {};
    private static final int HOLE_OF_ZEROS = 3;

    private static final int EPERM = 1;
    private static final int EIO = 5;
    private static final int ENOMEM = 12;
    private static final int EINVAL = 22;
    private static final int ENOSPC = 28;
    private static final int ENOTSUP = 95;

    private final MemoryDisk disk = new MemoryDisk(SIZE_BYTES);
    private NbdFixture nbd;

    @BeforeEach
    void start() throws IOException {
        nbd = new NbdFixture(NbdLimits.DEFAULT);
        nbd.publish(READ_WRITE, AccessMode.READ_WRITE, disk);
        nbd.publish(READ_ONLY, AccessMode.READ_ONLY, disk);
    }

    @AfterEach
    void leaksNothing() throws IOException {
        disk.failWith(null);
        nbd.close();
        assertThat(nbd.server().connectionCount()).isZero();
    }

    @Test
    void structuredRepliesAddTheFlagThatForbidsFragments() throws IOException {
        try (NbdClient client = structured(READ_WRITE);
                NbdClient reader = structured(READ_ONLY)) {
            assertThat(client.transmissionFlags()).isEqualTo(0b1101_1110_1101);
            assertThat(reader.transmissionFlags()).isEqualTo(0b0101_1000_0111);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 512, 4096, 32767, 32768, 65537, 1 << 20, MAXIMUM_BYTES})
    void aStructuredReadHasItsDataInOneChunk(int lengthBytes) throws IOException {
        new Random(5).nextBytes(disk.content());
        try (NbdClient client = structured(READ_WRITE)) {
            // Who wants it in one chunk has to say so where it is large.
            int[] either = lengthBytes > 1 << 20 ? new int[] {NbdClient.FLAG_DF} : new int[] {0, NbdClient.FLAG_DF};
            for (int flags : either) {
                Chunk chunk = client.requestChunk(flags, NbdClient.READ, 12345, lengthBytes);
                assertThat(chunk.type()).isEqualTo(NbdClient.CHUNK_OFFSET_DATA);
                assertThat(ByteBuffer.wrap(chunk.data()).getLong()).isEqualTo(12345);
                assertThat(Arrays.equals(
                                chunk.data(),
                                Long.BYTES,
                                chunk.data().length,
                                disk.content(),
                                12345,
                                12345 + lengthBytes))
                        .isTrue();
            }
        }
    }

    @Test
    void manyStructuredReadsSentAtOnceAreAllAnswered() throws IOException {
        new Random(6).nextBytes(disk.content());
        try (NbdClient client = structured(READ_WRITE)) {
            long[] cookies = new long[300];
            for (int i = 0; i < cookies.length; i++) {
                cookies[i] = client.sendRequest(0, NbdClient.READ, i * 4096L, 4096, NOTHING);
            }
            Set<Integer> answered = new HashSet<>();
            while (answered.size() < cookies.length) {
                ByteBuffer header = ByteBuffer.wrap(client.receive(20));
                int i = (int) (header.getLong(8) - cookies[0]);
                assertThat(answered.add(i)).isTrue();
                byte[] data = client.receive(header.getInt(16));
                assertThat(Arrays.equals(data, 8, 4104, disk.content(), i * 4096, i * 4096 + 4096))
                        .isTrue();
            }
        }
    }

    @Test
    void aStructuredReadOfNothingHasAChunkOfNothing() throws IOException {
        try (NbdClient client = structured(READ_WRITE)) {
            Chunk chunk = client.requestChunk(0, NbdClient.READ, 0, 0);
            assertThat(chunk.type()).isEqualTo(NbdClient.CHUNK_NONE);
            assertThat(chunk.data()).isEmpty();
        }
    }

    @Test
    void errorsOfStructuredRequestsComeInChunks() throws IOException {
        try (NbdClient client = structured(READ_WRITE)) {
            assertThat(client.requestChunk(0, NbdClient.READ, SIZE_BYTES, 1).error())
                    .isEqualTo(EINVAL);
            assertThat(client.requestChunk(0, NbdClient.READ, 0, MAXIMUM_BYTES + 1)
                            .error())
                    .isEqualTo(EINVAL);
            assertThat(client.requestChunk(16, NbdClient.READ, 0, 512).error()).isEqualTo(EINVAL);
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 0).error())
                    .isEqualTo(EINVAL);
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 1, SIZE_BYTES)
                            .error())
                    .isEqualTo(EINVAL);
            assertThat(client.requestChunk(2, NbdClient.BLOCK_STATUS, 0, 512).error())
                    .isEqualTo(EINVAL);
            disk.failWith("Input/output error");
            assertThat(client.requestChunk(0, NbdClient.READ, 0, 512).error()).isEqualTo(EIO);
            assertThat(client.requestChunk(0, NbdClient.READ, 0, 1 << 20).error())
                    .isEqualTo(EIO);
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 512).error())
                    .isEqualTo(EIO);
            assertThat(client.request(0, NbdClient.TRIM, 0, 512, NOTHING)).isEqualTo(EIO);
            assertThat(client.request(0, NbdClient.CACHE, 0, 512, NOTHING)).isEqualTo(EIO);
            disk.failWith("No space left on device");
            assertThat(client.request(0, NbdClient.WRITE_ZEROES, 0, 512, NOTHING))
                    .isEqualTo(ENOSPC);
            disk.failWith(null);
            client.write(0, new byte[512]);
        }
    }

    @Test
    void withoutMemoryAStructuredReadFails() throws IOException {
        try (NbdFixture small = new NbdFixture(NbdLimits.DEFAULT.withBufferBytes(1 << 20))) {
            small.publish(READ_WRITE, AccessMode.READ_WRITE, disk);
            try (NbdClient client = NbdClient.connectStructured(small.socket(), name(READ_WRITE))) {
                assertThat(client.requestChunk(0, NbdClient.READ, 0, 2 << 20).error())
                        .isEqualTo(ENOMEM);
                assertThat(client.requestChunk(0, NbdClient.READ, 0, 512).error())
                        .isZero();
            }
        }
    }

    @Test
    void theBlockStatusTellsDataFromHoles() throws IOException {
        Arrays.fill(disk.content(), 1 << 20, 2 << 20, (byte) 7);
        try (NbdClient client = structured(READ_WRITE)) {
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 4 << 20)
                            .extents())
                    .containsExactly(1 << 20, HOLE_OF_ZEROS, 1 << 20, 0, 2 << 20, HOLE_OF_ZEROS);
            assertThat(client.requestChunk(NbdClient.FLAG_REQ_ONE, NbdClient.BLOCK_STATUS, 0, 4 << 20)
                            .extents())
                    .containsExactly(1 << 20, HOLE_OF_ZEROS);
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, (1 << 20) + 1, 100)
                            .extents())
                    .containsExactly(100, 0);
        }
    }

    @Test
    void aBlockStatusOfManyPiecesTellsOfTheFirstAndMakesProgress() throws IOException {
        for (int sector = 0; sector < 10_000; sector += 2) {
            disk.content()[sector * 512] = 1;
        }
        try (NbdClient client = structured(READ_WRITE)) {
            List<Integer> extents = client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, SIZE_BYTES)
                    .extents();
            assertThat(extents).hasSizeBetween(2, 2048).startsWith(512, 0, 512, HOLE_OF_ZEROS);
        }
    }

    @Test
    void theBlockStatusNeedsItsContext() throws IOException {
        try (NbdClient client = NbdClient.connectStructured(nbd.socket(), name(READ_WRITE), "base:", "other:x")) {
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 512).error())
                    .isEqualTo(EINVAL);
        }
        try (NbdClient client = NbdClient.connect(nbd.socket(), name(READ_WRITE))) {
            assertThat(client.request(0, NbdClient.BLOCK_STATUS, 0, 512, NOTHING))
                    .isEqualTo(EINVAL);
        }
    }

    @Test
    void aContextHoldsForTheExportItWasSetForAndUntilItIsSetAgain() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            client.option(NbdClient.OPTION_STRUCTURED_REPLY, NOTHING);
            client.option(
                    NbdClient.OPTION_SET_META_CONTEXT, NbdClient.contextQuery(name(READ_ONLY), "base:allocation"));
            client.option(NbdClient.OPTION_GO, NbdClient.exportQuery(name(READ_WRITE)));
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 512).error())
                    .isEqualTo(EINVAL);
        }
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            client.option(NbdClient.OPTION_STRUCTURED_REPLY, NOTHING);
            client.option(
                    NbdClient.OPTION_SET_META_CONTEXT, NbdClient.contextQuery(name(READ_WRITE), "base:allocation"));
            client.option(NbdClient.OPTION_SET_META_CONTEXT, new byte[3]);
            client.option(NbdClient.OPTION_GO, NbdClient.exportQuery(name(READ_WRITE)));
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 512).error())
                    .isEqualTo(EINVAL);
        }
    }

    @Test
    void contextsAreListedAndSetAsAskedFor() throws IOException {
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            client.option(NbdClient.OPTION_STRUCTURED_REPLY, NOTHING);
            assertThat(contexts(client, NbdClient.OPTION_LIST_META_CONTEXT)).containsExactly("base:allocation");
            assertThat(contexts(client, NbdClient.OPTION_LIST_META_CONTEXT, "base:"))
                    .containsExactly("base:allocation");
            assertThat(contexts(client, NbdClient.OPTION_LIST_META_CONTEXT, "x:", "base:allocation"))
                    .containsExactly("base:allocation");
            assertThat(contexts(client, NbdClient.OPTION_LIST_META_CONTEXT, "qemu:"))
                    .isEmpty();
            assertThat(contexts(client, NbdClient.OPTION_SET_META_CONTEXT)).isEmpty();
            assertThat(contexts(client, NbdClient.OPTION_SET_META_CONTEXT, "base:"))
                    .isEmpty();
            assertThat(contexts(client, NbdClient.OPTION_SET_META_CONTEXT, "base:allocation"))
                    .containsExactly("base:allocation");
        }
    }

    private static List<String> contexts(NbdClient client, int option, String... queries) throws IOException {
        List<OptionReply> replies = client.option(option, NbdClient.contextQuery(name(READ_WRITE), queries));
        assertThat(last(replies)).isEqualTo(NbdClient.REPLY_ACK);
        return replies.stream()
                .filter(reply -> reply.type() == NbdClient.REPLY_META_CONTEXT)
                .map(reply -> reply.text().substring(4))
                .toList();
    }

    @Test
    void contextsNeedStructuredRepliesAnExportAndSaneLengths() throws IOException {
        byte[] query = NbdClient.contextQuery(name(READ_WRITE), "base:allocation");
        try (NbdClient client = NbdClient.greet(nbd.socket())) {
            assertThat(last(client.option(NbdClient.OPTION_SET_META_CONTEXT, query)))
                    .isEqualTo(NbdClient.ERROR_INVALID);
            assertThat(last(client.option(NbdClient.OPTION_LIST_META_CONTEXT, query)))
                    .isEqualTo(NbdClient.ERROR_INVALID);
            assertThat(last(client.option(NbdClient.OPTION_STRUCTURED_REPLY, new byte[1])))
                    .isEqualTo(NbdClient.ERROR_INVALID);
            client.option(NbdClient.OPTION_STRUCTURED_REPLY, NOTHING);
            assertThat(last(client.option(NbdClient.OPTION_SET_META_CONTEXT, NbdClient.contextQuery("x"))))
                    .isEqualTo(NbdClient.ERROR_UNKNOWN);
            for (int length = 0; length < query.length; length++) {
                assertThat(last(client.option(NbdClient.OPTION_SET_META_CONTEXT, Arrays.copyOf(query, length))))
                        .isEqualTo(NbdClient.ERROR_INVALID);
                if (length == 40) {
                    break;
                }
            }
            byte[] many = query.clone();
            ByteBuffer.wrap(many).putInt(4 + name(READ_WRITE).length(), -1);
            assertThat(last(client.option(NbdClient.OPTION_SET_META_CONTEXT, many)))
                    .isEqualTo(NbdClient.ERROR_INVALID);
        }
    }

    @Test
    void trimsAndZeroesMakeZerosAndLeaveTheRest() throws IOException {
        Arrays.fill(disk.content(), (byte) 9);
        try (NbdClient client = structured(READ_WRITE)) {
            assertThat(client.request(0, NbdClient.TRIM, 1000, 3000, NOTHING)).isZero();
            assertThat(client.request(0, NbdClient.WRITE_ZEROES, 10_000, 5_000_000, NOTHING))
                    .isZero();
            assertThat(Arrays.copyOfRange(disk.content(), 1000, 4000)).containsOnly(0);
            assertThat(Arrays.copyOfRange(disk.content(), 10_000, 5_010_000)).containsOnly(0);
            assertThat(disk.content()[999]).isEqualTo((byte) 9);
            assertThat(disk.content()[4000]).isEqualTo((byte) 9);
            assertThat(disk.content()[9_999]).isEqualTo((byte) 9);
            assertThat(disk.content()[5_010_000]).isEqualTo((byte) 9);
            assertThat(disk.flushes()).isZero();
            client.request(NbdClient.FLAG_FUA, NbdClient.TRIM, 0, 512, NOTHING);
            client.request(NbdClient.FLAG_FUA, NbdClient.WRITE_ZEROES, 0, 512, NOTHING);
            assertThat(disk.flushes()).isEqualTo(2);
        }
    }

    @Test
    void zeroesWithoutHolesStayAllocated() throws IOException {
        try (NbdClient client = structured(READ_WRITE)) {
            client.request(NbdClient.FLAG_NO_HOLE, NbdClient.WRITE_ZEROES, 0, 4096, NOTHING);
            assertThat(client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, 8192).extents())
                    .containsExactly(4096, 0, 4096, HOLE_OF_ZEROS);
        }
    }

    @Test
    void zeroesThatMustBeFastAreNotSupportedWhereTheyWouldBeWrites() throws IOException {
        Arrays.fill(disk.content(), (byte) 9);
        int fast = NbdClient.FLAG_FAST_ZERO;
        try (NbdClient client = structured(READ_WRITE)) {
            assertThat(client.request(fast | NbdClient.FLAG_NO_HOLE, NbdClient.WRITE_ZEROES, 0, 512, NOTHING))
                    .isEqualTo(ENOTSUP);
            disk.zeroFast(false);
            assertThat(client.request(fast, NbdClient.WRITE_ZEROES, 0, 512, NOTHING))
                    .isEqualTo(ENOTSUP);
            assertThat(disk.content()[0]).isEqualTo((byte) 9);
            disk.zeroFast(true);
            assertThat(client.request(fast, NbdClient.WRITE_ZEROES, 0, 512, NOTHING))
                    .isZero();
            assertThat(disk.content()[0]).isZero();
        }
    }

    @Test
    void aReadOnlyExportIsNotTrimmedOrZeroed() throws IOException {
        disk.content()[0] = 9;
        try (NbdClient client = structured(READ_ONLY)) {
            assertThat(client.request(0, NbdClient.TRIM, 0, 512, NOTHING)).isEqualTo(EPERM);
            assertThat(client.request(0, NbdClient.WRITE_ZEROES, 0, 512, NOTHING))
                    .isEqualTo(EPERM);
            assertThat(client.request(0, NbdClient.CACHE, 0, 512, NOTHING)).isZero();
            assertThat(disk.content()[0]).isEqualTo((byte) 9);
        }
    }

    @Test
    void beyondTheEndThereIsNothingToTrimAndNoSpaceForZeroes() throws IOException {
        try (NbdClient client = structured(READ_WRITE)) {
            assertThat(client.request(0, NbdClient.TRIM, SIZE_BYTES - 511L, 512, NOTHING))
                    .isEqualTo(EINVAL);
            assertThat(client.request(0, NbdClient.CACHE, SIZE_BYTES - 511L, 512, NOTHING))
                    .isEqualTo(EINVAL);
            assertThat(client.request(0, NbdClient.WRITE_ZEROES, SIZE_BYTES - 511L, 512, NOTHING))
                    .isEqualTo(ENOSPC);
            assertThat(client.request(0, NbdClient.WRITE_ZEROES, 0, -1, NOTHING))
                    .isEqualTo(ENOSPC);
            assertThat(client.request(0, NbdClient.CACHE, 0, SIZE_BYTES, NOTHING))
                    .isZero();
        }
    }

    private NbdClient structured(int number) throws IOException {
        return NbdClient.connectStructured(nbd.socket(), name(number), "base:allocation");
    }

    private static int last(List<OptionReply> replies) {
        return replies.get(replies.size() - 1).type();
    }
}
