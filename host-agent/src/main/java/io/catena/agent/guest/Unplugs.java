package io.catena.agent.guest;

import io.catena.api.VdiId;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Lets a thread wait until a guest has ended giving up a disk. Safe for use by many threads. */
final class Unplugs {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** What has ended and was not waited for yet; guarded by {@link #lock}. */
    private final Set<Unplug> ended = new HashSet<>();

    private record Unplug(UUID guest, VdiId vdi) {}

    /** Forgets what ended before. */
    void begin(UUID guest, VdiId vdi) {
        lock.lock();
        try {
            ended.remove(new Unplug(guest, vdi));
        } finally {
            lock.unlock();
        }
    }

    void end(UUID guest, VdiId vdi) {
        lock.lock();
        try {
            ended.add(new Unplug(guest, vdi));
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until {@link #end} was called since {@link #begin}, or the time is up. Returns whether it was. */
    boolean await(UUID guest, VdiId vdi, Duration atMost) throws InterruptedException {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (!ended.remove(new Unplug(guest, vdi))) {
                if (left <= 0) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }
}
