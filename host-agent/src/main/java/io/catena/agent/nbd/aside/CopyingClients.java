package io.catena.agent.nbd.aside;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the clients whose large requests a server works on. Several threads for one of them are faster while there are few; with
 * one client for every two processors these have enough to do, and more threads would only take them from each other.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class CopyingClients {
    private final int few;
    private final AtomicInteger count = new AtomicInteger();

    CopyingClients(int processors) {
        this.few = Math.max(1, processors / 2);
    }

    /** Those of a server that may use this machine's processors. */
    public static CopyingClients ofMachine() {
        return new CopyingClients(Runtime.getRuntime().availableProcessors());
    }

    void enter() {
        count.incrementAndGet();
    }

    void leave() {
        count.decrementAndGet();
    }

    boolean areFew() {
        return count.get() <= few;
    }
}
