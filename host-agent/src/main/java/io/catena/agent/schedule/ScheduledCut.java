package io.catena.agent.schedule;

import io.catena.agent.guest.GuestSnapshot.Consistency;
import io.catena.agent.guest.GuestSnapshot.Freeze;
import io.catena.agent.guest.Guests;
import io.catena.agent.guest.Still;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState.Attempt;
import io.catena.agent.schedule.policy.ScheduleState.Cut;
import io.catena.api.SnapshotSpec;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** Takes the snapshots of an attempt. */
final class ScheduledCut {
    private static final int MOST_NAME = 200;
    private static final String DUE = "{due}";

    private final VdiOperations repository;
    private final Guests guests;

    ScheduledCut(VdiOperations repository, Guests guests) {
        this.repository = repository;
        this.guests = guests;
    }

    /** Returns the snapshots that are to be taken of disks as they stand. */
    static List<Cut> plan(Schedule schedule, Attempt attempt, List<Vdi> disks) {
        return disks.stream()
                .map(disk -> new Cut(
                        disk.vdi(), OwnSnapshots.idOf(schedule, attempt.due(), disk.vdi()), disk.physicalBytes()))
                .toList();
    }

    /** Returns how consistent they are. All are cut at one instant, or none; or one. */
    String take(Schedule schedule, Attempt attempt, List<Cut> cuts) {
        List<SnapshotSpec> specs =
                cuts.stream().map(cut -> spec(schedule, attempt, cut)).toList();
        Set<VdiId> disks = cuts.stream().map(Cut::of).collect(Collectors.toSet());
        boolean active = disks.stream().anyMatch(disk -> isOpen(repository.vdi(disk)));
        if (!active) {
            repository.snapshot(specs);
            return "clean: no guest had a disk open";
        }
        Freeze freeze = Freeze.valueOf(schedule.quiesce().name());
        Still<?> still = guests.still(disks, freeze, () -> repository.snapshot(specs));
        String consistency = still.consistency() == Consistency.FILESYSTEM
                ? "file systems"
                : still.consistency().name().toLowerCase(Locale.ROOT);
        return consistency + ": " + still.reason();
    }

    private static boolean isOpen(Vdi vdi) {
        return vdi.holds().stream().anyMatch(hold -> hold.active() != null);
    }

    /** Where the names tell the time, that of another schedule at the same time must not have the same one. */
    private SnapshotSpec spec(Schedule schedule, Attempt attempt, Cut cut) {
        String disk = repository.vdi(cut.of()).name();
        boolean distinct = schedule.snapshotName().contains(DUE);
        String name = schedule.snapshotName()
                .replace("{disk}", disk.isEmpty() ? cut.of().toString() : disk)
                .replace("{schedule}", schedule.name())
                .replace(DUE, attempt.due().toString());
        String shortName = name.length() > MOST_NAME ? name.substring(0, MOST_NAME) : name;
        return new SnapshotSpec(
                cut.of(), cut.snapshot(), shortName, OwnSnapshots.keys(schedule, attempt.due()), distinct);
    }
}
