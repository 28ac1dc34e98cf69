package io.catena.harness.bench.merge;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writes 4 KiB at random places of a disk so many times a second, and flushes after every sixty-fourth, as a database does. A
 * request that comes late because the one before took long counts from when it was due: else the worst times would be missed.
 */
final class PacedGuest extends Thread {
    private static final int PAGE = 4096;
    private static final int WRITES_TO_A_FLUSH = 64;

    final Latencies writes = new Latencies();
    final Latencies flushes = new Latencies();
    private final BlockDevice device;
    private final long sizeBytes;
    private final long periodNanos;
    private volatile boolean ended;
    private volatile @Nullable IOException failure;

    PacedGuest(BlockDevice device, long sizeBytes, int writesPerSecond) {
        this.device = device;
        this.sizeBytes = sizeBytes;
        this.periodNanos = 1_000_000_000L / writesPerSecond;
        setDaemon(true);
    }

    @Override
    public void run() {
        Random random = new Random(5);
        ByteBuffer page = ByteBuffer.allocateDirect(PAGE);
        long due = System.nanoTime();
        try {
            for (int i = 0; !ended; i++) {
                awaitTime(due);
                long offset = random.nextInt((int) (sizeBytes / PAGE)) * (long) PAGE;
                device.write(offset, page.clear().putInt(0, i + 1));
                writes.add(System.nanoTime() - due);
                if (i % WRITES_TO_A_FLUSH == WRITES_TO_A_FLUSH - 1) {
                    long begin = System.nanoTime();
                    device.flush();
                    flushes.add(System.nanoTime() - begin);
                    due = System.nanoTime();
                }
                due += periodNanos;
            }
        } catch (IOException e) {
            failure = e;
        }
    }

    private static void awaitTime(long nanoTime) {
        for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Ends the writing. */
    void end() throws IOException {
        ended = true;
        try {
            join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        IOException failed = failure;
        if (failed != null) {
            throw failed;
        }
    }
}
