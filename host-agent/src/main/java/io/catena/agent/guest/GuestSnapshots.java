package io.catena.agent.guest;

import io.catena.agent.guest.GuestSnapshot.Consistency;
import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.api.AccessMode;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
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
        Map<VdiOperations, List<GuestDisk>> bySr = disksOf(guest);
        if (freeze == Freeze.NEVER) {
            return crashConsistent(guest, name, bySr, "its file systems were not to be frozen");
        }
        try {
            return frozen(guest, name, bySr, freeze);
        } catch (GuestAgentException e) {
            if (freeze == Freeze.REQUIRE) {
                throw new SrException(
                                SrError.VDI_SNAPSHOT,
                                "Guest " + guest.name() + " cannot freeze its file systems: " + e.getMessage(),
                                e)
                        .correction("Install and start qemu-guest-agent in the guest, or take a crash-consistent"
                                + " snapshot without --require-freeze.");
            }
            return crashConsistent(guest, name, bySr, "the guest cannot freeze its file systems: " + e.getMessage());
        }
    }

    private GuestSnapshot frozen(Guest guest, String name, Map<VdiOperations, List<GuestDisk>> bySr, Freeze freeze)
            throws GuestAgentException {
        long start = nanoTime.getAsLong();
        List<SnapshotResult> results;
        FreezeWatch.Frozen frozen = watch.freeze(guest.guest());
        try (frozen) {
            if (bySr.size() > 1 && frozen.filesystems() == 0) {
                throw noInstant(guest, bySr, "the guest had no file system to freeze")
                        .correction(SR_BY_SR, Remedy.of(Verb.VDI_SNAPSHOT, "VDI"));
            }
            results = cut(guest, bySr, name);
        }
        long millis = (nanoTime.getAsLong() - start + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
        int filesystems = frozen.filesystems();
        if (frozen.held() && filesystems > 0) {
            String reason =
                    "the guest held " + filesystems + (filesystems == 1 ? " file system" : " file systems") + " still";
            return new GuestSnapshot(
                    guest.name(), guest.guest(), Consistency.FILESYSTEM, reason, millis, filesystems, results);
        }
        String reason = filesystems == 0
                ? "the guest had no file system to freeze"
                : "the guest did not hold its file systems still until the end";
        if (bySr.size() > 1) {
            throw noInstant(guest, bySr, reason + "; the snapshots are " + idsOf(results))
                    .correction("Destroy these snapshots if they are of no use without each other, and try again.");
        }
        if (freeze == Freeze.REQUIRE && filesystems > 0) {
            throw new SrException(
                            SrError.VDI_SNAPSHOT,
                            "Guest " + guest.name() + ": " + reason + "; its snapshots are " + idsOf(results))
                    .correction("Destroy these snapshots if a crash-consistent state is of no use, and try again.");
        }
        return new GuestSnapshot(guest.name(), guest.guest(), Consistency.CRASH, reason, millis, filesystems, results);
    }

    private static GuestSnapshot crashConsistent(
            Guest guest, String name, Map<VdiOperations, List<GuestDisk>> bySr, String reason) {
        if (bySr.size() > 1) {
            throw noInstant(guest, bySr, reason).correction(SR_BY_SR, Remedy.of(Verb.VDI_SNAPSHOT, "VDI"));
        }
        List<SnapshotResult> results = cut(guest, bySr, name);
        long micros =
                results.stream().mapToLong(SnapshotResult::pauseMicros).max().orElse(0);
        long millis = (micros + MICROS_PER_MILLI - 1) / MICROS_PER_MILLI;
        return new GuestSnapshot(guest.name(), guest.guest(), Consistency.CRASH, reason, millis, 0, results);
    }

    /** Snapshots of several SRs are cut one after the other: without a guest that holds still they fit together by chance. */
    private static SrException noInstant(Guest guest, Map<VdiOperations, List<GuestDisk>> bySr, String reason) {
        return new SrException(
                SrError.VDI_SNAPSHOT,
                "The disks of guest " + guest.name() + " are in " + bySr.size() + " SRs, which share no instant, and "
                        + reason);
    }

    private static List<VdiId> idsOf(List<SnapshotResult> results) {
        return results.stream().map(SnapshotResult::vdi).toList();
    }

    private static List<SnapshotResult> cut(Guest guest, Map<VdiOperations, List<GuestDisk>> bySr, String name) {
        int disks = bySr.values().stream().mapToInt(List::size).sum();
        Function<GuestDisk, String> what = disk -> disks == 1 ? guest.name() : guest.name() + " " + disk.target();
        Instant now = Instant.now();
        List<SnapshotResult> results = new ArrayList<>();
        bySr.forEach((repository, of) -> results.addAll(
                name.isEmpty()
                        ? repository.snapshot(unnamed(of, what, now))
                        : repository.snapshot(of.stream().map(GuestDisk::vdi).toList(), name)));
        return results;
    }

    private static List<SnapshotSpec> unnamed(List<GuestDisk> disks, Function<GuestDisk, String> what, Instant now) {
        return disks.stream()
                .map(disk -> SnapshotSpec.unnamed(disk.vdi(), new VdiId(UUID.randomUUID()), what.apply(disk), now))
                .toList();
    }

    private Map<VdiOperations, List<GuestDisk>> disksOf(Guest guest) {
        Map<VdiOperations, List<GuestDisk>> bySr = new LinkedHashMap<>();
        for (GuestDisk disk : guest.disks()) {
            if (disk.mode() == AccessMode.READ_WRITE) {
                VdiOperations repository = disks.repositoryOf(disk.vdi())
                        .orElseThrow(() -> new SrException(
                                        SrError.VDI_UNAVAILABLE,
                                        "Guest " + guest.name() + " uses VDI " + disk.vdi() + ", which is not attached")
                                .correction("Attach it: ", Remedy.of(Verb.VDI_ATTACH, disk.vdi())));
                bySr.computeIfAbsent(repository, unused -> new ArrayList<>()).add(disk);
            }
        }
        if (bySr.isEmpty()) {
            throw new SrException(SrError.BAD_REQUEST, "Guest " + guest.name() + " has no writable disk of this agent")
                    .correction("See: ", Remedy.of(Verb.LIBVIRT_LS));
        }
        return bySr;
    }
}
