package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplyBufferTest {
    private final AlignedBuffers buffers = new AlignedBuffers(4 << 20, Duration.ofMillis(1));
    private final Sink sink = new Sink();
    private final ReplyBuffer replies = new ReplyBuffer(sink, buffers);

    @Test
    void smallRepliesAreSentTogether() throws IOException {
        replies.payload(512).put(new byte[512]);
        replies.add(1, NbdErrno.OK, 512);
        replies.add(2, NbdErrno.OK, 0);
        assertThat(sink.writtenBytes).isEmpty();

        replies.flush();

        assertThat(sink.writtenBytes).containsExactly(16 + 512 + 16);
    }

    @Test
    void aLargePayloadStartsAtAPageAndIsSentAtOnce() throws IOException {
        replies.add(1, NbdErrno.OK, 0);
        ByteBuffer payload = replies.payload(32 << 10);
        assertThat(payload.alignmentOffset(0, 4096)).isZero();

        replies.add(2, NbdErrno.OK, 32 << 10);

        assertThat(sink.writtenBytes).containsExactly(16, 16 + (32 << 10));
    }

    @Test
    void anErrorIsSentWithoutThePayload() throws IOException {
        replies.payload(1 << 20);
        replies.add(1, NbdErrno.EIO, 1 << 20);
        replies.payload(512);
        replies.add(2, NbdErrno.EIO, 512);
        replies.flush();

        assertThat(sink.writtenBytes).containsExactly(16, 16);
    }

    @Test
    void aCollectionThatIsFullIsSent() throws IOException {
        for (int i = 0; i < 100; i++) {
            replies.payload(16 << 10);
            replies.add(i, NbdErrno.OK, 16 << 10);
        }
        replies.flush();

        assertThat(sink.writtenBytes.stream().mapToInt(n -> n).sum()).isEqualTo(100 * (16 + (16 << 10)));
        assertThat(sink.writtenBytes).hasSizeBetween(2, 10);
    }

    @Test
    void nothingToSendNeedsNoBuffer() throws IOException {
        replies.add(1, NbdErrno.OK, 0);
        assertThat(buffers.leasedBytes()).isPositive();

        replies.flush();

        assertThat(buffers.leasedBytes()).isZero();
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
