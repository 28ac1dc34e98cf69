package io.catena.agent.guest;

import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiAccess;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The running guests of this host and their disks: attach, detach, snapshot; and what keeps guests alive when agent or
 * hypervisor end and come back.
 *
 * <p><b>Errors.</b> As {@link Hypervisor} and {@link StorageRepository}. <b>Threads.</b> Safe for use by many threads. Who
 * uses which disk is decided under {@link #changes}; nobody waits for a guest with it held.
 */
public final class Guests implements Hypervisor.Listener, Closeable {
    private static final Logger LOG = Logger.getLogger(Guests.class.getName());
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** How often to look for ourselves whether a disk is gone: its event is lost when the connection breaks. */
    private static final Duration LOOK = Duration.ofSeconds(2);

    private static final Pattern TARGET = Pattern.compile("vd[a-z]{1,2}");

    private final Hypervisor hypervisor;
    private final AttachedDisks disks;
    private final FreezeWatch watch;
    private final GuestSnapshots snapshots;
    private final StillGuests still;
    private final GuestResumer resumer;
    private final ScheduledThreadPoolExecutor timer;
    private final LongSupplier nanoTime;
    private final Unplugs unplugs = new Unplugs();
    private final ReentrantLock changes = new ReentrantLock(true);

    /**
     * @param directory for what must survive the process, but not the host; made if it is absent
     */
    public Guests(StorageHost host, Hypervisor hypervisor, Path directory, LongSupplier nanoTime) throws IOException {
        this(host, hypervisor, directory, nanoTime, FreezeWatch.Limits.DEFAULT, GuestResumer.Pace.DEFAULT);
    }

    Guests(
            StorageHost host,
            Hypervisor hypervisor,
            Path directory,
            LongSupplier nanoTime,
            FreezeWatch.Limits limits,
            GuestResumer.Pace pace)
            throws IOException {
        this.hypervisor = hypervisor;
        this.nanoTime = nanoTime;
        disks = new AttachedDisks(host);
        timer = new ScheduledThreadPoolExecutor(2, Guests::daemon);
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        watch = new FreezeWatch(hypervisor, new FreezeMarks(directory), timer, limits);
        snapshots = new GuestSnapshots(watch, disks, nanoTime);
        still = new StillGuests(hypervisor, watch);
        resumer = new GuestResumer(hypervisor, timer, nanoTime, pace);
    }

    /** Begins to look after the guests; the exports must be served already. Returns at once. */
    public void start() {
        hypervisor.start(this);
    }

    /** Returns the running guests, sorted by name. */
    public List<Guest> list() {
        return hypervisor.guests();
    }

    /** Returns the description of a disk for a guest's definition; attaches nothing. */
    public String describe(VdiId vdi, @Nullable String target, AccessMode mode) {
        return hypervisor.describe(new GuestDisk(vdi, target(target, Set.of()), mode));
    }

    /**
     * Attaches a disk and gives it to a running guest. Does nothing if the guest has it in this mode.
     *
     * <ol>
     *   <li>The guest's notes get the disk: a later detach, or the next agent, then ends what was interrupted.
     *   <li>The disk is attached, and remembered as such by the host.
     *   <li>The guest gets it.
     * </ol>
     *
     * @param target what the hypervisor is to call it, or null for the first free name
     * @throws SrException {@link SrError#VDI_IN_USE} if another guest has it, and one of the two may write
     */
    public GuestDisk attach(
            String guestName, VdiAccess repository, VdiId vdi, @Nullable String target, AccessMode mode) {
        hold();
        try {
            Guest guest = hypervisor.guest(guestName);
            Optional<GuestDisk> present = guest.disk(vdi);
            if (present.isPresent()) {
                return unchanged(guest, present.get(), mode);
            }
            refuseSecondWriter(guest, vdi, mode);
            GuestDisk disk = new GuestDisk(vdi, target(target, guest.targets()), mode);
            boolean wasAttached = disks.mode(vdi).isPresent();
            note(guest, vdi);
            try {
                repository.attach(vdi, mode);
                hypervisor.plug(guest.guest(), disk);
            } catch (SrException e) {
                undo(guest, repository, vdi, wasAttached, e);
                throw e;
            }
            LOG.info(LogLine.of("guest-disk-attached", "guest", guest.name(), "vdi", vdi, "target", disk.target()));
            return disk;
        } finally {
            changes.unlock();
        }
    }

    /**
     * Takes a disk from a running guest and detaches it, unless another guest has it. Does nothing if that is done.
     *
     * <ol>
     *   <li>The guest gives it up.
     *   <li>The disk is detached, after all its writes are on disk.
     *   <li>The guest's notes lose it.
     * </ol>
     *
     * @param deadline how long the guest may take
     * @throws SrException {@link SrError#VDI_IN_USE} if the guest keeps it; it stays attached then
     */
    public void detach(String guestName, VdiAccess repository, VdiId vdi, Duration deadline) {
        Guest guest = hypervisor.guest(guestName);
        Optional<GuestDisk> disk = guest.disk(vdi);
        if (disk.isPresent()) {
            unplug(guest, disk.get(), deadline);
        }
        hold();
        try {
            if (users(vdi).isEmpty()) {
                repository.detach(vdi, Hold.HOST);
            }
            forget(guest.guest(), vdi);
            LOG.info(LogLine.of("guest-disk-detached", "guest", guest.name(), "vdi", vdi));
        } finally {
            changes.unlock();
        }
    }

    /** Takes snapshots of all disks of a guest that it may write, at one instant. */
    public GuestSnapshot snapshot(String guestName, String name, Freeze freeze) {
        GuestSnapshot taken = snapshots.take(hypervisor.guest(guestName), name, freeze);
        LOG.info(LogLine.of(
                "guest-snapshot",
                "guest",
                taken.name(),
                "consistency",
                taken.consistency(),
                "pause-ms",
                taken.pauseMillis(),
                "reason",
                taken.reason()));
        return taken;
    }

    /**
     * Does something, a snapshot, while the guests that use some disks hold their file systems still.
     *
     * @throws SrException {@link SrError#VDI_SNAPSHOT} if that is required, and a guest cannot; nothing was done then
     */
    public <T> Still<T> still(Set<VdiId> vdis, Freeze freeze, Supplier<T> work) {
        return still.doing(vdis, freeze, work);
    }

    /** Finds the guests again: thaws what was left frozen, ends what was interrupted, resumes who waits for us. */
    @Override
    public void connected() {
        watch.recover();
        for (Guest guest : hypervisor.guests()) {
            if (!guest.disks().isEmpty() || !guest.noted().isEmpty()) {
                LOG.info(LogLine.of(
                        "guest-found",
                        "name",
                        guest.name(),
                        "disks",
                        guest.disks().size()));
                restore(guest);
                tidy(guest.guest());
            }
            if (!guest.disks().isEmpty() && guest.state() == Guest.State.PAUSED_BY_IO_ERROR) {
                resumer.paused(guest.guest());
            }
        }
    }

    @Override
    public void pausedByIoError(UUID id) {
        Guest guest = hypervisor.guest(id);
        if (!guest.disks().isEmpty()) {
            LOG.warning(LogLine.of("guest-paused-by-io-error", "name", guest.name()));
            resumer.paused(id);
        }
    }

    @Override
    public void unplugEnded(UUID guest, VdiId vdi) {
        unplugs.end(guest, vdi);
    }

    @Override
    public void close() throws IOException {
        timer.shutdown();
        hypervisor.close();
    }

    private static GuestDisk unchanged(Guest guest, GuestDisk disk, AccessMode mode) {
        if (disk.mode() == mode) {
            return disk;
        }
        throw new SrException(
                        SrError.VDI_IN_USE,
                        "Guest " + guest.name() + " has VDI " + disk.vdi() + " as " + disk.target() + " "
                                + disk.mode().symbol() + ", asked for was " + mode.symbol())
                .correction("Detach it first: ", Remedy.of(Verb.LIBVIRT_DETACH, disk.vdi(), guest.name()));
    }

    private void refuseSecondWriter(Guest guest, VdiId vdi, AccessMode mode) {
        for (Guest other : users(vdi)) {
            AccessMode theirs = other.disk(vdi).map(GuestDisk::mode).orElse(mode);
            if (mode == AccessMode.READ_WRITE || theirs == AccessMode.READ_WRITE) {
                throw new SrException(
                                SrError.VDI_IN_USE,
                                "Guest " + other.name() + " has VDI " + vdi + " " + theirs.symbol() + "; guest "
                                        + guest.name() + " cannot have it " + mode.symbol())
                        .correction(
                                "Detach it there first, or give this guest a clone: ", Remedy.of(Verb.VDI_CLONE, vdi));
            }
        }
    }

    /** Returns which guests have a disk, and as what, as sentences. That a hypervisor cannot be asked is one, too. */
    public List<String> with(VdiId vdi) {
        if (!hypervisor.isThere()) {
            return List.of();
        }
        try {
            return users(vdi).stream()
                    .flatMap(guest -> guest.disk(vdi).stream().map(disk -> has(guest, disk)))
                    .toList();
        } catch (SrException e) {
            LOG.log(Level.FINE, "a hypervisor that cannot be asked", e);
            return List.of("Whether a guest has it is not known: " + e.detail() + ".");
        }
    }

    private static String has(Guest guest, GuestDisk disk) {
        return "Guest " + guest.name() + " has it as " + disk.target() + " "
                + disk.mode().symbol() + "; its requests fail from then on.";
    }

    private List<Guest> users(VdiId vdi) {
        return hypervisor.guests().stream()
                .filter(guest -> guest.disk(vdi).isPresent())
                .toList();
    }

    private void undo(Guest guest, VdiAccess repository, VdiId vdi, boolean wasAttached, SrException reason) {
        try {
            if (!wasAttached && users(vdi).isEmpty()) {
                repository.detach(vdi, Hold.HOST);
            }
            forget(guest.guest(), vdi);
        } catch (SrException e) {
            reason.addSuppressed(e);
        }
    }

    private void unplug(Guest guest, GuestDisk disk, Duration deadline) {
        long end = nanoTime.getAsLong() + deadline.toNanos();
        unplugs.begin(guest.guest(), disk.vdi());
        hypervisor.unplug(guest.guest(), disk);
        while (true) {
            Duration left = Duration.ofNanos(end - nanoTime.getAsLong());
            boolean ended = awaitUnplug(guest, disk, left.compareTo(LOOK) < 0 ? left : LOOK);
            if (hypervisor.guest(guest.guest()).disk(disk.vdi()).isEmpty()) {
                return;
            }
            if (ended || left.compareTo(LOOK) <= 0) {
                throw kept(
                        guest,
                        disk,
                        ended ? "refused to give up" : "did not give up within " + deadline.toSeconds() + " s");
            }
        }
    }

    private boolean awaitUnplug(Guest guest, GuestDisk disk, Duration atMost) {
        try {
            return unplugs.await(guest.guest(), disk.vdi(), atMost);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SrException(
                    SrError.TRY_AGAIN, "The agent ends; guest " + guest.name() + " may keep " + disk.target(), e);
        }
    }

    private static SrException kept(Guest guest, GuestDisk disk, String what) {
        return new SrException(
                        SrError.VDI_IN_USE,
                        "Guest " + guest.name() + " " + what + " VDI " + disk.vdi() + " (" + disk.target()
                                + "); it stays attached")
                .correction("Unmount it in the guest, and see that the guest runs; then detach it again.");
    }

    private void note(Guest guest, VdiId vdi) {
        Set<VdiId> noted = new TreeSet<>(guest.noted());
        if (noted.add(vdi)) {
            hypervisor.note(guest.guest(), noted);
        }
    }

    private void forget(UUID id, VdiId vdi) {
        Set<VdiId> noted = new TreeSet<>(hypervisor.guest(id).noted());
        if (noted.remove(vdi)) {
            hypervisor.note(id, noted);
        }
    }

    private void restore(Guest guest) {
        for (GuestDisk disk : guest.disks()) {
            try {
                disks.restore(disk);
            } catch (SrException e) {
                LOG.log(Level.SEVERE, LogLine.of("guest-disk-not-served", "guest", guest.name(), "vdi", disk.vdi()), e);
            }
        }
    }

    /** Ends what an interrupted attach or detach left: disks that are noted, but no guest has. */
    private void tidy(UUID id) {
        hold();
        try {
            Guest guest = hypervisor.guest(id);
            Set<VdiId> left = new HashSet<>(guest.noted());
            guest.disks().forEach(disk -> left.remove(disk.vdi()));
            for (VdiId vdi : left) {
                Optional<StorageRepository> repository = disks.repositoryOf(vdi);
                if (repository.isEmpty() || !users(vdi).isEmpty()) {
                    // Another agent's, perhaps.
                    continue;
                }
                repository.get().detach(vdi, Hold.HOST);
                forget(id, vdi);
                LOG.info(LogLine.of("guest-disk-detached", "guest", guest.name(), "vdi", vdi, "reason", "interrupted"));
            }
        } catch (SrException e) {
            LOG.log(Level.WARNING, LogLine.of("guest-tidy-failed", "guest", id), e);
        } finally {
            changes.unlock();
        }
    }

    /** Returns a target that is wanted, or the first free one. */
    private static String target(@Nullable String wanted, Set<String> taken) {
        if (wanted == null) {
            return firstFree(taken);
        }
        if (!TARGET.matcher(wanted).matches()) {
            throw new SrException(SrError.BAD_REQUEST, "The target is \"" + wanted + "\", expected a name like vdb");
        }
        if (taken.contains(wanted)) {
            throw new SrException(SrError.BAD_REQUEST, "The guest has a disk " + wanted + " already")
                    .correction("Leave out the target, and a free one is chosen.");
        }
        return wanted;
    }

    private static String firstFree(Set<String> taken) {
        // The first is left to the disk that the guest boots from, whatever it is.
        for (char letter = 'b'; letter <= 'z'; letter++) {
            if (!taken.contains("vd" + letter)) {
                return "vd" + letter;
            }
        }
        throw new SrException(SrError.BAD_REQUEST, "The guest has disks vdb to vdz")
                .correction("Give the target, for instance vdaa.");
    }

    private void hold() {
        try {
            if (changes.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new SrException(SrError.TRY_AGAIN, "Another disk is being attached or detached")
                .correction("Try again when that has ended.");
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "guests");
        thread.setDaemon(true);
        return thread;
    }
}
