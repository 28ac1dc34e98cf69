package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.nbd.buffer.AlignedBuffers;
import io.catena.agent.nbd.channel.ReplyChannel;
import io.catena.agent.nbd.wire.Command;
import io.catena.agent.nbd.wire.NbdErrno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplyBufferTest {
    private final AlignedBuffers buffers = new AlignedBuffers(4 << 20, Duration.ofMillis(1), released -> {});
    private final Sink sink = new Sink();
    private final ReplyBuffer replies = new ReplyBuffer(new ReplyChannel(sink), buffers.everything(), false);

    @Test
    void smallRepliesAreSentTogether() throws IOException {
        replies.payload(512).put(new byte[512]);
        replies.addRead(1, 0, 512);
        replies.addSimple(2, NbdErrno.OK);
        assertThat(sink.writtenBytes).isEmpty();

        replies.flush();

        assertThat(sink.writtenBytes).containsExactly(16 + 512 + 16);
    }

    @Test
    void aLargePayloadStartsAtAPageAndIsSentAtOnce() throws IOException {
        replies.addSimple(1, NbdErrno.OK);
        ByteBuffer payload = replies.payload(32 << 10);
        assertThat(payload.alignmentOffset(0, 4096)).isZero();

        replies.addRead(2, 0, 32 << 10);

        assertThat(sink.writtenBytes).containsExactly(16, 16 + (32 << 10));
    }

    @Test
    void alsoAfterTheLongerHeaderOfAStructuredReply() throws IOException {
        ReplyBuffer structured = new ReplyBuffer(new ReplyChannel(sink), buffers.everything(), true);
        assertThat(structured.payload(32 << 10).alignmentOffset(0, 4096)).isZero();

        structured.addRead(2, 0, 32 << 10);

        assertThat(sink.writtenBytes).containsExactly(28 + (32 << 10));
    }

    @Test
    void collectedPayloadsStayAwayFromTheSlowDistancesToAPage() throws IOException {
        for (boolean isStructured : new boolean[] {false, true}) {
            ReplyBuffer collected = new ReplyBuffer(new ReplyChannel(sink), buffers.everything(), isStructured);
            for (int i = 0; i < 60; i++) {
                int distance = 4096 - collected.payload(4096).alignmentOffset(0, 4096);
                assertThat(distance).isGreaterThanOrEqualTo(32);
                collected.addRead(i, 0, 4096);
            }
            collected.flush();
        }
    }

    @Test
    void anErrorIsSentWithoutThePayload() throws IOException {
        replies.payload(1 << 20);
        replies.fail(read(1), NbdErrno.EIO);
        replies.payload(512);
        replies.fail(read(2), NbdErrno.EIO);
        replies.flush();

        assertThat(sink.writtenBytes).containsExactly(16, 16);
    }

    @Test
    void theClientGetsSomeToBeginWithBeforeAllIsThere() throws IOException {
        for (int i = 0; i < 100; i++) {
            replies.payload(4 << 10);
            replies.addRead(i, 0, 4 << 10);
        }
        replies.flush();

        assertThat(sink.writtenBytes.stream().mapToInt(n -> n).sum()).isEqualTo(100 * (16 + (4 << 10)));
        assertThat(sink.writtenBytes).hasSizeBetween(12, 15);
    }

    @Test
    void anAnswerIsSentAlsoWithoutABuffer() throws IOException {
        AlignedBuffers.Lease all = buffers.everything().acquire(4 << 20);

        replies.fail(read(1), NbdErrno.ENOMEM);
        replies.flush();

        assertThat(sink.writtenBytes).containsExactly(16);
        all.close();
    }

    @Test
    void aStructuredErrorSaysWhy() throws IOException {
        ReplyBuffer structured = new ReplyBuffer(new ReplyChannel(sink), buffers.everything(), true);

        structured.fail(read(1), NbdErrno.EIO);
        structured.flush();

        assertThat(sink.writtenBytes)
                .containsExactly(20 + 6 + NbdErrno.EIO.text().length());
    }

    @Test
    void nothingToSendNeedsNoBuffer() throws IOException {
        replies.addSimple(1, NbdErrno.OK);
        assertThat(buffers.leasedBytes()).isPositive();

        replies.flush();

        assertThat(buffers.leasedBytes()).isZero();
    }

    private static Request read(long cookie) {
        return new Request(0, Command.READ, cookie, 0, 512);
    }

    /** Takes everything and remembers how much at a time. */
    private static final class Sink implements WritableByteChannel {
        final List<Integer> writtenBytes = new ArrayList<>();

        @Override
        public int write(ByteBuffer source) {
            int count = source.remaining();
            source.position(source.limit());
            writtenBytes.add(count);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
