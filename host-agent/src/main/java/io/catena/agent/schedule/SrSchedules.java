package io.catena.agent.schedule;

import io.catena.agent.api.event.EventSink;
import io.catena.agent.guest.Guests;
import io.catena.agent.schedule.policy.Retention.Fate;
import io.catena.agent.schedule.policy.Schedule;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The schedules of one attached SR, run by the agent that has it: {@link KnownSchedules} has what they are, {@link DueRuns} does
 * what is due.
 *
 * <p><b>Threads.</b> Safe for use by many threads: what changes something is synchronized, looks are not, so that whoever only
 * looks does not wait for a snapshot that hangs.
 */
final class SrSchedules implements ScheduleBook {
    private static final Logger LOG = Logger.getLogger(SrSchedules.class.getName());

    private final SrId sr;
    private final StorageRepository repository;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private final SteadyClock steady;
    private final ScheduleNews news;
    private final KnownSchedules schedules;
    private final Pruning pruning;
    private final DueRuns due;

    /** Whether the SR did not answer when it was looked at last, and that was told. */
    private boolean unavailable;

    SrSchedules(
            SrId sr,
            StorageRepository repository,
            Guests guests,
            EventSink events,
            Clock clock,
            LongSupplier nanoTime) {
        this.sr = sr;
        this.repository = repository;
        this.clock = clock;
        this.nanoTime = nanoTime;
        steady = new SteadyClock(clock.instant(), nanoTime.getAsLong());
        news = new ScheduleNews(sr, events);
        schedules = new KnownSchedules(sr, new ScheduleStore(repository.notes()), repository, news, clock);
        pruning = new Pruning(repository, clock);
        due = new DueRuns(repository, schedules, new Cutting(repository, guests), pruning, news, clock, steady);
    }

    @Override
    public StorageRepository repository() {
        return repository;
    }

    @Override
    public List<Keeping> all() {
        return schedules.all();
    }

    /** Returns the schedules whose notes cannot be read, with why. */
    Map<String, String> damaged() {
        return schedules.damaged();
    }

    @Override
    public List<Fate<Vdi>> fates(Schedule schedule, VdiId disk, List<Vdi> all) {
        return pruning.fates(schedule, disk, all, steady.isSteady());
    }

    boolean mayAge() {
        return steady.isSteady();
    }

    @Override
    public synchronized Keeping put(Schedule schedule) {
        Keeping known = schedules.find(schedule.id());
        if (known == null) {
            Keeping made = schedules.add(schedule);
            news.changed(schedule, true);
            return made;
        }
        if (!known.schedule().enabled() && schedule.enabled()) {
            forgetWhatWasDue(known);
        }
        schedules.change(known, schedule);
        news.changed(schedule, false);
        return known;
    }

    /** What was due while it was paused is not made up for. */
    private void forgetWhatWasDue(Keeping known) {
        Instant now = clock.instant();
        Instant last = known.state().lastDue();
        schedules.save(known, known.state().at(now.isAfter(last) ? now : last));
    }

    @Override
    public void run(Schedule schedule) {
        Keeping known = schedules.find(schedule.id());
        if (known == null) {
            throw new SrException(SrError.VDI_MISSING, "There is no schedule " + schedule.id() + " in SR " + sr)
                    .correction("See: ", Remedy.of(Verb.SCHEDULE_LS));
        }
        known.ask();
    }

    @Override
    public synchronized List<VdiId> remove(Schedule schedule, boolean purge) {
        List<VdiId> gone = new ArrayList<>();
        schedules.remove(schedule);
        for (Vdi vdi : purge ? repository.vdis() : List.<Vdi>of()) {
            if (OwnSnapshots.due(schedule, vdi).isPresent() && !vdi.keys().containsKey(OwnSnapshots.PIN_KEY)) {
                pruning.destroy(schedule, vdi.vdi(), gone);
            }
        }
        news.deleted(schedule, gone.size());
        return gone;
    }

    /**
     * Does what is due. An SR that is being detached, or cannot be reached, is told of once: what is due waits until it is there
     * again.
     */
    synchronized void tick() {
        try {
            look();
            unavailable = false;
        } catch (SrException e) {
            if (e.error() != SrError.SR_UNAVAILABLE) {
                throw e;
            }
            if (!unavailable) {
                LOG.info(LogLine.of("schedules-wait", "sr", sr, "reason", e.detail()));
            }
            unavailable = true;
        }
    }

    private void look() {
        Instant now = clock.instant();
        Duration jump = steady.look(now, nanoTime.getAsLong());
        if (!jump.isZero()) {
            news.clockJumped(jump);
        }
        for (Keeping keeping : schedules.all()) {
            try {
                due.tick(keeping, now);
            } catch (RuntimeException e) {
                if (e instanceof SrException known && known.error() == SrError.SR_UNAVAILABLE) {
                    throw known;
                }
                // Not only what is expected: one must not keep the others from their snapshots.
                LOG.log(
                        Level.WARNING,
                        LogLine.of(
                                "schedule-waits", "schedule", keeping.schedule().id()),
                        e);
            }
        }
    }
}
