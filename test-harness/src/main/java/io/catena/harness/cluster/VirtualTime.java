package io.catena.harness.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Time that passes only when everybody waits. Tasks run on threads of their own, one at a time, and give way only where they
 * wait for a moment to come; so a run depends on nothing but its inputs.
 *
 * <p><b>Threads.</b> {@link #run} is called by one thread; all else by tasks, of which one runs.
 */
final class VirtualTime {
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "simulated host");
        thread.setDaemon(true);
        return thread;
    });

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<Task> tasks = new ArrayList<>();
    private final Semaphore idle = new Semaphore(0);
    private long nowMillis;
    private long order;
    private @Nullable Task running;
    private boolean over;

    /** Something that happens at a moment; those of one moment in the order in which they were planned. */
    private record Event(long atMillis, long order, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return atMillis != other.atMillis
                    ? Long.compare(atMillis, other.atMillis)
                    : Long.compare(order, other.order);
        }
    }

    /** A thread of a host. */
    private static final class Task {
        private final Semaphore turn = new Semaphore(0);
    }

    /** Ends a task, from within, when the run is over. */
    static final class Over extends Error {
        private static final long serialVersionUID = 1;
    }

    long nowMillis() {
        return nowMillis;
    }

    /** Lets {@code action}, which must not wait, happen later. */
    void at(long atMillis, Runnable action) {
        events.add(new Event(Math.max(atMillis, nowMillis), order++, action));
    }

    /** Starts a task. */
    void start(Runnable work) {
        Task task = new Task();
        tasks.add(task);
        THREADS.execute(() -> {
            task.turn.acquireUninterruptibly();
            try {
                if (!over) {
                    work.run();
                }
            } catch (Over e) {
                // The run is over.
            } finally {
                idle.release();
            }
        });
        at(nowMillis, () -> wake(task));
    }

    private void wake(Task task) {
        Task before = running;
        running = task;
        task.turn.release();
        idle.acquireUninterruptibly();
        running = before;
    }

    /** Lets the task that runs wait until a moment comes. */
    void waitUntil(long atMillis) {
        if (over) {
            throw new Over();
        }
        Task self = Objects.requireNonNull(running, "a task");
        at(atMillis, () -> wake(self));
        idle.release();
        self.turn.acquireUninterruptibly();
        if (over) {
            throw new Over();
        }
    }

    void sleep(long millis) {
        waitUntil(nowMillis + millis);
    }

    /** Runs everything up to a moment, and ends all tasks. */
    void run(long untilMillis) {
        for (Event next = events.poll(); next != null && next.atMillis() <= untilMillis; next = events.poll()) {
            nowMillis = next.atMillis();
            next.action().run();
        }
        over = true;
        for (Task task : tasks) {
            task.turn.release();
        }
        // Those that have ended before have a permit too many, and nobody waits for it.
        events.clear();
    }
}
