package io.catena.op;

import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Set;

/** A change of the tree that can be run again from its start after it was interrupted anywhere. */
public sealed interface Operation permits Snapshot, Relink, Absorb, Compose, Replace, Remove, Rewrite {
    /** Takes all steps that are not taken yet. */
    void apply(Storage storage) throws IOException;

    /** Returns the names of the disks' files that it changes, renames, replaces or deletes. */
    Set<String> files();

    /** Returns the names of the disks' files that are other files, or gone, when all steps are taken. */
    default List<String> replaced() {
        return List.of();
    }

    /** Whether it is sure that no step was taken yet. */
    default boolean hasNotBegun(Storage storage) {
        return false;
    }

    /**
     * Makes sure that all names are those of files that such an operation may touch.
     *
     * @throws IllegalArgumentException if one is not
     */
    void checkNames();
}
