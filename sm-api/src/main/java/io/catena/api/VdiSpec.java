package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * A virtual disk to be made.
 *
 * @param sizeBytes the least size; made a multiple of what the format demands
 * @param id the identity to give it, or null for a new one
 * @param raw whether to make a plain file instead of a VHD
 */
public record VdiSpec(
        long sizeBytes,
        String name,
        String description,
        @Nullable VdiId id,
        boolean raw) {}
