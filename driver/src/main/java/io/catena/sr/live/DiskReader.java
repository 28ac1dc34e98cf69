package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.LiveDisk;

/** A disk that is read inside this process; compared by identity, for one disk may have several. */
public final class DiskReader {
    private final VdiId vdi;
    private final LiveDisk disk;

    DiskReader(VdiId vdi, LiveDisk disk) {
        this.vdi = vdi;
        this.disk = disk;
    }

    VdiId vdi() {
        return vdi;
    }

    public LiveDisk disk() {
        return disk;
    }
}
