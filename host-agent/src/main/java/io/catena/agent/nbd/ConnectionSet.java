package io.catena.agent.nbd;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Connections that can be ended together.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class ConnectionSet {
    /** How long a connection may take to notice that its socket is gone. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition emptied = lock.newCondition();

    /** Guarded by {@link #lock}. */
    private final Set<NbdConnection> connections = new HashSet<>();

    /** Guarded by {@link #lock}. */
    private final List<Runnable> closers = new ArrayList<>();

    /** Guarded by {@link #lock}. */
    private boolean closed;

    /** Returns false, without adding it, if the set has been closed. */
    boolean add(NbdConnection connection) {
        lock.lock();
        try {
            return !closed && connections.add(connection);
        } finally {
            lock.unlock();
        }
    }

    /** Has {@code closer} run when the set is closed; at once if it is. */
    void whenClosed(Runnable closer) {
        lock.lock();
        try {
            if (!closed) {
                closers.add(closer);
                return;
            }
        } finally {
            lock.unlock();
        }
        closer.run();
    }

    void remove(NbdConnection connection) {
        lock.lock();
        try {
            connections.remove(connection);
            if (connections.isEmpty()) {
                emptied.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Returns those that are there now. */
    List<NbdConnection> all() {
        lock.lock();
        try {
            return List.copyOf(connections);
        } finally {
            lock.unlock();
        }
    }

    int size() {
        lock.lock();
        try {
            return connections.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Admits no more connections and ends those that are there: each answers the requests it has received; those that
     * have not done so after {@code deadline}, because their client does not read, are cut off.
     *
     * @return whether all have ended; if not, a request is stuck in its device. May be called again then.
     */
    boolean close(Duration deadline) {
        markClosed().forEach(NbdConnection::stop);
        takeClosers().forEach(Runnable::run);
        if (awaitEmpty(deadline)) {
            return true;
        }
        markClosed().forEach(NbdConnection::cut);
        return awaitEmpty(GRACE);
    }

    private List<NbdConnection> markClosed() {
        lock.lock();
        try {
            closed = true;
            return List.copyOf(connections);
        } finally {
            lock.unlock();
        }
    }

    private List<Runnable> takeClosers() {
        lock.lock();
        try {
            List<Runnable> taken = List.copyOf(closers);
            closers.clear();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitEmpty(Duration deadline) {
        long nanosLeft = deadline.toNanos();
        lock.lock();
        try {
            while (!connections.isEmpty() && nanosLeft > 0) {
                nanosLeft = emptied.awaitNanos(nanosLeft);
            }
            return connections.isEmpty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
