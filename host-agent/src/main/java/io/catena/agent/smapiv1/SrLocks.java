package io.catena.agent.smapiv1;

import io.catena.api.SrId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** One lock for each SR that a call ever named; XAPI names those that it knows. Safe for use by many threads. */
final class SrLocks {
    private final Map<SrId, ReentrantLock> locks = new ConcurrentHashMap<>();

    <T> T within(SrId sr, Supplier<T> work) {
        ReentrantLock lock = locks.computeIfAbsent(sr, id -> new ReentrantLock(true));
        lock.lock();
        try {
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}
