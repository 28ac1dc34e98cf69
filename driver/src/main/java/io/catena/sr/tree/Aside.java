package io.catena.sr.tree;

import java.io.IOException;

/** Where a change waits for the file system: without the tree lock, so that other disks can be attached and detached. */
@FunctionalInterface
public interface Aside {
    /**
     * Runs a part of a change that takes long.
     *
     * @param work touches nothing that is guarded by the tree lock
     */
    void run(Step work) throws IOException;

    /** What may fail as files do. */
    @FunctionalInterface
    interface Step {
        void take() throws IOException;
    }
}
