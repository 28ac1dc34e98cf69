package io.catena.agent.follow;

import io.catena.agent.follow.keep.KeepingDevice;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import java.io.IOException;

/**
 * By which the disks of an SR that this host has taken get to its guests: those that had one while it was followed go on where
 * they are, with the disk itself.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class TakenDisks implements Exporter {
    private final FollowedDisks followed;
    private final LocalService service;
    private final Exporter exporter;

    /**
     * @param service that of the followed disks
     * @param exporter serves disks on this host
     */
    TakenDisks(FollowedDisks followed, LocalService service, Exporter exporter) {
        this.followed = followed;
        this.service = service;
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
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice own) throws IOException {
        return followed.alone(() -> {
            FollowedDisk disk = followed.find(vdi);
            KeepingDevice device = disk == null ? null : disk.device();
            if (disk == null) {
                return exporter.publish(vdi, mode, own);
            }
            if (device == null || device.isFailed()) {
                exporter.withdraw(vdi);
                followed.forget(vdi);
                return exporter.publish(vdi, mode, own);
            }
            return service.goOnWith(own, disk, mode, device);
        });
    }

    @Override
    public void withdraw(VdiId vdi) {
        exporter.withdraw(vdi);
        followed.forget(vdi);
    }

    @Override
    public void contentChanged(VdiId vdi) {
        exporter.contentChanged(vdi);
    }
}
