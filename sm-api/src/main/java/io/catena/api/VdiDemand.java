package io.catena.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that would make disks or let one grow, to be asked for without being done: see {@link StorageRepository#admit}.
 *
 * @param spec the new disk; null unless it is a creation
 * @param vdis of what snapshots are taken; else the one disk that is cloned or grows
 * @param sizeBytes of the clone (0 for that of its source), or that the disk grows to; else 0
 */
public record VdiDemand(Kind kind, @Nullable VdiSpec spec, List<VdiId> vdis, long sizeBytes) {
    public VdiDemand {
        vdis = List.copyOf(vdis);
    }

    /** What would be done. */
    public enum Kind {
        CREATE,
        SNAPSHOT,
        CLONE,
        RESIZE
    }

    public static VdiDemand create(VdiSpec spec) {
        return new VdiDemand(Kind.CREATE, spec, List.of(), 0);
    }

    /** Snapshots at one instant. */
    public static VdiDemand snapshot(List<VdiId> vdis) {
        return new VdiDemand(Kind.SNAPSHOT, null, vdis, 0);
    }

    public static VdiDemand clone(VdiId vdi, long sizeBytes) {
        return new VdiDemand(Kind.CLONE, null, List.of(vdi), sizeBytes);
    }

    public static VdiDemand resize(VdiId vdi, long sizeBytes) {
        return new VdiDemand(Kind.RESIZE, null, List.of(vdi), sizeBytes);
    }
}
