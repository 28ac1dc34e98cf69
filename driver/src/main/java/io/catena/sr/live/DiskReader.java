package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import java.io.IOException;
import java.util.List;

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

    /**
     * Makes durable what the disk holds, also what a guest wrote before it was cut and has not flushed since: who keeps what was
     * read must find it the same after a power cut. The lowest node first.
     */
    public void settle() throws IOException {
        List<Chain.Node> nodes = disk.chain().nodes();
        for (int i = nodes.size() - 1; i >= 0; i--) {
            nodes.get(i).layer().flush();
        }
    }

    public LiveDisk disk() {
        return disk;
    }
}
