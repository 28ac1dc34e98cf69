package io.catena.agent.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AlignedBuffersTest {
    private static final Duration NO_PATIENCE = Duration.ofMillis(1);

    private final AlignedBuffers buffers = new AlignedBuffers(4 << 20, NO_PATIENCE);

    @Test
    void everyBufferStartsAtAPageAndHasOneMoreThanAskedFor() throws IOException {
        for (int bytes : new int[] {0, 1, 256 << 10, (256 << 10) + 1, 1 << 20, (1 << 20) + 1}) {
            try (AlignedBuffers.Lease lease = buffers.acquire(bytes)) {
                assertThat(lease.bytes().alignmentOffset(0, 4096)).isZero();
                assertThat(lease.bytes().remaining()).isGreaterThanOrEqualTo(4096 + bytes);
            }
        }
    }

    @Test
    void aReturnedBufferIsUsedAgain() throws IOException {
        ByteBuffer first;
        try (AlignedBuffers.Lease lease = buffers.acquire(1 << 20)) {
            first = lease.bytes();
        }
        try (AlignedBuffers.Lease lease = buffers.acquire((1 << 20) - 1)) {
            assertThat(lease.bytes()).isSameAs(first);
        }
    }

    @Test
    void noMoreThanTheLimitIsInUse() throws IOException {
        AlignedBuffers.Lease whole = buffers.acquire(4 << 20);
        assertThatThrownBy(() -> buffers.acquire(1))
                .isInstanceOf(BufferShortageException.class)
                .hasMessageContaining("4194304 of at most 4194304");

        whole.close();

        assertThat(buffers.leasedBytes()).isZero();
    }

    @Test
    void freeBuffersMakeRoomForOnesOfAnotherSize() throws IOException {
        buffers.acquire(1 << 20).close();
        buffers.acquire(2 << 20).close();

        try (AlignedBuffers.Lease whole = buffers.acquire(4 << 20)) {
            assertThat(whole.bytes().capacity()).isEqualTo((4 << 20) + 4096);
        }
    }

    @Test
    void closingTwiceReturnsTheBufferOnce() throws IOException {
        AlignedBuffers.Lease lease = buffers.acquire(4 << 20);
        lease.close();
        lease.close();

        buffers.acquire(4 << 20);
        assertThatThrownBy(() -> buffers.acquire(4 << 20)).isInstanceOf(BufferShortageException.class);
    }
}
