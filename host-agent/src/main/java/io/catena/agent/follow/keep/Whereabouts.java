package io.catena.agent.follow.keep;

import io.catena.disk.BlockDevice;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where a disk is served: at one place at a time, at none while its host is lost, and never again once it has failed. Who needs a
 * place waits for it here.
 *
 * <p><b>Threads.</b> Safe for use by many threads. What is passed to be run is run with the lock held, so that it sees the place
 * stay as it is; it must not wait.
 */
final class Whereabouts {
    private final Runnable onLoss;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Null while the disk is served nowhere. Guarded by {@link #lock}, as are {@link #coming} and {@link #failure}. */
    private @Nullable Place place;

    /** Where the kept changes are made again just now. */
    private @Nullable Place coming;

    /** Why it is never served again. */
    private @Nullable String failure;

    /** The disk itself, once this host has the SR: it keeps what it answers by its own means. */
    private volatile @Nullable BlockDevice own;

    /**
     * @param onLoss told, by any thread, that the host is lost; must not wait
     */
    Whereabouts(Runnable onLoss) {
        this.onLoss = onLoss;
    }

    /** Looks for something that may not be there yet. */
    @FunctionalInterface
    interface Look<T> {
        @Nullable
        T find();
    }

    /**
     * Waits until something is found; it is looked for again whenever something has changed.
     *
     * @throws IOException if the disk has failed
     */
    <T> T await(Look<T> look) throws IOException {
        lock.lock();
        try {
            while (true) {
                throwIfFailed();
                T found = look.find();
                if (found != null) {
                    return found;
                }
                awaitChange();
            }
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // its caller loops
    private void awaitChange() throws IOException {
        try {
            changed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the host that has the SR");
        }
    }

    private void throwIfFailed() throws IOException {
        if (failure != null) {
            throw new IOException(failure);
        }
    }

    /** Runs something that others may wait for. */
    void change(Runnable work) {
        lock.lock();
        try {
            work.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the disk is served, and runs {@code before} at that instant. */
    Place awaitPlace(Runnable before) throws IOException {
        return await(() -> {
            Place now = place;
            if (now != null) {
                before.run();
            }
            return now;
        });
    }

    /**
     * Returns where the disk is served, after {@code before}.
     *
     * @throws IOException if it is served nowhere
     */
    Place placeNow(Runnable before) throws IOException {
        lock.lock();
        try {
            throwIfFailed();
            before.run();
            Place now = place;
            if (now == null) {
                throw new IOException("the disk is served by no host now");
            }
            return now;
        } finally {
            lock.unlock();
        }
    }

    /** Runs {@code after} if the disk is still served at a place, and returns whether. */
    boolean settle(Place at, Runnable after) {
        lock.lock();
        try {
            if (place != at) {
                return false;
            }
            change(after);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the time at the place where it is served, and returns what is there at that instant. */
    <T> T suspend(Supplier<T> what) throws IOException {
        lock.lock();
        try {
            throwIfFailed();
            leave();
            return what.get();
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        Place before = place;
        place = null;
        if (before != null) {
            before.close();
        }
    }

    /** The disk is got ready there, until the next call; null for nowhere. */
    void coming(@Nullable Place next) {
        lock.lock();
        try {
            coming = next;
        } finally {
            lock.unlock();
        }
    }

    /** From now on the disk is served there; runs {@code first} before anybody who waits. */
    void goOn(Place next, Runnable first) throws IOException {
        lock.lock();
        try {
            if (failure != null) {
                next.close();
                throwIfFailed();
            }
            place = next;
            first.run();
            if (!next.isElsewhere()) {
                own = next.disk();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the disk itself if this host has the SR, else null. */
    @Nullable
    BlockDevice own() {
        return own;
    }

    /** Whether the disk is served somewhere, as far as is known. */
    boolean isServed() {
        lock.lock();
        try {
            return place != null;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it has ended for good. */
    boolean isFailed() {
        lock.lock();
        try {
            return failure != null;
        } finally {
            lock.unlock();
        }
    }

    /** The host that serves it does not answer. */
    void suspectLoss() {
        lock.lock();
        try {
            Place now = place;
            if (now != null && own == null) {
                lost(now);
            }
            Place next = coming;
            if (next != null) {
                next.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /** The host is lost that served it at a place. */
    void lost(Place at) {
        lock.lock();
        try {
            if (place == at) {
                leave();
                onLoss.run();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends it for good. */
    void fail(String reason) {
        lock.lock();
        try {
            own = null;
            failure = reason;
            leave();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
