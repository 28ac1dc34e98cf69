package io.catena.disk;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A time in which a {@link LiveDisk} serves new requests from one chain, and the gate of the requests that began in it. The
 * last of them may end when the next phase has long begun.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Who enters has to make sure that the phase was not over before.
 */
final class Phase {
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);

    /** Changed by who is alone. */
    private volatile Chain chain;

    Phase(Chain chain) {
        this.chain = chain;
    }

    Chain chain() {
        return chain;
    }

    /** To be called by who is alone. */
    void replace(Chain successor) {
        chain = successor;
    }

    void enter() {
        gate.readLock().lock();
    }

    void leave() {
        gate.readLock().unlock();
    }

    void enterAlone() {
        gate.writeLock().lock();
    }

    void leaveAlone() {
        gate.writeLock().unlock();
    }

    Lock shared() {
        return gate.readLock();
    }

    Lock alone() {
        return gate.writeLock();
    }

    boolean isHeldBack() {
        return gate.isWriteLocked();
    }
}
