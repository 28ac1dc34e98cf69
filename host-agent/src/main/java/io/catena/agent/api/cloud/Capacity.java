package io.catena.agent.api.cloud;

import io.catena.api.GcSettings;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import org.jspecify.annotations.Nullable;

/**
 * What schedulers of clouds ask before they place a disk.
 *
 * @param reserveBytes what merging leaves free on the file system
 * @param provisionedBytes sum of the virtual sizes of all disks
 * @param overcommitRatio how many times the file system's size was promised
 * @param largestVdiBytes the largest disk that the format can have
 * @param admissible whether a disk of the size that was asked for would be made now; thin disks need no room for their size
 * @param reason why not
 */
record Capacity(
        SrId sr,
        long totalBytes,
        long freeBytes,
        long reserveBytes,
        long physicalBytes,
        long provisionedBytes,
        double overcommitRatio,
        long largestVdiBytes,
        boolean admissible,
        @Nullable String reason) {
    /** The format's table of blocks ends there: 2040 GiB. */
    static final long LARGEST_VDI_BYTES = 2040L << 30;

    /**
     * @param wantedBytes the size of a disk to be made; 0 if none is
     * @param refusal why it would be refused; null if it would not
     */
    static Capacity of(SrId sr, SrStat stat, GcSettings gc, long wantedBytes, @Nullable String refusal) {
        String ownReason = reason(stat, gc, wantedBytes);
        String reason = ownReason == null ? refusal : ownReason;
        double ratio = stat.capacityBytes() == 0 ? 0 : (double) stat.virtualBytes() / stat.capacityBytes();
        return new Capacity(
                sr,
                stat.capacityBytes(),
                stat.freeBytes(),
                gc.reserveBytes(),
                stat.physicalBytes(),
                stat.virtualBytes(),
                Math.round(ratio * 1000) / 1000.0,
                LARGEST_VDI_BYTES,
                reason == null,
                reason);
    }

    private static @Nullable String reason(SrStat stat, GcSettings gc, long wantedBytes) {
        if (wantedBytes > LARGEST_VDI_BYTES) {
            return "A disk has at most " + LARGEST_VDI_BYTES + " bytes, asked for are " + wantedBytes;
        }
        if (stat.freeBytes() <= gc.reserveBytes()) {
            return "Only " + stat.freeBytes() + " bytes are free, and " + gc.reserveBytes() + " are left for merging";
        }
        return null;
    }
}
