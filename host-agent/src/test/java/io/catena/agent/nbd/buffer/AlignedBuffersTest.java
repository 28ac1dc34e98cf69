package io.catena.agent.nbd.buffer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AlignedBuffersTest {
    private static final Duration NO_PATIENCE = Duration.ofMillis(1);

    private final List<ByteBuffer> released = new ArrayList<>();
    private final AlignedBuffers buffers = new AlignedBuffers(4 << 20, NO_PATIENCE, released::add);

    @Test
    void everyBufferStartsAtAPageAndHasOneMoreThanAskedFor() throws IOException {
        for (int bytes : new int[] {0, 1, 256 << 10, (256 << 10) + 1, 1 << 20, (1 << 20) + 1}) {
            try (AlignedBuffers.Lease lease = buffers.everything().acquire(bytes)) {
                assertThat(lease.bytes().alignmentOffset(0, 4096)).isZero();
                assertThat(lease.bytes().remaining()).isGreaterThanOrEqualTo(4096 + bytes);
            }
        }
    }

    @Test
    void aReturnedBufferIsUsedAgain() throws IOException {
        ByteBuffer first;
        try (AlignedBuffers.Lease lease = buffers.everything().acquire(1 << 20)) {
            first = lease.bytes();
        }
        try (AlignedBuffers.Lease lease = buffers.everything().acquire((1 << 20) - 1)) {
            assertThat(lease.bytes()).isSameAs(first);
        }
    }

    @Test
    void noMoreThanTheLimitIsInUse() throws IOException {
        AlignedBuffers.Lease whole = buffers.everything().acquire(4 << 20);
        assertThatThrownBy(() -> buffers.everything().acquire(1))
                .isInstanceOf(BufferShortageException.class)
                .hasMessageContaining("4194304 of at most 4194304");

        whole.close();

        assertThat(buffers.leasedBytes()).isZero();
    }

    @Test
    void freeBuffersMakeRoomForOnesOfAnotherSize() throws IOException {
        buffers.everything().acquire(1 << 20).close();
        buffers.everything().acquire(2 << 20).close();

        try (AlignedBuffers.Lease whole = buffers.everything().acquire(4 << 20)) {
            assertThat(whole.bytes().capacity()).isEqualTo((4 << 20) + 4096);
        }
    }

    @Test
    void aShareIsNotExceededButSmallBuffersAreFree() throws IOException {
        BufferShare part = buffers.everything().part(2 << 20).part(1 << 20);
        AlignedBuffers.Lease whole = part.acquire(1 << 20);

        assertThatThrownBy(() -> part.acquire(128 << 10)).isInstanceOf(BufferShortageException.class);
        part.acquire(64 << 10).close();
        buffers.everything().acquire(1 << 20).close();

        whole.close();
        part.acquire(128 << 10).close();
    }

    @Test
    void oneBufferLargerThanTheShareIsToBeHad() throws IOException {
        BufferShare part = buffers.everything().part(1 << 20);

        try (AlignedBuffers.Lease lease = part.acquire(2 << 20)) {
            assertThat(lease.bytes().capacity()).isGreaterThan(2 << 20);
            assertThat(part.poll(128 << 10)).isNull();
        }
    }

    @Test
    void someIsKeptForSmallBuffers() throws IOException {
        buffers.everything().acquire(2 << 20);
        buffers.everything().acquire(1 << 20);

        assertThat(buffers.everything().poll(1 << 20)).isNull();
        for (int i = 0; i < 16; i++) {
            assertThat(buffers.everything().poll(64 << 10)).isNotNull();
        }
    }

    @Test
    void whatNobodyUsesGivesItsMemoryBackOnce() throws IOException {
        ByteBuffer unused;
        try (AlignedBuffers.Lease lease = buffers.everything().acquire(1 << 20)) {
            unused = lease.bytes();
        }
        buffers.releaseUnused();
        assertThat(released).isEmpty();
        for (int i = 0; i < 3; i++) {
            buffers.everything().acquire(64 << 10).close();
            buffers.releaseUnused();
        }

        assertThat(released).containsExactly(unused);
        buffers.everything().acquire(1 << 20).close();
        buffers.releaseUnused();
        buffers.releaseUnused();
        assertThat(released).contains(unused).hasSizeBetween(2, 3);
    }

    @Test
    void closingTwiceReturnsTheBufferOnce() throws IOException {
        AlignedBuffers.Lease lease = buffers.everything().acquire(4 << 20);
        lease.close();
        lease.close();

        buffers.everything().acquire(4 << 20);
        assertThatThrownBy(() -> buffers.everything().acquire(4 << 20)).isInstanceOf(BufferShortageException.class);
    }
}
