package io.catena.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sectors of a disk as a stream, which are read ahead. */
@Timeout(30)
class RawStreamTest {
    private static final int SIZE_BYTES = (9 << 20) + 512;

    private final byte[] content = new byte[SIZE_BYTES];
    private final AtomicInteger reads = new AtomicInteger();
    private int failAt = Integer.MAX_VALUE;

    RawStreamTest() {
        new Random(1).nextBytes(content);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 511, 1 << 20, (1 << 20) + 1, 5 << 20, SIZE_BYTES - 1, SIZE_BYTES})
    void goesOnFromAnywhere(int from) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new RawStream(new Disk()).writeTo(Channels.newChannel(out), from);

        assertThat(out.toByteArray()).isEqualTo(Arrays.copyOfRange(content, from, SIZE_BYTES));
    }

    @Test
    void whatCannotBeReadEndsIt() {
        failAt = 4;
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        assertThatThrownBy(() -> new RawStream(new Disk()).writeTo(Channels.newChannel(out), 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no such sector");
        assertThat(out.toByteArray()).isEqualTo(Arrays.copyOf(content, 3 << 20));
    }

    @Test
    void nothingIsReadAfterTheTargetFailed() {
        assertThatThrownBy(() -> new RawStream(new Disk()).writeTo(new Broken(), 0))
                .isInstanceOf(ClosedChannelException.class);
        assertThat(reads).hasValueLessThanOrEqualTo(3);
    }

    private static final class Broken implements WritableByteChannel {
        @Override
        public int write(ByteBuffer source) throws IOException {
            throw new ClosedChannelException();
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    private final class Disk implements BlockDevice {
        @Override
        public long sizeBytes() {
            return SIZE_BYTES;
        }

        @Override
        public boolean readOnly() {
            return true;
        }

        @Override
        public void read(long offset, ByteBuffer target) throws IOException {
            if (reads.incrementAndGet() >= failAt) {
                throw new IOException("no such sector");
            }
            target.put(content, (int) offset, target.remaining());
        }

        @Override
        public void write(long offset, ByteBuffer source) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void flush() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void discard(long offset, long lengthBytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean zeroesFast() {
            return false;
        }

        @Override
        public Extent extent(long offset, long lengthBytes) {
            return new Extent(lengthBytes, true);
        }
    }
}
