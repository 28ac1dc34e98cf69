package io.catena.sr.job;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Does the same with several things at a time, for those who wait for the disk most of the time. */
public final class SideBySide {
    private SideBySide() {}

    /** Is done with one thing. */
    @FunctionalInterface
    public interface Work<T> {
        void with(T thing) throws IOException;
    }

    /**
     * Returns when the work was done with all things, also if some of it fails.
     *
     * @param atOnce with how many at a time; 1 does it in order, on the thread of the caller, and ends with what fails first
     * @throws IOException the first of the failures
     */
    public static <T> void each(int atOnce, Collection<T> things, Work<T> work) throws IOException {
        if (atOnce == 1 || things.size() < 2) {
            for (T thing : things) {
                work.with(thing);
            }
            return;
        }
        ExecutorService threads = Executors.newFixedThreadPool(Math.min(atOnce, things.size()), task -> {
            Thread thread = new Thread(task, "side-by-side");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<?>> all = new ArrayList<>();
            for (T thing : things) {
                all.add(threads.submit(() -> {
                    work.with(thing);
                    return null;
                }));
            }
            await(all);
        } finally {
            threads.shutdown();
        }
    }

    private static void await(List<Future<?>> all) throws IOException {
        Throwable failure = null;
        for (Future<?> one : all) {
            Throwable next = failureOf(one);
            if (failure == null) {
                failure = next;
            } else if (next != null) {
                failure.addSuppressed(next);
            }
        }
        if (failure instanceof IOException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    /** An interrupt does not end the waiting: what is under way must not be left to itself. */
    private static @Nullable Throwable failureOf(Future<?> one) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    one.get();
                    return null;
                } catch (ExecutionException e) {
                    return e.getCause();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
