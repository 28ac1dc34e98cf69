package io.catena.agent.schedule;

import io.catena.agent.json.Json;
import io.catena.agent.schedule.ScheduleMessages.Answer;
import io.catena.agent.schedule.ScheduleMessages.Question;
import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrNotes;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.util.List;

/** The schedules of an SR that another host has, and runs. Safe for use by many threads. */
final class RemoteSchedules implements ScheduleBook {
    private final SrSchedules here;
    private final SrNotes.Keeper keeper;

    /**
     * @param here what this host runs when it has the SR
     * @param keeper the host that has it now
     */
    RemoteSchedules(SrSchedules here, SrNotes.Keeper keeper) {
        this.here = here;
        this.keeper = keeper;
    }

    @Override
    public StorageRepository repository() {
        return here.repository();
    }

    @Override
    public List<Keeping> all() {
        return ScheduleMessages.readAnswer(keeper.look(Json.write(new Question("list", null, false))))
                .keepings();
    }

    private Answer change(String what, Schedule schedule, boolean purge) {
        return ScheduleMessages.readAnswer(keeper.change(Json.write(new Question(what, schedule, purge))));
    }

    @Override
    public Keeping put(Schedule schedule) {
        return change("put", schedule, false).keepings().stream()
                .findFirst()
                .orElseThrow(() -> new SrException(SrError.INTERNAL, "Another host answers with no schedule"));
    }

    @Override
    public List<VdiId> remove(Schedule schedule, boolean purge) {
        return change("remove", schedule, purge).purged();
    }

    @Override
    public void run(Schedule schedule) {
        Answer unused = change("run", schedule, false);
    }

    @Override
    public List<Fate<Vdi>> fates(Schedule schedule, VdiId disk, List<Vdi> all) {
        return here.fates(schedule, disk, all);
    }
}
