package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.log.LogLine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The disks of a followed SR that holders of this host have attached: served here, and forwarded to the host that has the SR.
 * When this host takes the SR over, it is the exporter by which its disks get to the guests that have them: they go on where they
 * are, with the disk itself.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Changes run one after another, under {@link #changes}.
 */
final class FollowedDisks implements Exporter {
    private static final Logger LOG = Logger.getLogger(FollowedDisks.class.getName());
    private static final Duration CONNECTING = Duration.ofSeconds(5);

    private final HolderCalls calls;
    private final HolderWatch watch;
    private final SSLContext tls;
    private final Exporter exporter;
    private final KeptShare memory;
    private final Runnable onLoss;
    private final String self;
    private final ReentrantLock changes = new ReentrantLock(true);

    /** Guarded by {@link #changes}. */
    private final Map<VdiId, FollowedDisk> disks = new TreeMap<>();

    /** Whether this host has taken the SR. Guarded by {@link #changes}. */
    private boolean taken;

    /** Replaced whole after each change: for looks, which wait for nobody. As are {@link #devices}. */
    private volatile List<Hold> holds = List.of();

    private volatile List<KeepingDevice> devices = List.of();

    /**
     * @param self what this host is called among the hosts
     * @param exporter serves disks on this host
     * @param onLoss told that a disk is served no more; must not wait
     */
    FollowedDisks(
            HolderCalls calls,
            HolderWatch watch,
            SSLContext tls,
            String self,
            Exporter exporter,
            KeptShare memory,
            Runnable onLoss) {
        this.calls = calls;
        this.watch = watch;
        this.tls = tls;
        this.self = self;
        this.exporter = exporter;
        this.memory = memory;
        this.onLoss = onLoss;
    }

    List<Hold> holds() {
        return holds;
    }

    /** Runs something while nothing is attached or detached. */
    <T> T alone(Alone<T> work) throws IOException {
        changes.lock();
        try {
            return work.run();
        } finally {
            holds = disks.values().stream()
                    .flatMap(disk -> disk.owns().stream())
                    .map(FollowedDisk.Own::hold)
                    .toList();
            note();
            changes.unlock();
        }
    }

    private void note() {
        devices = disks.values().stream()
                .map(FollowedDisk::device)
                .filter(Objects::nonNull)
                .toList();
    }

    /** What is done alone. */
    interface Alone<T> {
        T run() throws IOException;
    }

    private <T> T change(Alone<T> work) {
        try {
            return alone(() -> {
                checkFollowed();
                return work.run();
            });
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, String.valueOf(e.getMessage()), e)
                    .correction("Try again in some seconds.");
        }
    }

    private void checkFollowed() {
        if (taken) {
            throw new SrException(SrError.TRY_AGAIN, "This host has just taken the SR over").correction("Try again.");
        }
    }

    /** This host has the SR: from now on this is only the exporter of its disks. Alone. */
    void taken() {
        taken = true;
    }

    private FollowedDisk disk(VdiId vdi) {
        return disks.computeIfAbsent(vdi, FollowedDisk::new);
    }

    private static Arguments taking(VdiId vdi, String holder) {
        return Arguments.of("vdi", vdi).and("holder", holder);
    }

    Export attach(VdiId vdi, String holder, AccessMode mode) {
        return change(() -> {
            calls.take("attach", taking(vdi, holder).and("mode", mode));
            FollowedDisk disk = disk(vdi);
            if (disk.get(holder).isEmpty()) {
                disk.put(new Hold(vdi, holder, mode, null), null);
            }
            return exporter.announce(vdi, mode);
        });
    }

    /**
     * Activates a disk.
     *
     * <ol>
     *   <li>The host that has the SR gives it to us, and to nobody else, and remembers that.
     *   <li>Connect to it.
     *   <li>Serve it here.
     * </ol>
     */
    Export activate(VdiId vdi, String holder, AccessMode mode) {
        return change(() -> {
            calls.take("activate", taking(vdi, holder).and("mode", mode));
            FollowedDisk disk = disk(vdi);
            try {
                disk.put(new Hold(vdi, holder, attachedMode(disk, holder, mode), mode), ticket(vdi, holder));
                return serve(disk);
            } catch (IOException | RuntimeException e) {
                takeBack(disk, holder, e);
                throw e;
            }
        });
    }

    private static AccessMode attachedMode(FollowedDisk disk, String holder, AccessMode mode) {
        return disk.get(holder).map(own -> own.hold().mode()).orElse(mode);
    }

    private String ticket(VdiId vdi, String holder) throws IOException {
        return calls.claims().held().stream()
                .filter(held -> held.vdi().equals(vdi) && held.holder().equals(Hold.ofFollower(self, holder)))
                .map(Held::ticket)
                .findFirst()
                .orElseThrow(() -> new IOException("the host that has the SR gave no ticket for VDI " + vdi));
    }

    private Export serve(FollowedDisk disk) throws IOException {
        AccessMode mode = disk.mode();
        KeepingDevice device = disk.device();
        if (device == null) {
            Seen holder = calls.holder();
            BlockDevice first = connect(disk, holder);
            device = new KeepingDevice(first.sizeBytes(), mode == AccessMode.READ_ONLY, memory::bytes, onLoss);
            memory.joined();
            disk.device(device);
            note();
            device.move(() -> first);
            disk.servedBy(holder.incarnation());
        }
        if (!disk.isPublished()) {
            Export export = exporter.publish(disk.vdi(), mode, device);
            disk.published(true);
            return export;
        }
        return exporter.announce(disk.vdi(), mode);
    }

    private BlockDevice connect(FollowedDisk disk, Seen holder) throws IOException {
        String ticket = disk.owns().stream()
                .map(FollowedDisk.Own::ticket)
                .filter(own -> own != null)
                .findFirst()
                .orElseThrow(() -> new IOException("VDI " + disk.vdi() + " is not active"));
        String host = PeerClient.address(holder.url());
        int port = calls.claims().nbdPort();
        if (port == 0) {
            throw new SrException(
                            SrError.UNIMPLEMENTED,
                            "Host " + holder.name() + ", which has the SR, serves no disks over TLS")
                    .correction("Start its agent with --nbd-listen and --nbd-tls-certificate.");
        }
        RemoteDisk remote =
                RemoteDisk.connect(new InetSocketAddress(host, port), tls, disk.vdi() + "@" + ticket, CONNECTING);
        return new HolderDisk(remote, () -> watch.isStillOf(holder));
    }

    /** So that it is not held by nobody. */
    private void takeBack(FollowedDisk disk, String holder, Exception reason) {
        try {
            end(disk, holder);
            calls.take("deactivate", taking(disk.vdi(), holder));
        } catch (IOException | SrException e) {
            reason.addSuppressed(e);
        }
        disk.get(holder).ifPresent(own -> disk.put(own.hold().activated(null), null));
    }

    /**
     * Ends the I/O of a holder.
     *
     * <ol>
     *   <li>If he is the last: no more requests, those received are answered.
     *   <li>The kept changes are flushed.
     *   <li>The host that has the SR may give the disk to others.
     * </ol>
     */
    void deactivate(VdiId vdi, String holder) {
        change(() -> {
            FollowedDisk disk = disks.get(vdi);
            if (disk != null) {
                end(disk, holder);
            }
            calls.take("deactivate", taking(vdi, holder));
            if (disk != null) {
                disk.get(holder).ifPresent(own -> disk.put(own.hold().activated(null), null));
            }
            return vdi;
        });
    }

    void detach(VdiId vdi, String holder) {
        change(() -> {
            FollowedDisk disk = disks.get(vdi);
            if (disk != null) {
                end(disk, holder);
            }
            calls.take("detach", taking(vdi, holder));
            if (disk != null) {
                forget(disk, holder);
            }
            return vdi;
        });
    }

    private void forget(FollowedDisk disk, String holder) {
        disk.remove(holder);
        if (!disk.isAttached()) {
            exporter.conceal(disk.vdi());
            disks.remove(disk.vdi());
        }
    }

    private void end(FollowedDisk disk, String holder) throws IOException {
        boolean isActive =
                disk.get(holder).filter(own -> own.hold().active() != null).isPresent();
        if (!isActive || disk.activeHolders() > 1) {
            return;
        }
        KeepingDevice device = disk.device();
        if (device != null && !device.isFailed() && !device.isServed()) {
            throw new SrException(
                            SrError.TRY_AGAIN,
                            "VDI " + disk.vdi() + " has requests that wait for host "
                                    + calls.holder().name() + ", which has the SR and does not answer")
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
            disk.device(null);
            memory.left();
        }
    }

    /** Connects again what is not served by the host that has the SR; alone. */
    void reconnect() throws IOException {
        alone(() -> {
            Seen holder = calls.holder();
            List<Held> claims = calls.claims().held();
            for (FollowedDisk disk : disks.values()) {
                KeepingDevice device = disk.device();
                if (device != null && !device.isFailed()) {
                    reconnect(disk, device, holder, claims);
                }
            }
            return self;
        });
    }

    private void reconnect(FollowedDisk disk, KeepingDevice device, Seen holder, List<Held> claims) {
        if (!isOurs(disk, claims)) {
            LOG.severe(LogLine.of("follower-disk-lost", "vdi", disk.vdi(), "holder", holder.name()));
            device.fail(
                    "host " + holder.name() + ", which has the SR, has taken VDI " + disk.vdi() + " from this host");
        } else if (!disk.isServedBy(holder.incarnation())) {
            try {
                device.move(() -> connect(disk, holder));
                disk.servedBy(holder.incarnation());
                LOG.info(LogLine.of("follower-disk-goes-on", "vdi", disk.vdi(), "holder", holder.name()));
            } catch (IOException | SrException e) {
                LOG.log(
                        Level.WARNING,
                        LogLine.of("follower-disk-waits", "vdi", disk.vdi(), "cause", String.valueOf(e.getMessage())));
            }
        }
    }

    /** With the ticket that we were given: else it was taken from us meanwhile, and others may have written. */
    private boolean isOurs(FollowedDisk disk, List<Held> claims) {
        return disk.owns().stream()
                .filter(own -> own.hold().active() != null)
                .allMatch(own -> claims.stream().anyMatch(held -> isSame(own, held)));
    }

    private boolean isSame(FollowedDisk.Own own, Held held) {
        return held.vdi().equals(own.hold().vdi())
                && held.holder().equals(Hold.ofFollower(self, own.hold().holder()))
                && held.ticket() != null
                && held.ticket().equals(own.ticket());
    }

    /** The host that has the SR does not answer: the requests wait. Does not wait for who attaches or detaches. */
    void suspectLoss() {
        devices.forEach(KeepingDevice::suspectLoss);
    }

    /** As {@link #suspectLoss}, waits for nobody. */
    boolean areAllServed() {
        return devices.stream().allMatch(device -> device.isServed() || device.isFailed());
    }

    /** A disk has another size: learn of it. */
    void resized(VdiId vdi) {
        change(() -> {
            FollowedDisk disk = disks.get(vdi);
            KeepingDevice device = disk == null ? null : disk.device();
            if (disk != null && device != null && device.isServed()) {
                Seen holder = calls.holder();
                device.move(() -> connect(disk, holder));
                disk.servedBy(holder.incarnation());
            }
            return vdi;
        });
    }

    /**
     * Returns what holders of this host have that the note of the SR confirms; to be called by who has taken the SR. What it does
     * not confirm was taken from us before, and fails.
     */
    List<Hold> confirmed(List<Held> claims) {
        List<Hold> all = new ArrayList<>();
        for (FollowedDisk disk : disks.values()) {
            if (isOurs(disk, claims)) {
                disk.owns().forEach(own -> all.add(own.hold()));
            } else {
                failed(disk.vdi(), "another host had taken VDI " + disk.vdi() + " from this one");
            }
        }
        return all;
    }

    void failed(VdiId vdi, String reason) {
        KeepingDevice device =
                Optional.ofNullable(disks.get(vdi)).map(FollowedDisk::device).orElse(null);
        if (device != null) {
            LOG.severe(LogLine.of("follower-disk-lost", "vdi", vdi, "cause", reason));
            device.fail(reason);
        }
    }

    /**
     * Ends the service on this host; what is attached stays with the host that has the SR, for when this agent comes back.
     * Requests that wait for a host are not answered: their clients ask again when they are let in again.
     */
    void close() {
        changes.lock();
        try {
            disks.values().forEach(this::close);
        } finally {
            changes.unlock();
        }
    }

    private void close(FollowedDisk disk) {
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

    @Override
    public Export announce(VdiId vdi, AccessMode mode) {
        return exporter.announce(vdi, mode);
    }

    @Override
    public void conceal(VdiId vdi) {
        exporter.conceal(vdi);
    }

    /** The guests that have it go on with the disk itself, after what they had from the host that is gone was repeated. */
    @Override
    public Export publish(VdiId vdi, AccessMode mode, BlockDevice disk) throws IOException {
        return alone(() -> {
            FollowedDisk followed = disks.get(vdi);
            KeepingDevice device = followed == null ? null : followed.device();
            if (followed == null || device == null || device.isFailed()) {
                dropFailed(followed);
                return exporter.publish(vdi, mode, disk);
            }
            device.move(() -> disk);
            if (followed.isPublished()) {
                return exporter.announce(vdi, mode);
            }
            Export export = exporter.publish(vdi, mode, device);
            followed.published(true);
            return export;
        });
    }

    private void dropFailed(@Nullable FollowedDisk followed) {
        if (followed != null) {
            exporter.withdraw(followed.vdi());
            disks.remove(followed.vdi());
            memory.left();
        }
    }

    @Override
    public void withdraw(VdiId vdi) {
        exporter.withdraw(vdi);
        changes.lock();
        try {
            FollowedDisk followed = disks.remove(vdi);
            if (followed != null && followed.device() != null) {
                memory.left();
            }
        } finally {
            changes.unlock();
        }
    }
}
