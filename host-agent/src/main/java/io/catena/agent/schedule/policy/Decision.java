package io.catena.agent.schedule.policy;

import io.catena.agent.schedule.policy.Run.Outcome;
import io.catena.agent.schedule.policy.ScheduleState.Attempt;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done now for a schedule.
 *
 * @param attempt what to begin, or go on with; null if nothing
 * @param ended a due instant that came to nothing; null if there is none
 * @param waitingFor the due instant that waits, for instance for the end of a blackout; null if none does
 */
public record Decision(
        @Nullable Attempt attempt,
        @Nullable Run ended,
        @Nullable Instant waitingFor) {
    private static final Decision NOTHING = new Decision(null, null, null);
    private static final Duration PROMPT = Duration.ofMinutes(2);
    private static final Duration FIRST_PAUSE = Duration.ofMinutes(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(30);

    /**
     * Decides. Of many due instants the newest is begun, and stands for the others.
     *
     * @param now by the wall clock, which may have been turned either way since the last time
     */
    public static Decision of(Schedule schedule, Timing timing, ScheduleState state, Instant now) {
        Attempt under = state.attempt();
        if (!schedule.enabled()) {
            return under == null ? NOTHING : end(under, Outcome.SKIPPED, "the schedule was paused", now);
        }
        Timing.Dues dues =
                timing.between(state.lastDue(), now, schedule.startWithin().toSeconds());
        Instant newest = dues.newest();
        if (newest != null && state.hasRun(newest)) {
            newest = null;
        }
        if (newest == null) {
            return under == null ? NOTHING : goOn(schedule, under, now);
        }
        int missed = dues.count() - 1 + (under == null ? 0 : 1 + under.missed());
        return goOn(schedule, new Attempt(newest, missed, 0, newest, List.of(), null, false), now, under == null);
    }

    private static Decision goOn(Schedule schedule, Attempt attempt, Instant now) {
        return goOn(schedule, attempt, now, false);
    }

    private static Decision goOn(Schedule schedule, Attempt attempt, Instant now, boolean fresh) {
        Instant deadline = attempt.due().plus(schedule.startWithin());
        Instant planned = schedule.outsideBlackouts(attempt.due().plus(schedule.jitter()));
        if (planned.isAfter(deadline)) {
            return end(attempt, Outcome.SKIPPED, "the blackout lasts longer than it may be late", now);
        }
        if (now.isAfter(deadline)) {
            return expired(schedule, attempt, now);
        }
        if (fresh && schedule.onMissed() == Schedule.OnMissed.SKIP && now.isAfter(planned.plus(PROMPT))) {
            return end(attempt, Outcome.MISSED, "nobody was there, and it is not to be made up for", now);
        }
        Instant start = schedule.outsideBlackouts(latest(now, latest(planned, attempt.notBefore())));
        return start.isAfter(now) ? new Decision(null, null, attempt.due()) : new Decision(attempt, null, null);
    }

    private static Instant latest(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }

    private static Decision expired(Schedule schedule, Attempt attempt, Instant now) {
        String trouble = attempt.trouble();
        if (trouble == null) {
            String late = "not begun within " + schedule.startWithinMinutes() + " minutes";
            return end(attempt, Outcome.MISSED, late, now);
        }
        return end(attempt, attempt.blocked() ? Outcome.SKIPPED : Outcome.FAILED, trouble, now);
    }

    private static Decision end(Attempt attempt, Outcome outcome, String reason, Instant now) {
        Run run = new Run(attempt.due(), now, outcome, reason, attempt.missed(), List.of(), 0, List.of());
        return new Decision(null, run, null);
    }

    /** Returns what comes of an attempt that failed: another, or the end of it. */
    public static Decision failed(Schedule schedule, Attempt attempt, String reason, Instant now) {
        if (attempt.tries() >= schedule.retries()) {
            return end(attempt, Outcome.FAILED, reason, now);
        }
        Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(attempt.tries(), 5));
        pause = pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
        return new Decision(attempt.after(reason, now.plus(pause)), null, attempt.due());
    }

    /** Returns what comes of an attempt that has to wait for something. */
    public static Decision blocked(Attempt attempt, String reason, Instant now) {
        return new Decision(attempt.blocked(reason, now.plus(FIRST_PAUSE)), null, attempt.due());
    }
}
