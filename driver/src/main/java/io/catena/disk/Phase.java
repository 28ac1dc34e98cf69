package io.catena.disk;

import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

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

    /** The phase before, whose requests may still be under way; null when they have ended. */
    private volatile @Nullable Phase before;

    Phase(Chain chain) {
        this(chain, null);
    }

    Phase(Chain chain, @Nullable Phase before) {
        this.chain = chain;
        this.before = before;
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

    /** Waits for the requests of the phases before, too, and for those first: others need not wait for them. */
    void enterAlone() {
        awaitBefore();
        gate.writeLock().lock();
    }

    /** As {@link #enterAlone()}, with patience. */
    void enterAlone(Deadline deadline) throws DiskBusyException {
        awaitBefore(deadline);
        deadline.lock(gate.writeLock());
    }

    /** Waits until all requests have ended that began before this phase. */
    void awaitBefore(Deadline deadline) throws DiskBusyException {
        Phase earlier = before;
        if (earlier != null) {
            earlier.enterAlone(deadline);
            earlier.leaveAlone();
            before = null;
        }
    }

    private void awaitBefore() {
        Phase earlier = before;
        if (earlier != null) {
            earlier.enterAlone();
            earlier.leaveAlone();
            before = null;
        }
    }

    /** Closes the gate of a phase that nobody has entered yet. */
    void close() {
        gate.writeLock().lock();
    }

    void leaveAlone() {
        gate.writeLock().unlock();
    }

    Lock shared() {
        return gate.readLock();
    }

    boolean isHeldBack() {
        return gate.isWriteLocked();
    }
}
