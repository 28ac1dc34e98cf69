package io.catena.agent.schedule;

import io.catena.agent.metrics.Families;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.api.Sr;
import io.catena.api.SrException;
import io.catena.api.StorageHost;
import io.prometheus.metrics.model.snapshots.Labels;
import java.time.Instant;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The schedules, looked up at each scrape. */
public final class ScheduleMetrics {
    private static final Logger LOG = Logger.getLogger(ScheduleMetrics.class.getName());

    private final Schedules schedules;
    private final StorageHost host;

    public ScheduleMetrics(Schedules schedules, StorageHost host) {
        this.schedules = schedules;
        this.host = host;
    }

    /** Collects what is known; an SR that cannot answer is left out. */
    public void collect(Families to) {
        for (Sr sr : host.srs()) {
            if (sr.attached()) {
                try {
                    collect(sr, schedules.of(sr.id()), to);
                } catch (SrException e) {
                    LOG.log(Level.FINE, "an SR that cannot answer", e);
                }
            }
        }
    }

    private void collect(Sr sr, SrSchedules of, Families to) {
        Labels srLabels = Labels.of("sr", sr.id().toString(), "name", sr.name());
        for (Keeping keeping : of.all()) {
            collect(keeping, to);
        }
        to.gauge(
                "catena_schedules_damaged",
                "Schedules that cannot be read.",
                srLabels,
                of.damaged().size());
    }

    private void collect(Keeping keeping, Families to) {
        Schedule schedule = keeping.schedule();
        ScheduleView view = ScheduleView.of(keeping, schedules.clock().instant());
        Labels labels = Labels.of("sr", schedule.sr().toString(), "schedule", schedule.id(), "name", schedule.name());
        to.gauge(
                "catena_schedule_last_success_timestamp_seconds",
                "When its last good run was due; 0 if there was none.",
                labels,
                seconds(view.lastOk()));
        to.gauge(
                "catena_schedule_next_timestamp_seconds",
                "When it is due next; 0 if it is paused.",
                labels,
                seconds(view.nextDue()));
        for (ScheduleView.Health health : ScheduleView.Health.values()) {
            to.gauge(
                    "catena_schedule_health",
                    "Which of these it is (1).",
                    labels.add("state", health.text()),
                    view.health() == health ? 1 : 0);
        }
        count("ok", view.ok(), labels, to);
        count("failed", view.failed(), labels, to);
        count("skipped", view.skipped(), labels, to);
        count("missed", view.missed(), labels, to);
    }

    private static void count(String outcome, long value, Labels labels, Families to) {
        to.counter("catena_schedule_runs", "What came of its due instants.", labels.add("outcome", outcome), (double)
                value);
    }

    private static long seconds(@Nullable Instant instant) {
        return instant == null ? 0 : instant.getEpochSecond();
    }
}
