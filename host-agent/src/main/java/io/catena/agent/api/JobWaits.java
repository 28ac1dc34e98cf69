package io.catena.agent.api;

import io.catena.api.Job;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Those who wait for the end of jobs. None of them takes a thread, and nothing is left of one that has gone.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class JobWaits {
    private final Ends ends;

    /** By job. Guarded by this. */
    private final Map<Long, Set<Wait>> waiting = new HashMap<>();

    /** Tells when jobs end. */
    @FunctionalInterface
    interface Ends {
        /** Calls {@code listener} once when a job has ended, or now if it has; on any thread. */
        void whenEnded(long job, Consumer<Job> listener);
    }

    JobWaits(Ends ends) {
        this.ends = ends;
    }

    /** One that waits; the first of two ends it. */
    private record Wait(AtomicBoolean over, Runnable then) {
        void end() {
            if (over.compareAndSet(false, true)) {
                then.run();
            }
        }
    }

    /** Calls {@code then} when a job has ended or the time is over, whichever comes first; on any thread. */
    void await(long job, Duration atMost, Runnable then) {
        AtomicBoolean over = new AtomicBoolean();
        Wait wait = new Wait(over, then);
        boolean first;
        synchronized (this) {
            first = !waiting.containsKey(job);
            waiting.computeIfAbsent(job, id -> Collections.newSetFromMap(new IdentityHashMap<>()))
                    .add(wait);
        }
        if (first) {
            ends.whenEnded(job, ended -> ended(ended.id()));
        }
        CompletableFuture.delayedExecutor(atMost.toMillis(), TimeUnit.MILLISECONDS)
                .execute(() -> {
                    forget(job, wait);
                    wait.end();
                });
    }

    synchronized int count() {
        return waiting.values().stream().mapToInt(Set::size).sum();
    }

    private void ended(long job) {
        Set<Wait> all;
        synchronized (this) {
            all = waiting.remove(job);
        }
        if (all != null) {
            all.forEach(wait -> ForkJoinPool.commonPool().execute(wait::end));
        }
    }

    /** The job keeps its listener: an empty set stays for the next who waits. */
    private synchronized void forget(long job, Wait wait) {
        Set<Wait> others = waiting.get(job);
        if (others != null) {
            others.remove(wait);
        }
    }
}
