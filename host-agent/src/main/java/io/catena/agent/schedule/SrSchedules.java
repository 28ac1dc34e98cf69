package io.catena.agent.schedule;

import io.catena.agent.api.event.EventSink;
import io.catena.agent.guest.Guests;
import io.catena.agent.schedule.policy.Decision;
import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Run;
import io.catena.agent.schedule.policy.Run.Outcome;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.agent.schedule.policy.ScheduleState.Attempt;
import io.catena.agent.schedule.policy.ScheduleState.Cut;
import io.catena.agent.schedule.policy.SteadyClock;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The schedules of one attached SR, run by the agent that has it. A due instant goes through these steps; a crash after any of them
 * is made good by the next agent that has the SR:
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
 * <p><b>Threads.</b> Safe for use by many threads: what changes something is synchronized, looks are not.
 */
final class SrSchedules implements ScheduleBook {
    private static final Logger LOG = Logger.getLogger(SrSchedules.class.getName());
    private static final Duration AHEAD = Duration.ofHours(1);

    private final SrId sr;
    private final StorageRepository repository;
    private final EventSink events;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private final SteadyClock steady;
    private final Map<String, Keeping> schedules = new ConcurrentHashMap<>();
    private final Map<String, String> damaged = new ConcurrentHashMap<>();
    private final ScheduleStore store;
    private final Cutting cutting;
    private final Pruning pruning;
    private volatile boolean loaded;

    SrSchedules(
            SrId sr,
            StorageRepository repository,
            Guests guests,
            EventSink events,
            Clock clock,
            LongSupplier nanoTime) {
        this.sr = sr;
        this.repository = repository;
        this.events = events;
        this.clock = clock;
        this.nanoTime = nanoTime;
        steady = new SteadyClock(clock.instant(), nanoTime.getAsLong());
        store = new ScheduleStore(repository.notes());
        cutting = new Cutting(repository, guests);
        pruning = new Pruning(repository, clock);
    }

    @Override
    public StorageRepository repository() {
        return repository;
    }

    /** Waits for them to be read the first time only. */
    @Override
    public List<Keeping> all() {
        load();
        return schedules.values().stream()
                .sorted((a, b) -> (a.schedule().name() + a.schedule().id())
                        .compareTo(b.schedule().name() + b.schedule().id()))
                .toList();
    }

    /** Returns the schedules whose notes cannot be read, with why. */
    Map<String, String> damaged() {
        return new TreeMap<>(damaged);
    }

    @Override
    public List<Fate<Vdi>> fates(Schedule schedule, VdiId disk, List<Vdi> all) {
        return pruning.fates(schedule, disk, all, steady.isSteady());
    }

    boolean mayAge() {
        return steady.isSteady();
    }

    /** Whoever only looks does not wait for a snapshot that hangs. */
    private void load() {
        if (!loaded) {
            loadOnce();
        }
    }

    private synchronized void loadOnce() {
        if (loaded) {
            return;
        }
        List<String> ids;
        try {
            ids = store.ids();
        } catch (SrException e) {
            if (e.error() == SrError.UNIMPLEMENTED) {
                return; // another host has the SR, and runs its schedules until this one has it
            }
            throw e;
        }
        boolean all = true;
        for (String id : ids) {
            all &= schedules.containsKey(id) || loadOne(id);
        }
        loaded = all;
    }

    /** Returns false if its notes could not be read now; the others go on meanwhile. */
    private boolean loadOne(String id) {
        try {
            Schedule schedule =
                    store.schedule(id).orElseThrow(() -> new ScheduleStore.DamagedException(id, "it is gone"));
            if (!schedule.id().equals(id) || !schedule.sr().equals(sr)) {
                throw new ScheduleStore.DamagedException(id, "it is of schedule " + schedule.id());
            }
            schedules.put(id, new Keeping(schedule, state(schedule)));
            damaged.remove(id);
            return true;
        } catch (ScheduleStore.DamagedException e) {
            tellDamaged(id, e);
            return true;
        } catch (SrException e) {
            tellDamaged(id, e);
            return false;
        }
    }

    private void tellDamaged(String id, Exception why) {
        String reason = String.valueOf(why.getMessage());
        if (!reason.equals(damaged.put(id, reason))) {
            LOG.log(Level.SEVERE, LogLine.of("schedule-damaged", "sr", sr, "schedule", id), why);
            events.toSr("schedule.failed", sr, Map.of("schedule", id, "reason", reason));
        }
    }

    /** A state that is lost is made anew of the snapshots that are there: none is taken twice. */
    private ScheduleState state(Schedule schedule) {
        try {
            Optional<ScheduleState> known = store.state(schedule.id());
            if (known.isPresent()) {
                return known.get();
            }
        } catch (ScheduleStore.DamagedException e) {
            LOG.log(Level.WARNING, LogLine.of("schedule-state-lost", "sr", sr, "schedule", schedule.id()), e);
        }
        return ScheduleState.fresh(OwnSnapshots.newest(schedule, repository).orElse(clock.instant()));
    }

    @Override
    public synchronized Keeping put(Schedule schedule) {
        load();
        Keeping known = schedules.get(schedule.id());
        if (known == null) {
            store.write(schedule.id(), ScheduleState.fresh(clock.instant()));
        } else if (!known.schedule().enabled() && schedule.enabled()) {
            // What was due while it was paused is not made up for.
            Instant now = clock.instant();
            save(
                    known,
                    known.state()
                            .at(
                                    now.isAfter(known.state().lastDue())
                                            ? now
                                            : known.state().lastDue()));
        }
        store.write(schedule);
        tell(known == null ? "schedule.created" : "schedule.changed", schedule, Map.of());
        if (known != null) {
            known.schedule(schedule);
            return known;
        }
        Keeping made = new Keeping(schedule, ScheduleState.fresh(clock.instant()));
        schedules.put(schedule.id(), made);
        return made;
    }

    @Override
    public void run(Schedule schedule) {
        load();
        Keeping known = schedules.get(schedule.id());
        if (known == null) {
            throw new SrException(SrError.VDI_MISSING, "There is no schedule " + schedule.id() + " in SR " + sr)
                    .correction("See: ", Remedy.of(Verb.SCHEDULE_LS));
        }
        known.ask();
    }

    @Override
    public synchronized List<VdiId> remove(Schedule schedule, boolean purge) {
        List<VdiId> gone = new ArrayList<>();
        store.delete(schedule.id());
        schedules.remove(schedule.id());
        for (Vdi vdi : purge ? repository.vdis() : List.<Vdi>of()) {
            if (OwnSnapshots.due(schedule, vdi).isPresent() && !vdi.keys().containsKey(OwnSnapshots.PIN_KEY)) {
                pruning.destroy(schedule, vdi.vdi(), gone);
            }
        }
        tell("schedule.deleted", schedule, Map.of("purged", Integer.toString(gone.size())));
        return gone;
    }

    /** Does what is due. */
    synchronized void tick() {
        load();
        Instant now = clock.instant();
        Duration jump = steady.look(now, nanoTime.getAsLong());
        if (!jump.isZero()) {
            LOG.warning(LogLine.of("clock-jumped", "seconds", jump.toSeconds()));
            events.toSr("clock.jumped", sr, Map.of("seconds", Long.toString(jump.toSeconds())));
        }
        for (Keeping keeping : List.copyOf(schedules.values())) {
            try {
                tick(keeping, now);
            } catch (RuntimeException e) {
                // Not only what is expected: one must not keep the others from their snapshots.
                LOG.log(
                        Level.WARNING,
                        LogLine.of(
                                "schedule-waits", "schedule", keeping.schedule().id()),
                        e);
            }
        }
    }

    private void tick(Keeping keeping, Instant now) {
        Attempt under = keeping.state().attempt();
        if (under != null && settle(keeping, under)) {
            return;
        }
        if (keeping.state().lastDue().isAfter(now.plus(AHEAD)) && steady.isSteady()) {
            // The clock was wrong for a while; not to run before that time comes again would be to run never.
            save(keeping, keeping.state().at(now));
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
            end(keeping, ended);
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
            save(keeping, keeping.state().trying(begun));
            finish(keeping, begun, cuts, cutting.take(schedule, begun));
        } catch (SrException e) {
            failed(keeping, attempt, e, now);
        }
    }

    private void failed(Keeping keeping, Attempt attempt, SrException e, Instant now) {
        Attempt latest = keeping.state().attempt();
        Attempt known = latest != null && latest.due().equals(attempt.due()) ? latest : attempt;
        LOG.log(
                Level.WARNING,
                LogLine.of("schedule-failed", "schedule", keeping.schedule().id()),
                e);
        later(keeping, Decision.failed(keeping.schedule(), known, e.error() + ": " + e.detail(), now));
    }

    private void later(Keeping keeping, Decision decision) {
        Run ended = decision.ended();
        Attempt attempt = decision.attempt();
        if (ended != null) {
            List<VdiId> taken = cutting.done(cutsUnderWay(keeping)).stream()
                    .map(Cut::snapshot)
                    .toList();
            end(keeping, withSnapshots(ended, taken));
        } else if (attempt != null) {
            save(keeping, keeping.state().trying(attempt));
        }
    }

    private static List<Cut> cutsUnderWay(Keeping keeping) {
        Attempt attempt = keeping.state().attempt();
        return attempt == null ? List.of() : attempt.cuts();
    }

    private static Run withSnapshots(Run run, List<VdiId> taken) {
        return new Run(
                run.due(),
                run.ended(),
                run.outcome(),
                run.reason(),
                run.missed(),
                taken,
                run.writtenBytes(),
                List.of());
    }

    private void finish(Keeping keeping, Attempt attempt, List<Cut> cuts, String how) {
        end(keeping, run(attempt, Outcome.OK, how, cuts));
        List<VdiId> removed =
                pruning.prune(keeping.schedule(), cuts.stream().map(Cut::of).toList(), steady.isSteady());
        if (!removed.isEmpty()) {
            save(keeping, keeping.state().removing(removed));
        }
    }

    private Run run(Attempt attempt, Outcome outcome, String reason, List<Cut> cuts) {
        long written = cuts.stream().mapToLong(Cut::writtenBytes).sum();
        List<VdiId> taken = cuts.stream().map(Cut::snapshot).toList();
        return new Run(attempt.due(), clock.instant(), outcome, reason, attempt.missed(), taken, written, List.of());
    }

    private void end(Keeping keeping, Run run) {
        save(keeping, keeping.state().ended(run));
        String kind = switch (run.outcome()) {
            case OK -> "schedule.run";
            case FAILED -> "schedule.failed";
            case SKIPPED -> "schedule.skipped";
            case MISSED -> "schedule.missed";
        };
        tell(
                kind,
                keeping.schedule(),
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

    private void save(Keeping keeping, ScheduleState next) {
        store.write(keeping.schedule().id(), next);
        keeping.state(next);
    }

    private void tell(String kind, Schedule schedule, Map<String, String> data) {
        Map<String, String> all = new TreeMap<>(data);
        all.put("schedule", schedule.id());
        all.put("name", schedule.name());
        events.toSr(kind, sr, all);
        LOG.info(LogLine.of(kind.replace('.', '-'), "sr", sr, "schedule", schedule.id(), "what", data));
    }
}
