package io.catena.disk;

import io.catena.api.VdiId;

/** The meters of all disks. Safe for use by many threads. */
@FunctionalInterface
public interface RequestMeters {
    /** Nobody counts. */
    RequestMeters NONE = vdi -> RequestMeter.NONE;

    /** Returns what hears of the requests of a disk; asked once each time that the disk comes to be served. */
    RequestMeter of(VdiId vdi);
}
