package io.catena.agent.mount;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Calls to file systems whose server may be away: the kernel lets such a call wait for hours, and nothing ends it. So each has a
 * thread of its own, which is left behind if need be; of these there are only so many.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class Patience {
    private final Semaphore free;
    private final Duration limit;

    /**
     * @param most how many calls there may be at a time
     * @param limit how long one is waited for
     */
    Patience(int most, Duration limit) {
        free = new Semaphore(most);
        this.limit = limit;
    }

    /**
     * Returns what {@code call} does.
     *
     * @param what it asks, for messages
     * @throws IOException if it did not answer in time, or too many wait already
     */
    <T> T call(String what, Callable<T> call) throws IOException {
        if (!free.tryAcquire()) {
            throw new IOException(
                    "Too many calls wait for file servers that do not answer; " + what + " was not asked");
        }
        FutureTask<T> task = new FutureTask<>(() -> {
            try {
                return call.call();
            } finally {
                free.release();
            }
        });
        Thread thread = new Thread(task, "patience");
        thread.setDaemon(true);
        thread.start();
        return await(what, task);
    }

    private <T> T await(String what, FutureTask<T> task) throws IOException {
        try {
            return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException(what + " does not answer for " + limit.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(what + ": " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(what + " was not waited for");
        }
    }
}
