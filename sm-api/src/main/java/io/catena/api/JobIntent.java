package io.catena.api;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A job that is to be begun again if it does not come to its end.
 *
 * @param job its id
 * @param kind "gc" or "copy"
 * @param copy what is copied; null if it is no copy
 */
public record JobIntent(long job, String kind, @Nullable Copy copy) {
    public JobIntent {
        Objects.requireNonNull(kind, "kind");
    }

    /**
     * A copy.
     *
     * @param vdi the disk that is copied
     * @param target the SR that gets the copy
     * @param name the copy's name; empty for the disk's own
     * @param made the copy's id
     */
    public record Copy(VdiId vdi, SrId target, String name, VdiId made) {
        public Copy {
            Objects.requireNonNull(vdi, "vdi");
            Objects.requireNonNull(target, "target");
            Objects.requireNonNull(name, "name");
            Objects.requireNonNull(made, "made");
        }
    }
}
