package io.catena.api;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A virtual disk as users see it.
 *
 * @param file its node's file, relative to the SR's directory; its ending tells the format. Empty without data
 * @param name what its owner calls it; empty if nothing
 * @param virtualSizeBytes the size a guest sees
 * @param physicalBytes what its own node takes on the file system, without its ancestors
 * @param parent the id of the node it builds on
 * @param depth number of nodes in its chain; 1 for a disk without parent
 * @param readOnly whether it can only be attached read-only, as a snapshot; whoever uses it now does not change that
 * @param snapshotOf the VDI that it is a snapshot of
 * @param keys what front ends and controllers keep with it; they mean nothing to Catena
 * @param resetOnBoot whether it loses its own data when it is activated for a boot
 * @param created when it was made, as far as is known
 * @param holds who has it attached
 * @param export where it is served, or will be once it is active; null if it is detached
 */
public record Vdi(
        VdiId vdi,
        String name,
        String description,
        SrId sr,
        String file,
        long virtualSizeBytes,
        long physicalBytes,
        @Nullable VdiId parent,
        int depth,
        boolean readOnly,
        @Nullable VdiId snapshotOf,
        Map<String, String> keys,
        boolean resetOnBoot,
        @Nullable Instant created,
        State state,
        List<Hold> holds,
        @Nullable Export export,
        @Nullable String problem) {
    public Vdi {
        keys = Map.copyOf(keys);
        holds = List.copyOf(holds);
    }

    /** Returns this reached in another way. */
    public Vdi with(@Nullable Export otherExport) {
        return new Vdi(
                vdi,
                name,
                description,
                sr,
                file,
                virtualSizeBytes,
                physicalBytes,
                parent,
                depth,
                readOnly,
                snapshotOf,
                keys,
                resetOnBoot,
                created,
                state,
                holds,
                otherExport,
                problem);
    }

    /** What is being done with it. */
    public enum State {
        DETACHED,
        /** Reserved, and its place is known, but nobody can read or write it. */
        ATTACHED,
        /** Open for I/O. */
        ACTIVE,
        /** Its chain has a fault, told by {@link #problem}; other VDIs are not affected. */
        BROKEN,
        /** A snapshot whose data was given up: it only tells what changed since, see {@link StorageRepository#destroyData}. */
        WITHOUT_DATA
    }
}
