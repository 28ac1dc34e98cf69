package io.catena.agent.schedule;

import io.catena.agent.api.event.EventSink;
import io.catena.agent.schedule.policy.Run;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.SrId;
import io.catena.log.LogLine;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Tells of the schedules of an SR, as events and in the log. Safe for use by many threads. */
final class ScheduleNews {
    private static final Logger LOG = Logger.getLogger(ScheduleNews.class.getName());

    private final SrId sr;
    private final EventSink events;

    ScheduleNews(SrId sr, EventSink events) {
        this.sr = sr;
        this.events = events;
    }

    void changed(Schedule schedule, boolean isNew) {
        tell(isNew ? "schedule.created" : "schedule.changed", schedule, Map.of());
    }

    void deleted(Schedule schedule, int snapshots) {
        tell("schedule.deleted", schedule, Map.of("purged", Integer.toString(snapshots)));
    }

    void ended(Schedule schedule, Run run) {
        String kind = switch (run.outcome()) {
            case OK -> "schedule.run";
            case FAILED -> "schedule.failed";
            case SKIPPED -> "schedule.skipped";
            case MISSED -> "schedule.missed";
        };
        tell(
                kind,
                schedule,
                Map.of(
                        "due",
                        run.due().toString(),
                        "reason",
                        run.reason(),
                        "missedBefore",
                        Integer.toString(run.missed()),
                        "snapshots",
                        Integer.toString(run.snapshots().size())));
    }

    private void tell(String kind, Schedule schedule, Map<String, String> data) {
        Map<String, String> all = new TreeMap<>(data);
        all.put("schedule", schedule.id());
        all.put("name", schedule.name());
        events.toSr(kind, sr, all);
        LOG.info(LogLine.of(kind.replace('.', '-'), "sr", sr, "schedule", schedule.id(), "what", data));
    }

    /** The notes of a schedule cannot be read. */
    void damaged(String id, Exception why) {
        LOG.log(Level.SEVERE, LogLine.of("schedule-damaged", "sr", sr, "schedule", id), why);
        String reason = String.valueOf(why.getMessage());
        events.toSr("schedule.failed", sr, Map.of("schedule", id, "reason", reason));
    }

    void clockJumped(Duration jump) {
        LOG.warning(LogLine.of("clock-jumped", "seconds", jump.toSeconds()));
        events.toSr("clock.jumped", sr, Map.of("seconds", Long.toString(jump.toSeconds())));
    }
}
