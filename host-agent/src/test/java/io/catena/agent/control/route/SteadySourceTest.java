package io.catena.agent.control.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.SrException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Who trickles an upload is refused, who sends it slowly is not. */
class SteadySourceTest {
    private static final int LEAST = SteadySource.LEAST_BYTES_PER_SECOND;

    private long nanos;
    private int bytesPerRead;
    private Duration perRead = Duration.ZERO;

    private final SteadySource source = new SteadySource(
            new ReadableByteChannel() {
                @Override
                public int read(ByteBuffer target) {
                    nanos += perRead.toNanos();
                    target.position(target.position() + bytesPerRead);
                    return bytesPerRead;
                }

                @Override
                public boolean isOpen() {
                    return true;
                }

                @Override
                public void close() {}
            },
            () -> nanos);

    private void read(int times) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(64 << 10);
        for (int i = 0; i < times; i++) {
            assertThat(source.read(target.clear())).isEqualTo(bytesPerRead);
        }
    }

    @Test
    void aTrickleIsRefused() throws IOException {
        perRead = Duration.ofSeconds(1);
        bytesPerRead = LEAST - 1;
        read(59);

        assertThatThrownBy(() -> read(1))
                .isInstanceOf(SrException.class)
                .hasMessageContaining("982980 bytes came in 60 seconds")
                .hasMessageContaining("expected at least 16384 a second");
    }

    @Test
    void aGoodBeginningDoesNotLastForEver() throws IOException {
        bytesPerRead = 64 << 10;
        perRead = Duration.ofMillis(10);
        read(10_000);
        bytesPerRead = 1;
        perRead = Duration.ofSeconds(30);

        assertThatThrownBy(() -> read(4)).isInstanceOf(SrException.class);
    }

    @Test
    void theTimeInWhichTheServerWritesDoesNotCount() throws IOException {
        perRead = Duration.ofSeconds(1);
        bytesPerRead = LEAST;
        for (int i = 0; i < 200; i++) {
            read(1);
            nanos += Duration.ofMinutes(5).toNanos();
        }
    }
}
