package io.catena.harness.cluster;

import java.util.Set;

/**
 * How a simulated cluster is made, and what is left out of it on purpose.
 *
 * @param fence what keeps a former owner's late writes from the data
 * @param left what is left out; something must go wrong then, else the simulation is blind
 */
public record ClusterPlan(Fence fence, StoreKind store, Set<Omission> left) {
    /** What keeps a former owner's late writes from the data. */
    public enum Fence {
        /** The lock on the description that is written through, as NFS 4 keeps it. */
        LOCK,
        /** The new owner goes on with a copy. */
        COPY
    }

    /** Where the records are. */
    public enum StoreKind {
        /** In files on the shared file system. */
        FILES,
        /** In a service that executes each request when it arrives, over the same network. */
        SERVICE
    }

    /** Something that is left out. */
    public enum Omission {
        /** Late writes are not refused. */
        DATA_FENCE,
        /** Names are changed in place. */
        NAME_FENCE,
        /** The session is asked before a request is done, but not before it is answered. */
        CHECK_BEFORE_ANSWER,
        /** The session is not asked at all. */
        SELF_FENCING,
        /** A renewal does not look whether something was taken. */
        LOOK_AT_RENEWAL,
        /** A claim does not look for a renewal that was under way. */
        LOOK_AFTER_CLAIM,
        /** A claim takes it for a proof that the other host's note is not there. */
        WAIT_WITHOUT_NOTE,
        /** A host counts as dead before it has stopped answering. */
        PATIENCE
    }

    /** Everything as it should be. */
    public static ClusterPlan sound(Fence fence, StoreKind store) {
        return new ClusterPlan(fence, store, Set.of());
    }

    /** Returns this without something. */
    public ClusterPlan without(Omission omission) {
        return new ClusterPlan(fence, store, Set.of(omission));
    }

    boolean leaves(Omission omission) {
        return left.contains(omission);
    }
}
