package io.catena.agent.demo;

import io.catena.agent.nbd.client.NbdDisk;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Writes record after record to a disk, over a connection and in a thread of its own, until it is stopped or the
 * connection breaks.
 *
 * <p><b>Threads.</b> Used by one thread, beside its own.
 */
final class RecordWriter implements Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int RECORDS_PER_FLUSH = 500;

    private final NbdDisk disk;
    private final Records records;
    private final Thread thread = new Thread(this::writeAll, "record-writer");

    /** How many records were answered, those of earlier writers included. Guarded by this. */
    private long answered;

    /** Guarded by this. */
    private boolean stopping;

    /** Why the thread ended by itself. Guarded by this. */
    private @Nullable IOException failure;

    private RecordWriter(NbdDisk disk, Records records, long first) {
        this.disk = disk;
        this.records = records;
        this.answered = first;
    }

    /**
     * Starts to write.
     *
     * @param first the first record's number
     */
    static RecordWriter start(String uri, Records records, long first) throws IOException {
        RecordWriter writer = new RecordWriter(NbdDisk.connect(uri, PATIENCE), records, first);
        writer.thread.setDaemon(true);
        writer.thread.start();
        return writer;
    }

    private void writeAll() {
        try {
            for (long number = answered(); !isStopping(); number++) {
                disk.write(records.offsetOf(number), ByteBuffer.wrap(Records.bytes(number)));
                answered(number + 1);
                if (number % RECORDS_PER_FLUSH == 0) {
                    disk.flush();
                }
            }
        } catch (IOException e) {
            fail(e);
        }
    }

    synchronized long answered() {
        return answered;
    }

    private synchronized void answered(long count) {
        answered = count;
        notifyAll();
    }

    private synchronized boolean isStopping() {
        return stopping;
    }

    private synchronized void fail(IOException e) {
        failure = e;
        notifyAll();
    }

    /**
     * Waits until {@code count} records were answered, those of earlier writers included.
     *
     * @throws IOException if that takes too long, or the connection breaks
     */
    synchronized void awaitAnswered(long count) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (answered < count && failure == null) {
            long millis = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
            if (millis <= 0) {
                throw new IOException("only " + answered + " of " + count + " records were answered within "
                        + PATIENCE.toSeconds() + " s");
            }
            try {
                wait(millis);
            } catch (InterruptedException e) {
                throw interrupted();
            }
        }
        if (failure != null) {
            throw new IOException("the writer ended after " + answered + " records", failure);
        }
    }

    /**
     * Ends the writer.
     *
     * @return how many records were answered, those of earlier writers included
     * @throws IOException if the connection broke before
     */
    long stop() throws IOException {
        close();
        synchronized (this) {
            if (failure != null) {
                throw new IOException("the writer ended after " + answered + " records", failure);
            }
            return answered;
        }
    }

    /**
     * Waits until the writer ends because its server is gone.
     *
     * @return how many records were answered, those of earlier writers included
     */
    long awaitBroken() throws IOException {
        join();
        disk.close();
        return answered();
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            stopping = true;
        }
        join();
        disk.close();
    }

    private void join() throws IOException {
        try {
            thread.join(PATIENCE.toMillis());
        } catch (InterruptedException e) {
            throw interrupted();
        }
        if (thread.isAlive()) {
            throw new IOException("the writer did not end within " + PATIENCE.toSeconds() + " s");
        }
    }

    private static InterruptedIOException interrupted() {
        Thread.currentThread().interrupt();
        return new InterruptedIOException("interrupted while records were written");
    }
}
