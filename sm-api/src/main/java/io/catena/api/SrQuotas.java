package io.catena.api;

import java.util.Map;

/**
 * What an SR may promise, and what it has promised.
 *
 * @param virtualBytes sizes of the disks that can be written, together, those that are being imported included
 * @param owners what those have who own disks or have a quota; the empty name is for disks of nobody
 */
public record SrQuotas(
        SrLimits limits, long capacityBytes, long freeBytes, long virtualBytes, Map<String, Usage> owners) {
    public SrQuotas {
        owners = Map.copyOf(owners);
    }

    /**
     * What an owner has.
     *
     * @param virtualBytes sizes of the disks that can be written, together
     */
    public record Usage(long virtualBytes, int vdis, int snapshots) {}
}
