package io.catena.harness.e2e;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Work beside the test's own thread. A test that ends without {@link #result} leaves it to its own deadlines. */
final class Task<T> {
    private final FutureTask<T> work;

    private Task(FutureTask<T> work) {
        this.work = work;
    }

    static <T> Task<T> start(String name, Callable<T> work) {
        FutureTask<T> future = new FutureTask<>(work);
        Thread thread = new Thread(future, name);
        thread.setDaemon(true);
        thread.start();
        return new Task<>(future);
    }

    boolean isDone() {
        return work.isDone();
    }

    /** Waits for the end, or for as long as {@code atMost}, and returns whether it has ended. */
    boolean endsWithin(Duration atMost) throws Exception {
        try {
            work.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException | TimeoutException e) {
            return work.isDone();
        }
    }

    /**
     * Waits for the end.
     *
     * @throws Exception what the work threw
     */
    T result(Duration deadline) throws Exception {
        try {
            return work.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("the work beside the test failed: " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("the work beside the test has not ended after " + deadline, e);
        }
    }
}
