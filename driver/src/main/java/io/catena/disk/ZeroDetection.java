package io.catena.disk;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import java.io.IOException;

/** Publishes disks by another exporter, such that writes of zeros take no room. */
public final class ZeroDetection implements Exporter {
    private final Exporter exporter;

    public ZeroDetection(Exporter exporter) {
        this.exporter = exporter;
    }

    @Override
    public Export announce(VdiId vdi, AccessMode mode) {
        return exporter.announce(vdi, mode);
    }

    @Override
    public void conceal(VdiId vdi) {
        exporter.conceal(vdi);
    }

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) throws IOException {
        return exporter.publish(vdi, mode, new ZeroDetectingDisk(device));
    }

    @Override
    public void withdraw(VdiId vdi) {
        exporter.withdraw(vdi);
    }
}
