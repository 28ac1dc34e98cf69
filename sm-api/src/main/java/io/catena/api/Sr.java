package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * A storage repository.
 *
 * @param path the directory that holds it, absolute
 * @param attached whether this agent serves it now
 * @param problem why it, or a disk of it, does not serve as it did before the agent was started again
 */
public record Sr(
        SrId id,
        String name,
        String path,
        boolean attached,
        @Nullable String problem) {
    /** An SR without a problem. */
    public Sr(SrId id, String name, String path, boolean attached) {
        this(id, name, path, attached, null);
    }
}
