package io.catena.agent.mirror;

import io.catena.disk.BlockDevice;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A connection to the copy of a disk, until it fails for the first time.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class Link implements Closeable {
    private final BlockDevice copy;
    private final Closeable connection;

    /** Since when a thread has been waiting for an answer, by {@link System#nanoTime}. */
    private final Map<Thread, Long> waiting = new ConcurrentHashMap<>();

    /**
     * @param connection once it is closed, requests that wait fail
     */
    Link(BlockDevice copy, Closeable connection) {
        this.copy = copy;
        this.connection = connection;
    }

    /** A request. */
    interface Request {
        void run(BlockDevice copy) throws IOException;
    }

    long sizeBytes() {
        return copy.sizeBytes();
    }

    boolean readOnly() {
        return copy.readOnly();
    }

    void write(long offset, ByteBuffer source) throws IOException {
        ask(disk -> disk.write(offset, source));
    }

    void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        ask(disk -> disk.writeZeroes(offset, lengthBytes, mayDeallocate));
    }

    void flush() throws IOException {
        ask(BlockDevice::flush);
    }

    private void ask(Request request) throws IOException {
        waiting.put(Thread.currentThread(), System.nanoTime());
        try {
            request.run(copy);
        } catch (RuntimeException e) {
            throw new IOException("the copy cannot be asked: " + e.getMessage(), e);
        } finally {
            waiting.remove(Thread.currentThread());
        }
    }

    /** Whether an answer takes longer than this. */
    boolean isStuck(Duration patience) {
        long now = System.nanoTime();
        return waiting.values().stream().anyMatch(since -> now - since > patience.toNanos());
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }
}
