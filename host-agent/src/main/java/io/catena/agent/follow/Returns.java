package io.catena.agent.follow;

import io.catena.api.VdiId;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The disks whose followers have not come back since this host took the SR: they lack what their guests had an answer for and had
 * not flushed. Who wants their content waits, but not for ever.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class Returns {
    /** Longer than it takes a follower to find the new owner. */
    static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long LOOK_MILLIS = 50;

    private final LongSupplier nanoTime;

    /** Until when each is waited for. */
    private final Map<VdiId, Long> deadlines = new ConcurrentHashMap<>();

    Returns(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** A follower has it active for writing, and may have changes to make again. */
    void expect(VdiId vdi) {
        deadlines.put(vdi, nanoTime.getAsLong() + PATIENCE_NANOS);
    }

    /** A follower has made its changes again, and flushed them. */
    void returned(VdiId vdi) {
        deadlines.remove(vdi);
        synchronized (this) {
            notifyAll();
        }
    }

    /** Nobody is waited for any more but for these. */
    void retain(Set<VdiId> active) {
        deadlines.keySet().retainAll(active);
        synchronized (this) {
            notifyAll();
        }
    }

    /** Waits until all of them are complete, or it has taken too long. */
    void await(Collection<VdiId> vdis) {
        try {
            while (vdis.stream().anyMatch(this::isExpected)) {
                synchronized (this) {
                    wait(LOOK_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean isExpected(VdiId vdi) {
        Long deadline = deadlines.get(vdi);
        return deadline != null && deadline - nanoTime.getAsLong() > 0;
    }
}
