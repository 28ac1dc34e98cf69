package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.Timing;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a schedule would do: nothing is changed.
 *
 * @param due the next due instants
 * @param mostKept how many snapshots of a disk it keeps at most
 * @param disks what it is for now
 * @param snapshots what its rules say of the snapshots that are there
 */
record SchedulePreview(List<Instant> due, int mostKept, List<Disk> disks, List<Snapshot> snapshots) {
    /** A disk. */
    record Disk(VdiId vdi, String name, int depth) {}

    /**
     * A snapshot.
     *
     * @param why the rules by which it stays, or goes
     */
    record Snapshot(VdiId vdi, VdiId of, Instant due, boolean stays, String why) {}

    static SchedulePreview of(Schedule schedule, ScheduleBook where, Instant now, int count) {
        Timing timing = schedule.timing();
        List<Instant> due = new ArrayList<>();
        Optional<Instant> next = timing.next(now);
        while (next.isPresent() && due.size() < count) {
            due.add(next.get());
            next = timing.next(next.get());
        }
        List<Vdi> all = where.repository().vdis();
        List<Vdi> disks = Targets.of(schedule, all);
        List<Snapshot> snapshots = new ArrayList<>();
        for (Vdi disk : disks) {
            for (Fate<Vdi> fate : where.fates(schedule, disk.vdi(), all)) {
                Vdi snapshot = fate.made().snapshot();
                snapshots.add(
                        new Snapshot(snapshot.vdi(), disk.vdi(), fate.made().due(), fate.stays(), fate.why()));
            }
        }
        return new SchedulePreview(
                due,
                schedule.mostKept(timing, now),
                disks.stream()
                        .map(disk -> new Disk(disk.vdi(), disk.name(), disk.depth()))
                        .toList(),
                snapshots);
    }
}
