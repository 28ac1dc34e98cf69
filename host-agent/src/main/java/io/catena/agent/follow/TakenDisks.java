package io.catena.agent.follow;

import io.catena.agent.follow.keep.KeepingDevice;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.disk.ForwardingExporter;
import java.io.IOException;

/**
 * By which the disks of an SR that this host has taken get to its guests: those that had one while it was followed go on where
 * they are, with the disk itself.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class TakenDisks extends ForwardingExporter {
    private final FollowedDisks followed;
    private final LocalService service;

    /**
     * @param service that of the followed disks
     * @param exporter serves disks on this host
     */
    TakenDisks(FollowedDisks followed, LocalService service, Exporter exporter) {
        super(exporter);
        this.followed = followed;
        this.service = service;
    }

    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice own) throws IOException {
        return followed.alone(() -> {
            FollowedDisk disk = followed.find(vdi);
            KeepingDevice device = disk == null ? null : disk.device();
            if (disk != null && device != null && !device.isFailed()) {
                return service.goOnWith(own, disk, mode, device);
            }
            if (disk != null) {
                withdraw(vdi);
            }
            return super.publish(vdi, mode, own);
        });
    }

    @Override
    public void withdraw(VdiId vdi) {
        super.withdraw(vdi);
        followed.forget(vdi);
    }
}
