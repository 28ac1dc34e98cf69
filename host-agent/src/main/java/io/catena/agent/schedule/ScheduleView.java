package io.catena.agent.schedule;

import com.google.gson.JsonObject;
import io.catena.agent.json.Json;
import io.catena.agent.schedule.policy.Retention;
import io.catena.agent.schedule.policy.Run;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.agent.schedule.policy.ScheduleState.Attempt;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a schedule stands.
 *
 * @param health how it does
 * @param reason why it is not well, or what it waits for; null if there is nothing to say
 * @param nextDue null if it is paused
 */
record ScheduleView(
        Health health,
        @Nullable String reason,
        @Nullable Instant nextDue,
        @Nullable Instant lastOk,
        long ok,
        long failed,
        long skipped,
        long missed,
        List<Run> runs) {
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    static final int SHOWN_RUNS = 20;

    /** How a schedule does. */
    enum Health {
        OK,
        PAUSED,
        WAITING,
        FAILING,
        OVERDUE;

        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static ScheduleView of(Keeping keeping, Instant now) {
        Schedule schedule = keeping.schedule();
        ScheduleState state = keeping.state();
        Optional<Instant> next = schedule.enabled() ? keeping.timing().next(state.lastDue()) : Optional.empty();
        List<Run> runs =
                state.runs().subList(0, Math.min(SHOWN_RUNS, state.runs().size()));
        Run last = runs.isEmpty() ? null : runs.get(0);
        Attempt attempt = state.attempt();
        String trouble = attempt == null ? null : attempt.trouble();
        Health health;
        String reason = null;
        if (!schedule.enabled()) {
            health = Health.PAUSED;
        } else if (last != null && last.outcome() != Run.Outcome.OK) {
            health = Health.FAILING;
            reason = last.reason();
        } else if (isOverdue(schedule, keeping, now)) {
            health = Health.OVERDUE;
            reason = trouble == null ? "no good snapshot since it was due" : trouble;
        } else if (trouble != null) {
            health = Health.WAITING;
            reason = trouble;
        } else {
            health = Health.OK;
        }
        return new ScheduleView(
                health,
                reason,
                next.orElse(null),
                state.lastOk(),
                state.ok(),
                state.failed(),
                state.skipped(),
                state.missed(),
                runs);
    }

    private static boolean isOverdue(Schedule schedule, Keeping keeping, Instant now) {
        Instant good = keeping.state().lastOk();
        Optional<Instant> due = keeping.timing().next(good == null ? schedule.created() : good);
        Duration patience = TOLERANCE.plusMinutes(schedule.startWithinMinutes());
        return due.isPresent() && due.get().plus(patience).isBefore(now);
    }

    /** Returns a schedule with how it stands, as callers see it. */
    static JsonObject json(Keeping keeping, Instant now) {
        JsonObject json = definition(keeping.schedule());
        ScheduleView view = of(keeping, now);
        JsonObject status = Json.object(Json.write(view));
        status.addProperty("health", view.health().text());
        json.add("status", status);
        return json;
    }

    static JsonObject definition(Schedule schedule) {
        JsonObject json = Json.object(Json.write(schedule));
        json.remove("retention");
        Retention kept = schedule.retention();
        List<Map.Entry<String, Integer>> limits = new ArrayList<>();
        add(limits, "keepLast", kept.last());
        add(limits, "keepHourly", kept.hourly());
        add(limits, "keepDaily", kept.daily());
        add(limits, "keepWeekly", kept.weekly());
        add(limits, "keepMonthly", kept.monthly());
        add(limits, "keepYearly", kept.yearly());
        add(limits, "maxAgeDays", kept.maxAgeDays());
        add(limits, "maxCount", kept.maxCount());
        limits.forEach(limit -> json.addProperty(limit.getKey(), limit.getValue()));
        return json;
    }

    private static void add(List<Map.Entry<String, Integer>> limits, String field, @Nullable Integer value) {
        if (value != null) {
            limits.add(Map.entry(field, value));
        }
    }
}
