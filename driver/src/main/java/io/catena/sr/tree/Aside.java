package io.catena.sr.tree;

import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

/** Where a change waits for the file system: without the tree lock, so that other disks can be attached and detached. */
@FunctionalInterface
public interface Aside {
    /**
     * Runs a part of a change that takes long.
     *
     * @param work touches nothing that is guarded by the tree lock
     */
    void run(Step work) throws IOException;

    /** As {@link #run}, of work that finds out something. */
    default <T> T get(Look<T> work) throws IOException {
        AtomicReference<T> found = new AtomicReference<>();
        run(() -> found.set(work.take()));
        return Objects.requireNonNull(found.get());
    }

    /** What may fail as files do. */
    @FunctionalInterface
    interface Step {
        void take() throws IOException;
    }

    /** What may fail as files do, and finds out something. */
    @FunctionalInterface
    interface Look<T> {
        T take() throws IOException;
    }
}
