package io.catena.sr.job;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Something that only the disk can tell, as it was told last. It is asked for at each look, by one at a time.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 *
 * @param <T> what is told; never changed afterwards
 */
public final class Told<T> {
    private final Looks looks;
    private final Question<T> question;
    private final ReentrantLock asking = new ReentrantLock();
    private volatile T last;
    private volatile @Nullable Exception failure;

    /** Asks the disk. */
    @FunctionalInterface
    public interface Question<T> {
        T ask() throws IOException;
    }

    /**
     * @param unknown what stands for the answer until there is one
     */
    public Told(Looks looks, T unknown, Question<T> question) {
        this.looks = looks;
        this.question = question;
        this.last = unknown;
    }

    /**
     * Returns the answer, or, if the disk takes too long, the one before.
     *
     * @throws IOException if the last answer was an error
     */
    public T now() throws IOException {
        looks.ask(question());
        return last();
    }

    /** As {@link #now()}, for who would rather wait longer. */
    public T now(Duration atMost) throws IOException {
        looks.ask(question(), atMost);
        return last();
    }

    /** Asks the disk, for who asks for several things at once, see {@link Looks#ask}, and then for {@link #last()}. */
    public Runnable question() {
        return this::askUnlessAsked;
    }

    /**
     * Returns the answer before, without asking.
     *
     * @throws IOException if it was an error
     */
    public T last() throws IOException {
        Exception failed = failure;
        if (failed instanceof RuntimeException e) {
            throw e;
        }
        if (failed != null) {
            throw new IOException(failed.getMessage(), failed);
        }
        return last;
    }

    private void askUnlessAsked() {
        if (!asking.tryLock()) {
            return;
        }
        try {
            last = question.ask();
            failure = null;
        } catch (IOException | RuntimeException e) {
            failure = e;
        } finally {
            asking.unlock();
        }
    }
}
