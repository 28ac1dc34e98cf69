package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiOperations;
import io.catena.log.LogLine;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Deletes the snapshots that schedules do not want any more. */
final class Pruning {
    private static final Logger LOG = Logger.getLogger(Pruning.class.getName());

    private final VdiOperations repository;
    private final Clock clock;

    Pruning(VdiOperations repository, Clock clock) {
        this.repository = repository;
        this.clock = clock;
    }

    /** Deletes what the retention does not want; returns what was deleted. */
    List<VdiId> prune(Schedule schedule, List<VdiId> disks, boolean mayAge) {
        List<VdiId> removed = new ArrayList<>();
        List<Vdi> all = repository.vdis();
        for (VdiId disk : disks) {
            for (Fate<Vdi> fate : fates(schedule, disk, all, mayAge)) {
                if (!fate.stays()) {
                    destroy(schedule, fate.made().snapshot().vdi(), removed);
                }
            }
        }
        return removed;
    }

    /** Returns what becomes of the snapshots of a disk. */
    List<Fate<Vdi>> fates(Schedule schedule, VdiId disk, List<Vdi> all, boolean mayAge) {
        return schedule.retention()
                .decide(OwnSnapshots.of(schedule, disk, all), schedule.zone(), clock.instant(), mayAge);
    }

    /** One that somebody uses stays, and is tried again after the next run. */
    void destroy(Schedule schedule, VdiId snapshot, List<VdiId> removed) {
        try {
            repository.destroy(snapshot);
            removed.add(snapshot);
        } catch (SrException e) {
            Level level = e.error() == SrError.VDI_IN_USE ? Level.INFO : Level.WARNING;
            LOG.log(level, LogLine.of("snapshot-kept", "schedule", schedule.id(), "vdi", snapshot), e);
        }
    }
}
