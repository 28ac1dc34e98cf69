package io.catena.agent.control.route;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * What a client sends, as long as it sends. Who trickles is refused: the place that it holds is one of few. Only the time counts
 * in which we wait for the client, not that in which we write what came. For one thread.
 */
final class SteadySource implements ReadableByteChannel {
    static final int LEAST_BYTES_PER_SECOND = 16 << 10;
    static final Duration WINDOW = Duration.ofSeconds(60);

    private static final long LEAST_BYTES = LEAST_BYTES_PER_SECOND * WINDOW.toSeconds();

    private final ReadableByteChannel source;
    private final LongSupplier nanoTime;
    private long waitedNanos;
    private long bytes;

    SteadySource(ReadableByteChannel source, LongSupplier nanoTime) {
        this.source = source;
        this.nanoTime = nanoTime;
    }

    /**
     * @throws SrException if too little came in the last {@link #WINDOW}
     */
    @Override
    public int read(ByteBuffer target) throws IOException {
        long began = nanoTime.getAsLong();
        int count = source.read(target);
        if (count > 0) {
            waitedNanos += nanoTime.getAsLong() - began;
            bytes += count;
            check();
        }
        return count;
    }

    private void check() {
        if (waitedNanos < WINDOW.toNanos()) {
            return;
        }
        if (bytes < LEAST_BYTES) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The stream is too slow: " + bytes + " bytes came in " + waitedNanos / 1_000_000_000
                                    + " seconds, expected at least " + LEAST_BYTES_PER_SECOND + " a second")
                    .correction("Send all of it again, from nearer by.");
        }
        waitedNanos = 0;
        bytes = 0;
    }

    @Override
    public boolean isOpen() {
        return source.isOpen();
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
