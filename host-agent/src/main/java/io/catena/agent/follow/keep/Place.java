package io.catena.agent.follow.keep;

import io.catena.disk.BlockDevice;

/** One time at which a disk is served somewhere; only equal to itself. */
final class Place {
    private final BlockDevice disk;

    Place(BlockDevice disk) {
        this.disk = disk;
    }

    BlockDevice disk() {
        return disk;
    }

    /** Whether another host serves it. */
    boolean isElsewhere() {
        return disk instanceof ServedDisk;
    }

    void close() {
        if (disk instanceof ServedDisk served) {
            served.close();
        }
    }
}
