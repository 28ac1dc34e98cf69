package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.follow.keep.KeepingDevice;
import io.catena.agent.follow.keep.KeptShare;
import io.catena.agent.follow.keep.ServedDisk;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.log.LogLine;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Serves followed disks to the guests of this host, each by a {@link KeepingDevice} that goes on wherever the disk is served next.
 *
 * <p><b>Threads.</b> For one thread at a time, but for {@link #suspectLoss} and {@link #areAllServed}, which anybody may call and
 * which wait for nobody.
 */
final class LocalService {
    private static final Logger LOG = Logger.getLogger(LocalService.class.getName());

    private final HolderDisks remote;
    private final Exporter exporter;
    private final KeptShare memory;
    private final Runnable onLoss;
    private final List<KeepingDevice> devices = new CopyOnWriteArrayList<>();

    /**
     * @param exporter serves disks on this host
     * @param memory what all followed disks share
     * @param onLoss told that a disk is served no more; must not wait
     */
    LocalService(HolderDisks remote, Exporter exporter, KeptShare memory, Runnable onLoss) {
        this.remote = remote;
        this.exporter = exporter;
        this.memory = memory;
        this.onLoss = onLoss;
    }

    /**
     * Begins to serve a disk that this host may use, if it is not served yet.
     *
     * @param port where the host that has the SR serves disks
     * @param ahead may have connected to that host already
     */
    Export begin(FollowedDisk disk, int port, @Nullable Approach ahead) throws IOException {
        KeepingDevice device = disk.device();
        return publish(disk, disk.mode(), device == null ? open(disk, port, ahead) : device);
    }

    /** The host can be lost already while it is made ready: {@link #suspectLoss} must know of the device before. */
    private KeepingDevice open(FollowedDisk disk, int port, @Nullable Approach ahead) throws IOException {
        Seen holder = remote.holder();
        ServedDisk first = remote.connect(disk, holder, port, ahead);
        boolean readOnly = disk.mode() == AccessMode.READ_ONLY;
        KeepingDevice device = new KeepingDevice(first.sizeBytes(), readOnly, memory::bytes, onLoss);
        memory.joined();
        disk.device(device);
        devices.add(device);
        device.move(() -> first);
        disk.servedBy(holder.incarnation());
        return device;
    }

    private Export publish(FollowedDisk disk, AccessMode mode, KeepingDevice device) throws IOException {
        if (disk.isPublished()) {
            return exporter.announce(disk.vdi(), mode);
        }
        Export export = exporter.publish(disk.vdi(), mode, device);
        disk.published(true);
        return export;
    }

    /** The guests that have a disk go on with the disk itself, after what is kept was made again there. */
    Export goOnWith(BlockDevice own, FollowedDisk disk, AccessMode mode, KeepingDevice device) throws IOException {
        device.move(() -> own);
        return publish(disk, mode, device);
    }

    /**
     * Ends the service of a disk.
     *
     * <ol>
     *   <li>No more requests; those received are answered.
     *   <li>The kept changes are flushed.
     * </ol>
     *
     * @throws SrException if requests wait for the host that has the SR
     */
    void end(FollowedDisk disk) throws IOException {
        KeepingDevice device = disk.device();
        if (device != null && !device.isFailed() && !device.isServed()) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "VDI " + disk.vdi() + " has requests that wait for host "
                                    + remote.holder().name() + ", which has the SR and does not answer")
                    .correction("Try again when the SR has a host: this one takes it over when the other is dead.");
        }
        if (disk.isPublished()) {
            exporter.withdraw(disk.vdi());
            disk.published(false);
        }
        if (device != null) {
            if (!device.isFailed()) {
                device.flushHere();
            }
            device.fail("the disk is not active");
            forget(disk);
        }
    }

    /** A disk is not served by its device any more. */
    void forget(FollowedDisk disk) {
        KeepingDevice device = disk.device();
        disk.device(null);
        if (device != null && devices.remove(device)) {
            memory.left();
        }
    }

    /**
     * Connects a disk again if it is not served by the host that has the SR. If that has given it to somebody else, its requests
     * fail.
     */
    void reconnect(FollowedDisk disk, Seen holder, Pool.Claims claims) {
        KeepingDevice device = disk.device();
        if (device == null || device.isFailed()) {
            return;
        }
        if (!remote.isOurs(disk, claims.held())) {
            LOG.severe(LogLine.of("follower-disk-lost", "vdi", disk.vdi(), "holder", holder.name()));
            device.fail(
                    "host " + holder.name() + ", which has the SR, has taken VDI " + disk.vdi() + " from this host");
        } else if (!disk.isServedBy(holder.incarnation())) {
            try {
                connect(disk, device, holder, claims.nbdPort());
                LOG.info(LogLine.of("follower-disk-goes-on", "vdi", disk.vdi(), "holder", holder.name()));
            } catch (IOException | SrException e) {
                LOG.log(
                        Level.WARNING,
                        LogLine.of("follower-disk-waits", "vdi", disk.vdi(), "cause", String.valueOf(e.getMessage())));
            }
        }
    }

    private void connect(FollowedDisk disk, KeepingDevice device, Seen holder, int port) throws IOException {
        device.move(() -> remote.connect(disk, holder, port, null));
        disk.servedBy(holder.incarnation());
    }

    /** A disk that is served may have another size: learn of it. */
    void learnSize(FollowedDisk disk) throws IOException {
        KeepingDevice device = disk.device();
        if (device != null && device.isServed()) {
            connect(disk, device, remote.holder(), remote.claims().nbdPort());
        }
    }

    /** The host that has the SR does not answer: the requests wait. */
    void suspectLoss() {
        devices.forEach(KeepingDevice::suspectLoss);
    }

    boolean areAllServed() {
        return devices.stream().allMatch(device -> device.isServed() || device.isFailed());
    }

    /** A disk is not this host's any more: its requests fail. */
    void fail(@Nullable FollowedDisk disk, String reason) {
        KeepingDevice device = disk == null ? null : disk.device();
        if (disk != null && device != null) {
            LOG.severe(LogLine.of("follower-disk-lost", "vdi", disk.vdi(), "cause", reason));
            device.fail(reason);
        }
    }

    /** As {@link #end}, but requests that wait for a host are not answered: their clients ask again when they are let in again. */
    void close(FollowedDisk disk) {
        KeepingDevice device = disk.device();
        if (device == null || !device.isServed()) {
            return;
        }
        try {
            exporter.withdraw(disk.vdi());
            device.flushHere();
            device.fail("the SR was closed");
        } catch (IOException | SrException e) {
            LOG.log(Level.WARNING, LogLine.of("follower-disk-not-closed", "vdi", disk.vdi()), e);
        }
    }
}
