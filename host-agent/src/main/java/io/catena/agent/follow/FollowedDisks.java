package io.catena.agent.follow;

import io.catena.agent.cluster.HolderWatch.Seen;
import io.catena.agent.follow.keep.KeepingDevice;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.disk.Exporter;
import io.catena.log.LogLine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The disks of a followed SR that holders of this host have attached: which these are, and what holders do with them. {@link
 * HolderDisks} takes them from the host that has the SR, {@link LocalService} serves them.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Changes run one after another, under {@link #changes}.
 */
final class FollowedDisks {
    private static final Logger LOG = Logger.getLogger(FollowedDisks.class.getName());

    private final HolderDisks remote;
    private final LocalService service;
    private final Exporter exporter;
    private final ReentrantLock changes = new ReentrantLock(true);

    /** Guarded by {@link #changes}. */
    private final Map<VdiId, FollowedDisk> disks = new TreeMap<>();

    /** Whether this host has taken the SR. Guarded by {@link #changes}. */
    private boolean taken;

    /** Replaced whole after each change: for looks, which wait for nobody. */
    private volatile List<Hold> holds = List.of();

    /**
     * @param service used with {@link #changes} held
     * @param exporter tells where disks will be served on this host
     */
    FollowedDisks(HolderDisks remote, LocalService service, Exporter exporter) {
        this.remote = remote;
        this.service = service;
        this.exporter = exporter;
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
            holds = holds(disks.values());
            changes.unlock();
        }
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

    /** This host has the SR: from now on nothing is attached here. Alone. */
    void taken() {
        taken = true;
    }

    /** Returns a disk that holders of this host have; else null. Alone. */
    @Nullable
    FollowedDisk find(VdiId vdi) {
        return disks.get(vdi);
    }

    /** No holder of this host has a disk by the host that has the SR. */
    void forget(VdiId vdi) {
        changes.lock();
        try {
            FollowedDisk disk = disks.remove(vdi);
            if (disk != null) {
                service.forget(disk);
            }
        } finally {
            changes.unlock();
        }
    }

    private FollowedDisk disk(VdiId vdi) {
        return disks.computeIfAbsent(vdi, FollowedDisk::new);
    }

    Export announce(VdiId vdi, AccessMode mode) {
        return exporter.announce(vdi, mode);
    }

    Export attach(VdiId vdi, String holder, AccessMode mode) {
        return change(() -> {
            remote.attach(vdi, holder, mode);
            FollowedDisk disk = disk(vdi);
            if (disk.get(holder).isEmpty()) {
                disk.put(new Hold(vdi, holder, mode, null), null);
            }
            return announce(vdi, mode);
        });
    }

    /** Lets a holder have a disk again that it had before the agent was started anew. */
    void restore(VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active) {
        change(() -> {
            Export export = attach(vdi, holder, mode);
            return active == null ? export : activate(vdi, holder, active);
        });
    }

    /**
     * Activates a disk.
     *
     * <ol>
     *   <li>The host that has the SR gives it to us, and to nobody else, and remembers that. Meanwhile connect to that host.
     *   <li>Open the disk there.
     *   <li>Serve it here.
     * </ol>
     */
    Export activate(VdiId vdi, String holder, AccessMode mode) {
        return change(() -> {
            FollowedDisk known = find(vdi);
            if (known != null && isServed(known, holder, mode)) {
                return announce(vdi, mode);
            }
            if (known != null && hasFailed(known)) {
                end(known, holder);
            }
            try (Approach ahead = remote.approach()) {
                Pool.Claims claims = remote.activate(vdi, holder, mode);
                return serve(disk(vdi), holder, mode, claims, ahead);
            }
        });
    }

    private static boolean isServed(FollowedDisk disk, String holder, AccessMode mode) {
        return disk.device() != null
                && !hasFailed(disk)
                && disk.get(holder).filter(own -> own.hold().active() == mode).isPresent();
    }

    /** What failed has ended for good: what was not flushed must not get to a disk that is activated anew. */
    private static boolean hasFailed(FollowedDisk disk) {
        KeepingDevice device = disk.device();
        return device != null && device.isFailed();
    }

    private Export serve(
            FollowedDisk disk, String holder, AccessMode mode, Pool.Claims claims, @Nullable Approach ahead)
            throws IOException {
        VdiId vdi = disk.vdi();
        try {
            String ticket = remote.ticket(claims, vdi, holder);
            if (disk.hasGivenUp(holder, ticket)) {
                throw new SrException(SrError.TRY_AGAIN, "VDI " + vdi + " was still being deactivated")
                        .correction("Try again.");
            }
            disk.put(new Hold(vdi, holder, attachedMode(disk, holder, mode), mode), ticket);
            return service.begin(disk, claims.nbdPort(), ahead);
        } catch (IOException | RuntimeException e) {
            takeBack(disk, holder, e);
            throw e;
        }
    }

    private static AccessMode attachedMode(FollowedDisk disk, String holder, AccessMode mode) {
        return disk.get(holder).map(own -> own.hold().mode()).orElse(mode);
    }

    /** So that it is not held by nobody. */
    private void takeBack(FollowedDisk disk, String holder, Exception reason) {
        try {
            end(disk, holder);
            remote.deactivate(disk.vdi(), holder, disk.giveUp(holder));
        } catch (IOException | SrException e) {
            reason.addSuppressed(e);
        }
        String unused = disk.giveUp(holder);
    }

    /**
     * Ends the I/O of a holder.
     *
     * <ol>
     *   <li>If he is the last, the service ends: what was answered is durable then, and nothing is left to be written.
     *   <li>His ticket is never used again, whatever becomes of the request: the host that has the SR relies on that, and does not
     *       write down at once that it is good no more.
     *   <li>The host that has the SR may give the disk to others.
     * </ol>
     */
    void deactivate(VdiId vdi, String holder) {
        change(() -> {
            FollowedDisk disk = find(vdi);
            end(disk, holder);
            remote.deactivate(vdi, holder, disk == null ? null : disk.giveUp(holder));
            return vdi;
        });
    }

    void detach(VdiId vdi, String holder) {
        change(() -> {
            FollowedDisk disk = find(vdi);
            end(disk, holder);
            if (disk != null) {
                String unused = disk.giveUp(holder);
            }
            remote.detach(vdi, holder);
            if (disk != null) {
                left(disk, holder);
            }
            return vdi;
        });
    }

    private void left(FollowedDisk disk, String holder) {
        disk.remove(holder);
        if (!disk.isAttached()) {
            exporter.conceal(disk.vdi());
            forget(disk.vdi());
        }
    }

    /** Others may have it active still. */
    private void end(@Nullable FollowedDisk disk, String holder) throws IOException {
        if (disk != null && disk.isActive(holder) && disk.activeHolders() == 1) {
            service.end(disk);
        }
    }

    /**
     * Connects again what is not served by the host that has the SR, and gives back what that host believes to be ours and is not: it
     * may have been noted ahead, or an answer was lost.
     */
    void reconnect() throws IOException {
        alone(() -> {
            Seen holder = remote.holder();
            Pool.Claims claims = remote.claims();
            disks.values().forEach(disk -> service.reconnect(disk, holder, claims));
            remote.tooMuch(holds(disks.values()), claims).forEach(this::giveBack);
            return holder;
        });
    }

    private void giveBack(Pool.Claimed claimed) {
        try {
            remote.deactivate(claimed.vdi(), claimed.holder(), claimed.ticket());
            LOG.info(LogLine.of("follower-claim-given-back", "vdi", claimed.vdi()));
        } catch (SrException e) {
            LOG.log(
                    Level.WARNING,
                    LogLine.of("follower-claim-stays", "vdi", claimed.vdi(), "cause", String.valueOf(e.getMessage())));
        }
    }

    /** Whether the host that has the SR believes that something is ours which is not, as it seems. */
    boolean areTooMany(Pool.Claims claims) {
        return !remote.tooMuch(holds, claims).isEmpty();
    }

    private static List<Hold> holds(Collection<FollowedDisk> disks) {
        return disks.stream()
                .flatMap(disk -> disk.owns().stream())
                .map(FollowedDisk.Own::hold)
                .toList();
    }

    /** A disk has another size: learn of it. */
    void resized(VdiId vdi) {
        change(() -> {
            FollowedDisk disk = find(vdi);
            if (disk != null) {
                service.learnSize(disk);
            }
            return vdi;
        });
    }

    /**
     * Returns what holders of this host have that the note of the SR confirms; to be called by who has taken the SR. What it does
     * not confirm was taken from us before, and fails. Alone.
     */
    List<Hold> confirmed(List<Held> claims) {
        List<Hold> all = new ArrayList<>();
        for (FollowedDisk disk : disks.values()) {
            if (remote.isOurs(disk, claims)) {
                disk.owns().forEach(own -> all.add(own.hold()));
            } else {
                service.fail(disk, "another host had taken VDI " + disk.vdi() + " from this one");
            }
        }
        return all;
    }

    /** A disk cannot be opened by this host, which has taken the SR. Alone. */
    void failed(VdiId vdi, String reason) {
        service.fail(find(vdi), reason);
    }

    /** Ends the service on this host; what is attached stays with the host that has the SR, for when this agent comes back. */
    void close() {
        changes.lock();
        try {
            disks.values().forEach(service::close);
        } finally {
            changes.unlock();
        }
    }
}
