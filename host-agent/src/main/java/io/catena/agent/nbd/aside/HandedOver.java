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

    /**
     * So many are under way at most when a copy is handed over. With fewer the connection's thread would copy more itself, or wait
     * for the file that another writes to, and the client could not send meanwhile.
     */
    private static final int MOST_COPIES = 4;

    private final Executor threads;
    private final CopyingClients copying;
    private final Semaphore permits = new Semaphore(MOST_AT_A_TIME);

    /** Whether this client is among {@link #copying}. */
    private boolean copies;

    /**
     * @param threads refuses what it has no thread for
     * @param copying all clients of the server whose large requests are worked on
     */
    public HandedOver(Executor threads, CopyingClients copying) {
        this.threads = threads;
        this.copying = copying;
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
        return underWay() > 0;
    }

    private int underWay() {
        return MOST_AT_A_TIME - permits.availablePermits();
    }

    /** Whether a large request, which has come just now, is better handed over if another is at hand. */
    public boolean isBetterForCopy() {
        if (!copies) {
            copies = true;
            copying.enter();
        }
        return underWay() < MOST_COPIES && copying.areFew();
    }

    /** To be called when no request is at hand, and at the end. */
    public void pause() {
        if (copies) {
            copies = false;
            copying.leave();
        }
    }

    /** Waits for all that was started; as long as the device takes. */
    public void awaitAll() {
        permits.acquireUninterruptibly(MOST_AT_A_TIME);
        permits.release(MOST_AT_A_TIME);
    }
}
