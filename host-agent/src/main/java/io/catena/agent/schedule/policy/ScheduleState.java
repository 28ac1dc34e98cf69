package io.catena.agent.schedule.policy;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far a schedule has come.
 *
 * @param lastDue all due instants up to this one are dealt with, or under way; none of them is begun again
 * @param attempt what is under way; null if nothing is
 * @param runs the newest runs, newest first
 * @param lastOk when the last good run was due; null if there was none
 * @param done the latest due instants that have their snapshots, in seconds: if the clock was ahead and is put back, they come again
 */
public record ScheduleState(
        Instant lastDue,
        @Nullable Attempt attempt,
        List<Run> runs,
        long ok,
        long failed,
        long skipped,
        long missed,
        @Nullable Instant lastOk,
        List<Long> done) {
    static final int MOST_RUNS = 40;
    private static final int MOST_DONE = 1000;

    /** With times beyond, the arithmetic of others fails, or takes for ever. */
    private static final Instant LAST_TIME = Instant.parse("9999-12-31T23:59:59Z");

    /**
     * @throws RuntimeException if a note says what cannot be
     */
    public ScheduleState {
        requireTime("lastDue", lastDue);
        runs = List.copyOf(runs);
        done = List.copyOf(done);
    }

    /**
     * A due instant that is under way: written before anything is cut.
     *
     * @param missed how many due instants before it nobody was there for
     * @param tries how often it failed
     * @param notBefore when it is tried next
     * @param cuts the snapshots that it may have taken
     * @param trouble why it did not end yet
     * @param blocked whether something stands in its way that may go by itself
     */
    public record Attempt(
            Instant due,
            int missed,
            int tries,
            Instant notBefore,
            List<Cut> cuts,
            @Nullable String trouble,
            boolean blocked) {
        public Attempt {
            requireTime("due", due);
            requireTime("notBefore", notBefore);
            cuts = List.copyOf(cuts);
        }

        /** Returns this with the snapshots that it is about to take. */
        public Attempt cutting(List<Cut> next) {
            return new Attempt(due, missed, tries, notBefore, next, trouble, blocked);
        }

        /** Returns this after a failure. */
        Attempt after(String why, Instant next) {
            return new Attempt(due, missed, tries + 1, next, cuts, why, false);
        }

        /** Returns this while something stands in its way. */
        Attempt blocked(String why, Instant next) {
            return new Attempt(due, missed, tries, next, cuts, why, true);
        }
    }

    /**
     * A snapshot to be.
     *
     * @param writtenBytes what the disk holds that is not in the snapshot before
     */
    public record Cut(VdiId of, VdiId snapshot, long writtenBytes) {}

    /**
     * Throws unless an instant is one that clocks show.
     *
     * @throws SrException {@link SrError#BAD_REQUEST}
     */
    static void requireTime(String field, Instant time) {
        Objects.requireNonNull(time, field);
        if (time.isBefore(Instant.EPOCH) || time.isAfter(LAST_TIME)) {
            throw new SrException(
                    SrError.BAD_REQUEST,
                    "\"" + field + "\" is " + time + ", expected " + Instant.EPOCH + " to " + LAST_TIME);
        }
    }

    /** That of a new schedule. */
    public static ScheduleState fresh(Instant now) {
        return new ScheduleState(now, null, List.of(), 0, 0, 0, 0, null, List.of());
    }

    /** Returns this with the newest runs only, for who looks. */
    public ScheduleState shortened(int mostRuns) {
        List<Run> newest = runs.subList(0, Math.min(mostRuns, runs.size()));
        return new ScheduleState(lastDue, attempt, newest, ok, failed, skipped, missed, lastOk, List.of());
    }

    /** Whether a due instant has its snapshots already. */
    boolean hasRun(Instant due) {
        return done.contains(due.getEpochSecond());
    }

    private List<Long> withDone(Instant due) {
        List<Long> all = new ArrayList<>(done);
        all.add(due.getEpochSecond());
        if (all.size() > MOST_DONE) {
            all.remove(Collections.min(all));
        }
        return all;
    }

    /** Returns this with due instants dealt with up to another, or again from an earlier one. */
    public ScheduleState at(Instant due) {
        return new ScheduleState(due, attempt, runs, ok, failed, skipped, missed, lastOk, done);
    }

    /** Returns this with something under way. */
    public ScheduleState trying(Attempt next) {
        Instant last = next.due().isAfter(lastDue) ? next.due() : lastDue;
        return new ScheduleState(last, next, runs, ok, failed, skipped, missed, lastOk, done);
    }

    /** Returns this with nothing under way, and a run more. */
    public ScheduleState ended(Run run) {
        List<Run> all = new ArrayList<>();
        all.add(run);
        all.addAll(runs.subList(0, Math.min(runs.size(), MOST_RUNS - 1)));
        Instant last = run.due().isAfter(lastDue) ? run.due() : lastDue;
        Run.Outcome outcome = run.outcome();
        return new ScheduleState(
                last,
                null,
                all,
                ok + (outcome == Run.Outcome.OK ? 1 : 0),
                failed + (outcome == Run.Outcome.FAILED ? 1 : 0),
                skipped + (outcome == Run.Outcome.SKIPPED ? 1 : 0),
                missed + run.missed() + (outcome == Run.Outcome.MISSED ? 1 : 0),
                outcome == Run.Outcome.OK ? run.due() : lastOk,
                outcome == Run.Outcome.OK ? withDone(run.due()) : done);
    }

    /** Returns this with the newest run telling what was deleted. */
    public ScheduleState removing(List<VdiId> deleted) {
        List<Run> all = new ArrayList<>(runs);
        all.set(0, all.get(0).removing(deleted));
        return new ScheduleState(lastDue, attempt, all, ok, failed, skipped, missed, lastOk, done);
    }
}
