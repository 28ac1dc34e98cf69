package io.catena.agent.host;

import io.catena.api.SrError;
import io.catena.api.SrException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Operations on an SR whose server may go away: the kernel then lets a call wait for hours, and nothing ends it. So each operation
 * has a thread of its own, which is left behind when the server is known to be away. It goes on when the server is back.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class RemoteCalls {
    private static final Duration LOOK = Duration.ofMillis(250);

    /** Operations that are left behind; a server that comes and goes must not use up all threads. */
    private static final int MOST = 64;

    private final String sr;
    private final Supplier<Optional<String>> away;
    private final Semaphore free = new Semaphore(MOST);

    /**
     * @param sr what it is called
     * @param away why calls wait now, for nobody knows how long; waits for nothing itself
     */
    RemoteCalls(String sr, Supplier<Optional<String>> away) {
        this.sr = sr;
        this.away = away;
    }

    /** A thread of an operation; what that calls it does itself. */
    private static final class Caller extends Thread {
        Caller(Runnable work) {
            super(work, "operation");
            setDaemon(true);
        }
    }

    /**
     * Returns what an operation does.
     *
     * @throws SrException of the operation; {@link SrError#TRY_AGAIN} if the server is away, and says whether it was begun
     */
    <T> T call(Supplier<T> operation) {
        if (Thread.currentThread() instanceof Caller) {
            return operation.get();
        }
        refuseIfAway();
        if (!free.tryAcquire()) {
            throw new SrException(SrError.TRY_AGAIN, MOST + " operations on SR " + sr + " are under way already")
                    .correction("Try again when some of them have ended.");
        }
        FutureTask<T> task = new FutureTask<>(() -> {
            try {
                return operation.get();
            } finally {
                free.release();
            }
        });
        new Caller(task).start();
        return await(task);
    }

    /**
     * Makes sure that operations can be begun.
     *
     * @throws SrException {@link SrError#TRY_AGAIN} if the server is away
     */
    void refuseIfAway() {
        away.get().ifPresent(reason -> {
            throw new SrException(
                            SrError.TRY_AGAIN, "SR " + sr + " cannot be changed now: " + reason + ". Nothing was done")
                    .correction("Try again when it can be reached.");
        });
    }

    private <T> T await(FutureTask<T> task) {
        while (true) {
            try {
                return task.get(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                away.get().ifPresent(reason -> {
                    throw leftBehind(reason, e);
                });
            } catch (ExecutionException e) {
                throw failure(Objects.requireNonNull(e.getCause()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw leftBehind("the agent ends", e);
            }
        }
    }

    private SrException leftBehind(String reason, Exception cause) {
        return new SrException(
                        SrError.TRY_AGAIN,
                        "SR " + sr + " cannot be reached any more: " + reason
                                + ". What was asked for is under way, and goes on when it can be reached",
                        cause)
                .correction("When it can be reached, look what was done before you ask again.");
    }

    /** With the stack of who failed, which says more than that of who waits. */
    private static RuntimeException failure(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException exception
                ? exception
                : new IllegalStateException("no operation throws this", cause);
    }
}
