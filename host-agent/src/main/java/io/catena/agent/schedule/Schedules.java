package io.catena.agent.schedule;

import io.catena.agent.api.event.EventSink;
import io.catena.agent.guest.Guests;
import io.catena.agent.schedule.policy.Schedule;
import io.catena.agent.state.Ticker;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.Closeable;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The schedules of all SRs that this host has. Of the hosts that reach an SR one has it, and its schedules are kept in it: so
 * exactly one agent runs them, and another that takes the SR over goes on.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Each SR has a thread of its own: one that hangs keeps no other from its snapshots.
 */
public final class Schedules implements Closeable {
    private static final Logger LOG = Logger.getLogger(Schedules.class.getName());
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final StorageHost real;
    private final StorageHost observed;
    private final Guests guests;
    private final EventSink events;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private final Ticker ticker = new Ticker("schedules");

    /** Guarded by this. */
    private final Map<SrId, Attached> attached = new HashMap<>();

    private record Attached(StorageRepository identity, SrSchedules schedules, Ticker ticker) {}

    /**
     * @param real tells apart an SR that was detached and attached again meanwhile
     * @param observed through which everything is done
     */
    public Schedules(
            StorageHost real,
            StorageHost observed,
            Guests guests,
            EventSink events,
            Clock clock,
            LongSupplier nanoTime) {
        this.real = real;
        this.observed = observed;
        this.guests = guests;
        this.events = events;
        this.clock = clock;
        this.nanoTime = nanoTime;
    }

    /** Begins to run what is due. */
    public void start() {
        ticker.every(LOOK, this::look);
    }

    private synchronized void look() {
        for (Sr sr : real.srs()) {
            if (sr.attached()) {
                try {
                    of(sr.id());
                } catch (SrException e) {
                    LOG.log(Level.FINE, "an SR that was detached meanwhile", e);
                }
            } else {
                drop(sr.id());
            }
        }
    }

    private void drop(SrId sr) {
        Attached old = attached.remove(sr);
        if (old != null) {
            old.ticker.close();
        }
    }

    /** Returns those of an attached SR. */
    synchronized SrSchedules of(SrId sr) {
        StorageRepository identity = real.repository(sr);
        Attached known = attached.get(sr);
        if (known != null && known.identity == identity) {
            return known.schedules;
        }
        drop(sr);
        SrSchedules schedules = new SrSchedules(sr, observed.repository(sr), guests, events, clock, nanoTime);
        Ticker own = new Ticker("schedules-" + sr);
        own.every(LOOK, schedules::tick);
        attached.put(sr, new Attached(identity, schedules, own));
        return schedules;
    }

    Clock clock() {
        return clock;
    }

    /** A schedule and where it is. */
    record Place(SrSchedules srSchedules, Keeping keeping) {}

    /** Returns the schedule that a caller means, by id or by a name that only one has. */
    Place find(String text, StorageHost seen) {
        Place found = null;
        for (Sr sr : seen.srs()) {
            for (Keeping keeping : sr.attached() ? of(sr.id()).all() : List.<Keeping>of()) {
                Schedule schedule = keeping.schedule();
                if (schedule.id().equals(text) || schedule.name().equals(text)) {
                    if (found != null) {
                        throw new SrException(SrError.BAD_REQUEST, "Several schedules are called \"" + text + "\"")
                                .correction("Give the id: ", Remedy.of(Verb.SCHEDULE_LS));
                    }
                    found = new Place(of(sr.id()), keeping);
                }
            }
        }
        if (found == null) {
            throw new SrException(SrError.VDI_MISSING, "There is no schedule \"" + text + "\" in any attached SR")
                    .correction("See: ", Remedy.of(Verb.SCHEDULE_LS));
        }
        return found;
    }

    @Override
    public synchronized void close() {
        ticker.close();
        attached.values().forEach(one -> one.ticker.close());
        attached.clear();
    }
}
