package io.catena.api;

/**
 * What would come back if several disks and snapshots were deleted: together, which may be more or less than the sum of each
 * alone.
 *
 * @param atOnceBytes what comes back with the deletions
 * @param laterBytes what collections give back at least after that, if they may merge; as {@link DeletionGain#laterBytes}
 */
public record JointGain(long atOnceBytes, long laterBytes) {
    public static final JointGain NONE = new JointGain(0, 0);
}
