package io.catena.agent.nbd.aside;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;

/**
 * The requests of a connection that other threads work on, while its own receives the next.
 *
 * <p><b>Threads.</b> For the connection's thread.
 */
public final class HandedOver {
    private static final int MOST_AT_A_TIME = 32;

    private final Executor threads;
    private final Semaphore permits = new Semaphore(MOST_AT_A_TIME);

    /**
     * @param threads refuses what it has no thread for
     */
    public HandedOver(Executor threads) {
        this.threads = threads;
    }

    /** Lets another thread do {@code work}; returns false if there is none for it, so that the caller had better. */
    public boolean start(Runnable work) {
        if (!permits.tryAcquire()) {
            return false;
        }
        try {
            threads.execute(() -> {
                try {
                    work.run();
                } finally {
                    permits.release();
                }
            });
            return true;
        } catch (RejectedExecutionException e) {
            permits.release();
            return false;
        }
    }

    public boolean areUnderWay() {
        return permits.availablePermits() < MOST_AT_A_TIME;
    }

    /** Waits for all that was started; as long as the device takes. */
    public void awaitAll() {
        permits.acquireUninterruptibly(MOST_AT_A_TIME);
        permits.release(MOST_AT_A_TIME);
    }
}
