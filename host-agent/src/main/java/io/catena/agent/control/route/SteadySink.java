package io.catena.agent.control.route;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Callback;

/**
 * Sends to a client as long as it takes what is sent: who takes a byte now and then would hold its place for ever. For one thread;
 * nothing is written after a failure, since the piece that was not taken may still be under way.
 */
final class SteadySink implements WritableByteChannel {
    private final Content.Sink sink;
    private final long patienceMillis;
    private final long leastBytesPerSecond;
    private boolean open = true;

    SteadySink(Content.Sink sink) {
        this(sink, SteadySource.WINDOW.toMillis(), SteadySource.LEAST_BYTES_PER_SECOND);
    }

    /**
     * @param patienceMillis how long each piece may take beyond the time that it needs at the least rate
     */
    SteadySink(Content.Sink sink, long patienceMillis, long leastBytesPerSecond) {
        this.sink = sink;
        this.patienceMillis = patienceMillis;
        this.leastBytesPerSecond = leastBytesPerSecond;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        int length = source.remaining();
        long millis = patienceMillis + 1000L * length / leastBytesPerSecond;
        CompletableFuture<Void> taken = new CompletableFuture<>();
        sink.write(false, source, Callback.from(() -> taken.complete(null), taken::completeExceptionally));
        try {
            taken.get(millis, TimeUnit.MILLISECONDS);
            return length;
        } catch (TimeoutException e) {
            open = false;
            throw new IOException("the client did not take " + length + " bytes in " + millis / 1000 + " seconds", e);
        } catch (ExecutionException e) {
            open = false;
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            open = false;
            throw new IOException(e);
        }
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
    }
}
