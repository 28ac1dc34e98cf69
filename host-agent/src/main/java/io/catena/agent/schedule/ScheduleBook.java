package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.List;

/** The schedules of an attached SR, whether this host runs them or another. Safe for use by many threads. */
interface ScheduleBook {
    /** Returns the SR. */
    StorageRepository repository();

    /** Returns the schedules, sorted by name. */
    List<Keeping> all();

    /** Makes or changes a schedule; what is under way ends as it began. */
    Keeping put(Schedule schedule);

    /** Forgets a schedule; its snapshots stay, unless they are to go, too. Returns those that went. */
    List<VdiId> remove(Schedule schedule, boolean purge);

    /** Has a schedule begin within a second or so; what comes of it is seen in its runs. */
    void run(Schedule schedule);

    /** Returns what becomes of the snapshots of a disk. */
    List<Fate<Vdi>> fates(Schedule schedule, VdiId disk, List<Vdi> all);
}
