package io.catena.agent.guest;

import io.catena.agent.guest.GuestSnapshot.Consistency;
import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.api.AccessMode;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** Takes snapshots of all disks of a guest at one instant, as consistent as the guest can make them. */
final class GuestSnapshots {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long MICROS_PER_MILLI = 1_000;
    private static final String SR_BY_SR = "Snapshot a guest that freezes its file systems, or its disks SR by SR: ";

    /** The disks of a guest that are in one SR. */
    private record Part(Sr sr, StorageRepository repository, List<GuestDisk> disks) {
        List<VdiId> vdis() {
            return disks.stream().map(GuestDisk::vdi).toList();
        }

        /**
         * Takes snapshots of them.
         *
         * @param name empty for one each
         * @param what what one is called by then, with the time
         */
        List<SnapshotResult> cut(String name, Function<GuestDisk, String> what, Instant now) {
            return name.isEmpty() ? repository.snapshot(unnamed(what, now)) : repository.snapshot(vdis(), name);
        }

        private List<SnapshotSpec> unnamed(Function<GuestDisk, String> what, Instant now) {
            return disks.stream()
                    .map(disk -> SnapshotSpec.unnamed(disk.vdi(), new VdiId(UUID.randomUUID()), what.apply(disk), now))
                    .toList();
        }
    }

    private final FreezeWatch watch;
    private final AttachedDisks disks;
    private final LongSupplier nanoTime;

    GuestSnapshots(FreezeWatch watch, AttachedDisks disks, LongSupplier nanoTime) {
        this.watch = watch;
        this.disks = disks;
        this.nanoTime = nanoTime;
    }

    /**
     * Disks that the guest can only read are left out: they are what they were.
     *
     * @param name the snapshots' name; empty for one each after the guest, its disk if it has several, and the time
     */
    GuestSnapshot take(Guest guest, String name, Freeze freeze) {
        List<Part> parts = disksOf(guest);
        if (parts.size() > 1) {
            admit(parts);
        }
        if (freeze == Freeze.NEVER) {
            return crashConsistent(guest, name, parts, "its file systems were not to be frozen");
        }
        try {
            return frozen(guest, name, parts, freeze);
        } catch (GuestAgentException e) {
            if (freeze == Freeze.REQUIRE) {
                throw new SrException(
                                SrError.VDI_SNAPSHOT,
                                "Guest " + guest.name() + " cannot freeze its file systems: " + e.getMessage(),
                                e)
                        .correction("Install and start qemu-guest-agent in the guest, or take a crash-consistent"
                                + " snapshot without --require-freeze.");
            }
            return crashConsistent(guest, name, parts, "the guest cannot freeze its file systems: " + e.getMessage());
        }
    }

    private GuestSnapshot frozen(Guest guest, String name, List<Part> parts, Freeze freeze) throws GuestAgentException {
        long start = nanoTime.getAsLong();
        TakenSnapshots taken;
        FreezeWatch.Frozen frozen = watch.freeze(guest.guest());
        try (frozen) {
            if (parts.size() > 1 && frozen.filesystems() == 0) {
                throw noInstant(guest, parts, "the guest had no file system to freeze")
                        .correction(SR_BY_SR, Remedy.of(Verb.VDI_SNAPSHOT, "VDI"));
            }
            taken = cut(guest, parts, name);
        }
        long millis = (nanoTime.getAsLong() - start + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
        int filesystems = frozen.filesystems();
        if (frozen.held() && filesystems > 0) {
            String reason =
                    "the guest held " + filesystems + (filesystems == 1 ? " file system" : " file systems") + " still";
            return new GuestSnapshot(
                    guest.name(), guest.guest(), Consistency.FILESYSTEM, reason, millis, filesystems, taken.all());
        }
        String reason = filesystems == 0
                ? "the guest had no file system to freeze"
                : "the guest did not hold its file systems still until the end";
        if (parts.size() > 1) {
            throw noInstant(guest, parts, reason + "; the snapshots are " + taken.text())
                    .correction(taken.removal("they are of no use without each other")
                            .then("."));
        }
        if (freeze == Freeze.REQUIRE && filesystems > 0) {
            throw new SrException(
                            SrError.VDI_SNAPSHOT,
                            "Guest " + guest.name() + ": " + reason + "; its snapshots are " + taken.text())
                    .correction(taken.removal("a crash-consistent state is of no use")
                            .then("."));
        }
        return new GuestSnapshot(
                guest.name(), guest.guest(), Consistency.CRASH, reason, millis, filesystems, taken.all());
    }

    private static GuestSnapshot crashConsistent(Guest guest, String name, List<Part> parts, String reason) {
        if (parts.size() > 1) {
            throw noInstant(guest, parts, reason).correction(SR_BY_SR, Remedy.of(Verb.VDI_SNAPSHOT, "VDI"));
        }
        List<SnapshotResult> results = cut(guest, parts, name).all();
        long micros =
                results.stream().mapToLong(SnapshotResult::pauseMicros).max().orElse(0);
        long millis = (micros + MICROS_PER_MILLI - 1) / MICROS_PER_MILLI;
        return new GuestSnapshot(guest.name(), guest.guest(), Consistency.CRASH, reason, millis, 0, results);
    }

    /** Snapshots of several SRs are cut one after the other: without a guest that holds still they fit together by chance. */
    private static SrException noInstant(Guest guest, List<Part> parts, String reason) {
        return new SrException(
                SrError.VDI_SNAPSHOT,
                "The disks of guest " + guest.name() + " are in " + parts.size() + " SRs, which share no instant, and "
                        + reason);
    }

    /** What an SR would refuse is refused before the first is cut, and before the guest has to hold still. */
    private static void admit(List<Part> parts) {
        parts.forEach(part -> part.repository().admit(VdiDemand.snapshot(part.vdis())));
    }

    /**
     * What was taken before a failure stays, and the failure names it: whether it is of use without the rest only its owner
     * knows.
     */
    private static TakenSnapshots cut(Guest guest, List<Part> parts, String name) {
        int disks = parts.stream().mapToInt(part -> part.disks().size()).sum();
        Function<GuestDisk, String> what = disk -> disks == 1 ? guest.name() : guest.name() + " " + disk.target();
        Instant now = Instant.now();
        TakenSnapshots taken = new TakenSnapshots();
        for (Part part : parts) {
            try {
                taken.add(part.sr(), part.cut(name, what, now));
            } catch (SrException e) {
                throw taken.isEmpty() ? e : taken.refusedBy(part.sr(), e);
            }
        }
        return taken;
    }

    private List<Part> disksOf(Guest guest) {
        Map<SrId, Part> bySr = new LinkedHashMap<>();
        for (GuestDisk disk : guest.disks()) {
            if (disk.mode() == AccessMode.READ_WRITE) {
                AttachedDisks.Place place = disks.placeOf(disk.vdi())
                        .orElseThrow(() -> new SrException(
                                        SrError.VDI_UNAVAILABLE,
                                        "Guest " + guest.name() + " uses VDI " + disk.vdi() + ", which is not attached")
                                .correction("Attach it: ", Remedy.of(Verb.VDI_ATTACH, disk.vdi())));
                bySr.computeIfAbsent(
                                place.sr().id(), unused -> new Part(place.sr(), place.repository(), new ArrayList<>()))
                        .disks()
                        .add(disk);
            }
        }
        if (bySr.isEmpty()) {
            throw new SrException(SrError.BAD_REQUEST, "Guest " + guest.name() + " has no writable disk of this agent")
                    .correction("See: ", Remedy.of(Verb.LIBVIRT_LS));
        }
        return List.copyOf(bySr.values());
    }
}
