package io.catena.api;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A virtual disk to be made.
 *
 * @param sizeBytes the least size; made a multiple of what the format demands
 * @param id the identity to give it, or null for a new one
 * @param keys what is to be kept with it
 * @param raw whether to make a plain file instead of a VHD
 */
public record VdiSpec(
        long sizeBytes,
        String name,
        String description,
        @Nullable VdiId id,
        boolean raw,
        Map<String, String> keys) {
    public VdiSpec {
        keys = Map.copyOf(keys);
    }

    /** A disk without keys. */
    public VdiSpec(long sizeBytes, String name, String description, @Nullable VdiId id, boolean raw) {
        this(sizeBytes, name, description, id, raw, Map.of());
    }
}
