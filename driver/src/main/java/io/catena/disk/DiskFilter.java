package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.VdiId;

/** Puts something between a disk and its exports. Safe for use by many threads. */
@FunctionalInterface
public interface DiskFilter {
    /** Returns what is served instead of {@code disk}; that itself, where there is nothing to do. */
    BlockDevice filter(VdiId vdi, AccessMode mode, BlockDevice disk);
}
