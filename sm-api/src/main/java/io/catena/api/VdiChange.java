package io.catena.api;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is to be changed of that which is told of a disk; its content has no part in it.
 *
 * @param name null to keep it
 * @param description null to keep it
 * @param set keys to be added, or to get another value; they mean nothing to Catena
 * @param remove keys to be removed; one that is not there is no error
 * @param resetOnBoot whether the disk is to lose what was written to it when it is activated for a boot; null to keep it
 */
public record VdiChange(
        @Nullable String name,
        @Nullable String description,
        Map<String, String> set,
        Set<String> remove,
        @Nullable Boolean resetOnBoot) {
    public VdiChange(@Nullable String name, @Nullable String description, Map<String, String> set, Set<String> remove) {
        this(name, description, set, remove, null);
    }

    public VdiChange {
        set = Map.copyOf(set);
        remove = Set.copyOf(remove);
    }
}
