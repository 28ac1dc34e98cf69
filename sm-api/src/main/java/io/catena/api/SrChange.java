package io.catena.api;

import org.jspecify.annotations.Nullable;

/**
 * What is to be changed of that which is told of an SR.
 *
 * @param name null to keep it
 * @param description null to keep it
 * @param chainLimit number of nodes that a chain may have; null to keep it
 * @param chainWarning number of nodes from which on a chain is warned of; null to keep it
 * @param limits what it may promise
 */
public record SrChange(
        @Nullable String name,
        @Nullable String description,
        @Nullable Integer chainLimit,
        @Nullable Integer chainWarning,
        SrLimits.Change limits) {
    /** A change of no limits. */
    public SrChange(
            @Nullable String name,
            @Nullable String description,
            @Nullable Integer chainLimit,
            @Nullable Integer chainWarning) {
        this(name, description, chainLimit, chainWarning, SrLimits.Change.NOTHING);
    }
}
