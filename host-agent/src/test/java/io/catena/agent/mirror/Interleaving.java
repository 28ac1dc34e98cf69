package io.catena.agent.mirror;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs threads one at a time, from one point to the next, in an order that a seed gives. A thread that waits for another in the
 * code under test is left out until it goes on.
 */
final class Interleaving {
    private static final long DEADLINE_NANOS = 30_000_000_000L;

    private final Random random;
    private final List<Thread> threads = new ArrayList<>();

    /** Guarded by this, as is {@link #failure}. */
    private final Set<Thread> atPoint = new HashSet<>();

    private @Nullable Throwable failure;

    Interleaving(Random random) {
        this.random = random;
    }

    /** What a thread does. */
    interface Work {
        void run() throws Exception;
    }

    void add(Work work) {
        threads.add(new Thread(() -> {
            point();
            try {
                work.run();
            } catch (Throwable e) {
                fail(e);
            }
        }));
    }

    private synchronized void fail(Throwable e) {
        failure = failure == null ? e : failure;
    }

    /** Waits until it is this thread's turn. A thread that was not added goes on. */
    synchronized void point() {
        if (!threads.contains(Thread.currentThread())) {
            return;
        }
        atPoint.add(Thread.currentThread());
        notifyAll();
        while (atPoint.contains(Thread.currentThread())) {
            try {
                wait();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Runs all threads to their end. */
    void run() throws Exception {
        threads.forEach(thread -> thread.setDaemon(true));
        threads.forEach(Thread::start);
        while (threads.stream().anyMatch(Thread::isAlive)) {
            settle();
            throwFailure();
            letOneGo();
        }
        throwFailure();
    }

    /** The others may wait for ever for a thread that has failed. */
    private synchronized void throwFailure() {
        if (failure != null) {
            throw new AssertionError("in one of the threads", failure);
        }
    }

    private synchronized void letOneGo() {
        List<Thread> ready = threads.stream().filter(atPoint::contains).toList();
        if (!ready.isEmpty()) {
            atPoint.remove(ready.get(random.nextInt(ready.size())));
            notifyAll();
        }
    }

    /** Waits until each thread is at a point, waits for another, or has ended; and one at least can go on. */
    private synchronized void settle() throws InterruptedException {
        long deadline = System.nanoTime() + DEADLINE_NANOS;
        while (!isSettled()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("the threads wait for each other: " + threads);
            }
            // Whoever comes to a point tells; that one waits for a lock, or has ended, only shows.
            wait(1);
        }
    }

    private boolean isSettled() {
        boolean all =
                threads.stream().allMatch(thread -> atPoint.contains(thread) || !thread.isAlive() || waits(thread));
        return all && (!atPoint.isEmpty() || threads.stream().noneMatch(Thread::isAlive));
    }

    private static boolean waits(Thread thread) {
        Thread.State state = thread.getState();
        return state == Thread.State.WAITING || state == Thread.State.BLOCKED;
    }
}
