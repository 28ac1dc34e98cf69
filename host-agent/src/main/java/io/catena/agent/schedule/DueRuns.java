package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Decision;
import io.catena.agent.schedule.policy.Run;
import io.catena.agent.schedule.policy.Run.Outcome;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState.Attempt;
import io.catena.agent.schedule.policy.ScheduleState.Cut;
import io.catena.agent.schedule.policy.SteadyClock;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Does what is due of a schedule. A due instant goes through these steps; a crash after any of them is made good by the next agent
 * that has the SR:
 *
 * <ol>
 *   <li>The state names the due instant, and the ids of the snapshots to come: durable. If nothing more happened, it is tried
 *       again.
 *   <li>The snapshots are cut, with ids and keys, in one journaled operation. If the state does not know yet, they are found by
 *       their ids and not taken twice.
 *   <li>The state has the run, and nothing under way: durable. From here on the due instant is done with.
 *   <li>What the retention does not want is deleted. If some is left, the next run deletes it.
 *   <li>The run tells what was deleted.
 * </ol>
 *
 * <p><b>Threads.</b> For one thread at a time.
 */
final class DueRuns {
    private static final Logger LOG = Logger.getLogger(DueRuns.class.getName());
    private static final Duration AHEAD = Duration.ofHours(1);

    private final StorageRepository repository;
    private final KnownSchedules known;
    private final Cutting cutting;
    private final Pruning pruning;
    private final ScheduleNews news;
    private final Clock clock;
    private final SteadyClock steady;

    DueRuns(
            StorageRepository repository,
            KnownSchedules known,
            Cutting cutting,
            Pruning pruning,
            ScheduleNews news,
            Clock clock,
            SteadyClock steady) {
        this.repository = repository;
        this.known = known;
        this.cutting = cutting;
        this.pruning = pruning;
        this.news = news;
        this.clock = clock;
        this.steady = steady;
    }

    /** Does what is due of a schedule, or asked for; nothing if nothing is. */
    void tick(Keeping keeping, Instant now) {
        Attempt under = keeping.state().attempt();
        if (under != null && settle(keeping, under)) {
            return;
        }
        if (keeping.state().lastDue().isAfter(now.plus(AHEAD)) && steady.isSteady()) {
            // The clock was wrong for a while; not to run before that time comes again would be to run never.
            known.save(keeping, keeping.state().at(now));
        }
        if (keeping.state().attempt() == null && keeping.takeAsked()) {
            Instant at = now.truncatedTo(ChronoUnit.SECONDS);
            attempt(keeping, new Attempt(at, 0, 0, at, List.of(), null, false));
            return;
        }
        act(keeping, Decision.of(keeping.schedule(), keeping.timing(), keeping.state(), now));
    }

    private void act(Keeping keeping, Decision decision) {
        Run ended = decision.ended();
        Attempt attempt = decision.attempt();
        if (ended != null) {
            end(keeping, withTaken(keeping, ended));
        } else if (attempt != null) {
            attempt(keeping, attempt);
        }
    }

    /** Ends an attempt all of whose snapshots are there: the agent, or the answer, was lost after they were cut. */
    private boolean settle(Keeping keeping, Attempt attempt) {
        List<Cut> done = cutting.done(attempt.cuts());
        if (done.isEmpty() || done.size() < attempt.cuts().size()) {
            return false;
        }
        finish(keeping, attempt, done, "found after an interruption");
        return true;
    }

    private void attempt(Keeping keeping, Attempt attempt) {
        Schedule schedule = keeping.schedule();
        Instant now = clock.instant();
        try {
            List<Vdi> disks = Targets.of(schedule, repository.vdis());
            if (disks.isEmpty()) {
                end(keeping, run(attempt, Outcome.SKIPPED, "no disk is meant", List.of()));
                return;
            }
            Optional<String> refusal = Admission.refusal(schedule, keeping.state(), repository, disks);
            if (refusal.isPresent()) {
                later(keeping, Decision.blocked(attempt, refusal.get(), now));
                return;
            }
            List<Cut> cuts = ScheduledCut.plan(schedule, attempt, disks);
            Attempt begun = attempt.cutting(cuts);
            known.save(keeping, keeping.state().trying(begun));
            finish(keeping, begun, cuts, cutting.take(schedule, begun));
        } catch (SrException e) {
            failed(keeping, attempt, e, now);
        }
    }

    /** Whoever cannot even take note of a failure has lost the SR: that is told, not what it led to. */
    private void failed(Keeping keeping, Attempt attempt, SrException e, Instant now) {
        Attempt latest = keeping.state().attempt();
        Attempt last = latest != null && latest.due().equals(attempt.due()) ? latest : attempt;
        try {
            later(keeping, Decision.failed(keeping.schedule(), last, e.error() + ": " + e.detail(), now));
        } catch (SrException lost) {
            lost.addSuppressed(e);
            throw lost;
        }
        LOG.log(
                Level.WARNING,
                LogLine.of("schedule-failed", "schedule", keeping.schedule().id()),
                e);
    }

    private void later(Keeping keeping, Decision decision) {
        Run ended = decision.ended();
        Attempt attempt = decision.attempt();
        if (ended != null) {
            end(keeping, withTaken(keeping, ended));
        } else if (attempt != null) {
            known.save(keeping, keeping.state().trying(attempt));
        }
    }

    /** Disks that are cut one by one may have got their snapshots though the run as a whole came to nothing. */
    private Run withTaken(Keeping keeping, Run run) {
        Attempt attempt = keeping.state().attempt();
        if (attempt == null
                || !attempt.due().equals(run.due())
                || attempt.cuts().isEmpty()) {
            return run;
        }
        List<VdiId> taken =
                cutting.done(attempt.cuts()).stream().map(Cut::snapshot).toList();
        return taken.isEmpty() ? run : run.inPart(taken, attempt.cuts().size(), keeping.schedule());
    }

    private void finish(Keeping keeping, Attempt attempt, List<Cut> cuts, String how) {
        end(keeping, run(attempt, Outcome.OK, how, cuts));
        List<VdiId> removed =
                pruning.prune(keeping.schedule(), cuts.stream().map(Cut::of).toList(), steady.isSteady());
        if (!removed.isEmpty()) {
            known.save(keeping, keeping.state().removing(removed));
        }
    }

    private Run run(Attempt attempt, Outcome outcome, String reason, List<Cut> cuts) {
        long written = cuts.stream().mapToLong(Cut::writtenBytes).sum();
        List<VdiId> taken = cuts.stream().map(Cut::snapshot).toList();
        return new Run(attempt.due(), clock.instant(), outcome, reason, attempt.missed(), taken, written, List.of());
    }

    private void end(Keeping keeping, Run run) {
        known.save(keeping, keeping.state().ended(run));
        news.ended(keeping.schedule(), run);
    }
}
