package io.catena.api;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How much an SR may promise. What is there when a limit is set stays; only new promises are refused.
 *
 * @param oversubscriptionPercent how much all disks that can be written may have together, in percent of the file system's
 *     size; 0 for no limit
 * @param minFreeBytes how much must be free for anything new
 * @param snapshotsPerVdi how many snapshots a disk may have; 0 for no limit
 * @param owners what those have at most whom disks name under the key {@link #OWNER}
 */
public record SrLimits(int oversubscriptionPercent, long minFreeBytes, int snapshotsPerVdi, Map<String, Quota> owners) {
    /** The key of a disk that says whose it is; snapshots and clones have it from their disk. */
    public static final String OWNER = "owner";

    public static final SrLimits NONE = new SrLimits(0, 0, 0, Map.of());

    /** A file that was written without {@code owners} has none. */
    public SrLimits {
        owners = owners == null ? Map.of() : Map.copyOf(owners);
    }

    /**
     * What an owner has at most; 0 for no limit.
     *
     * @param virtualBytes sizes of the disks that can be written, together
     */
    public record Quota(long virtualBytes, int vdis, int snapshots) {
        public static final Quota NONE = new Quota(0, 0, 0);
    }

    /**
     * What is to be changed.
     *
     * @param oversubscriptionPercent null to keep it
     * @param minFreeBytes null to keep it
     * @param snapshotsPerVdi null to keep it
     * @param owners quotas to be set; {@link Quota#NONE} ends one
     */
    public record Change(
            @Nullable Integer oversubscriptionPercent,
            @Nullable Long minFreeBytes,
            @Nullable Integer snapshotsPerVdi,
            Map<String, Quota> owners) {
        public static final Change NOTHING = new Change(null, null, null, Map.of());

        public Change {
            owners = Map.copyOf(owners);
        }
    }

    /**
     * Returns this with a change.
     *
     * @throws SrException with {@link SrError#BAD_REQUEST} if a limit is negative
     */
    public SrLimits with(Change change) {
        Map<String, Quota> changed = new TreeMap<>(owners);
        changed.putAll(change.owners());
        changed.values().removeIf(Quota.NONE::equals);
        SrLimits limits = new SrLimits(
                change.oversubscriptionPercent() == null ? oversubscriptionPercent : change.oversubscriptionPercent(),
                change.minFreeBytes() == null ? minFreeBytes : change.minFreeBytes(),
                change.snapshotsPerVdi() == null ? snapshotsPerVdi : change.snapshotsPerVdi(),
                changed);
        limits.check();
        return limits;
    }

    private void check() {
        boolean negative = oversubscriptionPercent < 0 || minFreeBytes < 0 || snapshotsPerVdi < 0;
        for (Quota quota : owners.values()) {
            negative |= quota.virtualBytes() < 0 || quota.vdis() < 0 || quota.snapshots() < 0;
        }
        if (negative) {
            throw new SrException(SrError.BAD_REQUEST, "A limit is negative: " + this)
                    .correction("Give 0 for no limit.");
        }
    }
}
