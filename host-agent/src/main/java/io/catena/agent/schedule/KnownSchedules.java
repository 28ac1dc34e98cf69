package io.catena.agent.schedule;

import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.schedule.policy.ScheduleState;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiOperations;
import io.catena.log.LogLine;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The schedules of an SR as its notes have them: read once, then kept in step with the notes.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Looks wait only for the first reading.
 */
final class KnownSchedules {
    private static final Logger LOG = Logger.getLogger(KnownSchedules.class.getName());

    private final SrId sr;
    private final ScheduleStore store;
    private final VdiOperations disks;
    private final ScheduleNews news;
    private final Clock clock;

    /** By id. */
    private final Map<String, Keeping> schedules = new ConcurrentHashMap<>();

    /** Why the notes of schedules cannot be read, by id. */
    private final Map<String, String> damaged = new ConcurrentHashMap<>();

    private volatile boolean loaded;

    KnownSchedules(SrId sr, ScheduleStore store, VdiOperations disks, ScheduleNews news, Clock clock) {
        this.sr = sr;
        this.store = store;
        this.disks = disks;
        this.news = news;
        this.clock = clock;
    }

    /** Returns the schedules, sorted by name. */
    List<Keeping> all() {
        load();
        return schedules.values().stream()
                .sorted((a, b) -> (a.schedule().name() + a.schedule().id())
                        .compareTo(b.schedule().name() + b.schedule().id()))
                .toList();
    }

    @Nullable
    Keeping find(String id) {
        load();
        return schedules.get(id);
    }

    /** Returns the schedules whose notes cannot be read, with why. */
    Map<String, String> damaged() {
        return new TreeMap<>(damaged);
    }

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
            news.damaged(id, why);
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
        return ScheduleState.fresh(OwnSnapshots.newest(schedule, disks).orElse(clock.instant()));
    }

    /** Adds a schedule that nothing was due of yet; the state goes first, so that none is without one. */
    synchronized Keeping add(Schedule schedule) {
        if (schedules.size() >= ScheduleStore.MOST_SCHEDULES) {
            throw new SrException(
                            SrError.QUOTA_EXCEEDED,
                            "SR " + sr + " has " + schedules.size() + " schedules, as many as are kept")
                    .correction("Remove some that are not needed.");
        }
        ScheduleState fresh = ScheduleState.fresh(clock.instant());
        store.write(schedule.id(), fresh);
        store.write(schedule);
        Keeping made = new Keeping(schedule, fresh);
        schedules.put(schedule.id(), made);
        return made;
    }

    /** Replaces what a schedule says. */
    synchronized void change(Keeping known, Schedule schedule) {
        store.write(schedule);
        known.schedule(schedule);
    }

    /** Takes note of how far a schedule has come: durable when it returns. */
    synchronized void save(Keeping known, ScheduleState next) {
        store.write(known.schedule().id(), next);
        known.state(next);
    }

    synchronized void remove(Schedule schedule) {
        store.delete(schedule.id());
        schedules.remove(schedule.id());
    }
}
