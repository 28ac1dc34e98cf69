package io.catena.harness.bench.snapshot;

import io.catena.harness.peer.NbdClient;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A client that writes 4 KiB, one after the other, all over a range of a disk, and knows how long it had to wait for an answer. */
final class Probe implements Closeable {
    private static final int PAGE = 4096;
    private static final long POLL_NANOS = 100_000;

    private final NbdClient client;
    private final long from;
    private final int pages;
    private final Thread thread = new Thread(this::run, "probe");
    private final AtomicLong longestNanos = new AtomicLong();
    private final AtomicLong answers = new AtomicLong();
    private volatile boolean stopped;
    private volatile @Nullable IOException failure;

    Probe(Path socket, String export, long from, long lengthBytes) throws IOException {
        this.client = NbdClient.connect(socket, export);
        this.from = from;
        this.pages = (int) (lengthBytes / PAGE);
        thread.start();
    }

    private void run() {
        byte[] page = new byte[PAGE];
        long last = System.nanoTime();
        try {
            for (int i = 0; !stopped; i++) {
                page[0] = (byte) (i + 1);
                client.write(from + i * 31L % pages * PAGE, page);
                long now = System.nanoTime();
                long gap = now - last;
                longestNanos.accumulateAndGet(gap, Math::max);
                last = now;
                answers.incrementAndGet();
            }
            client.disconnect();
        } catch (IOException e) {
            failure = e;
        }
    }

    /** Something during which gaps are measured. */
    @FunctionalInterface
    interface Work {
        void run() throws IOException;
    }

    /** Returns the longest gap between two answers in microseconds, from the last one before the work to the first after it. */
    long longestGapMicros(Work work) throws IOException {
        longestNanos.set(0);
        work.run();
        long seen = answers.get();
        while (answers.get() == seen) {
            IOException failed = failure;
            if (failed != null) {
                throw failed;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return longestNanos.get() / 1000;
    }

    @Override
    public void close() throws IOException {
        stopped = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        client.close();
    }
}
