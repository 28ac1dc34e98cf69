package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Retention;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.SrId;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** A schedule for tests in which it matters little what one says. */
final class NightlySchedule {
    private NightlySchedule() {}

    /** Returns one that cuts all disks of an SR at half past two, and keeps five snapshots. */
    static Schedule of(SrId sr, int number, Instant created) {
        return of(sr, number, created, Schedule.Mode.TOGETHER);
    }

    static Schedule of(SrId sr, int number, Instant created, Schedule.Mode mode) {
        return new Schedule(
                new UUID(1, number).toString(),
                "nightly" + number,
                sr,
                created,
                true,
                "30 2 * * *",
                "UTC",
                null,
                null,
                null,
                null,
                null,
                Map.of(),
                mode,
                false,
                Schedule.Quiesce.NEVER,
                List.of(),
                Schedule.OnMissed.ONCE,
                360,
                3,
                0,
                3,
                "{disk} {due}",
                new Retention(5, null, null, null, null, null, null, null));
    }
}
