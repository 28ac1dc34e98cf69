package io.catena.sr.job;

import java.io.Closeable;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks the disk on behalf of those who look, who wait for the answer for a moment only: then they go on with what was known
 * before. A disk that hangs keeps a thread of this, not who looks.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class Looks implements Closeable {
    /** Asks at once, on the thread of who looks: for tests on simulated disks, whose calls have an order. */
    public static final Looks INLINE = new Looks(0, Duration.ZERO);

    /** How long who looks waits for the disk. */
    private static final Duration PATIENCE = Duration.ofMillis(10);

    /** How many questions may wait for disks; more are not asked. */
    private static final int QUESTIONS = 32;

    private final Duration patience;
    private final ThreadPoolExecutor threads;

    public Looks() {
        this(QUESTIONS, PATIENCE);
    }

    private Looks(int questions, Duration patience) {
        this.patience = patience;
        threads = new ThreadPoolExecutor(
                0, Math.max(1, questions), 10, TimeUnit.SECONDS, new SynchronousQueue<>(), work -> {
                    Thread thread = new Thread(work, "look");
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** Asks, all at once, and waits a moment for all; the questions go on if that was not long enough. */
    public void ask(Runnable... questions) {
        ask(List.of(questions), patience);
    }

    /** As {@link #ask(Runnable...)}, but waits longer. */
    public void ask(Runnable question, Duration atMost) {
        ask(List.of(question), atMost);
    }

    void ask(List<Runnable> questions, Duration atMost) {
        if (this == INLINE) {
            questions.forEach(Runnable::run);
            return;
        }
        CompletableFuture<Void> answer =
                CompletableFuture.allOf(questions.stream().map(this::submit).toArray(CompletableFuture[]::new));
        try {
            answer.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            // What was known before has to do.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a question to the disk failed", e.getCause());
        }
    }

    private CompletableFuture<Void> submit(Runnable question) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        try {
            threads.execute(() -> {
                try {
                    question.run();
                    answer.complete(null);
                } catch (RuntimeException | Error e) {
                    answer.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            answer.complete(null);
        }
        return answer;
    }

    /** Asks nothing more. Questions under way end when the disk answers. */
    @Override
    public void close() {
        if (this != INLINE) {
            threads.shutdown();
        }
    }
}
