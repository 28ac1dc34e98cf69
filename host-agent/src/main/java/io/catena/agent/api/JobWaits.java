package io.catena.agent.api;

import io.catena.api.Job;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Those who wait for the end of jobs. None of them takes a thread, and nothing is left of one that has gone.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class JobWaits {
    private final Ends ends;
    private final Executor executor;
    private final int most;

    /** By job. Guarded by this, as is the number of all. */
    private final Map<Long, Set<Wait>> waiting = new HashMap<>();

    private int count;

    /** Tells when jobs end. */
    @FunctionalInterface
    interface Ends {
        /** Calls {@code listener} once when a job has ended, or now if it has; on any thread. */
        void whenEnded(long job, Consumer<Job> listener);
    }

    /** One that waits. */
    private record Wait(CompletableFuture<Void> end) {}

    /**
     * @param executor answers those whose wait is over, few at a time: the time of thousands may be over at once
     * @param most how many may wait
     */
    JobWaits(Ends ends, Executor executor, int most) {
        this.ends = ends;
        this.executor = executor;
        this.most = most;
    }

    /**
     * Calls {@code then} when a job has ended or the time is over, whichever comes first.
     *
     * @return false if too many wait already; {@code then} is not called
     */
    boolean await(long job, Duration atMost, Runnable then) {
        Wait wait = new Wait(new CompletableFuture<>());
        boolean first;
        synchronized (this) {
            if (count >= most) {
                return false;
            }
            count++;
            first = !waiting.containsKey(job);
            waiting.computeIfAbsent(job, id -> new HashSet<>()).add(wait);
        }
        finish(job, wait, atMost, then);
        if (first) {
            ends.whenEnded(job, ended -> ended(ended.id()));
        }
        return true;
    }

    /** The end of a wait takes its timer along. */
    @SuppressWarnings("FutureReturnValueIgnored") // the end of the request is the caller's affair
    private void finish(long job, Wait wait, Duration atMost, Runnable then) {
        wait.end.thenRunAsync(
                () -> {
                    forget(job, wait);
                    then.run();
                },
                executor);
        wait.end.completeOnTimeout(null, atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    synchronized int count() {
        return count;
    }

    private void ended(long job) {
        List<Wait> all;
        synchronized (this) {
            all = List.copyOf(waiting.getOrDefault(job, Set.of()));
            waiting.remove(job);
        }
        all.forEach(wait -> wait.end.complete(null));
    }

    /** The job keeps its listener: an empty set stays for the next who waits. */
    private synchronized void forget(long job, Wait wait) {
        count--;
        Set<Wait> others = waiting.get(job);
        if (others != null) {
            others.remove(wait);
        }
    }
}
