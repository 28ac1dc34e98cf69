package io.catena.agent.schedule;

import io.catena.agent.api.event.EventSink;
import io.catena.agent.guest.Guests;
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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The schedules of all SRs that this host has. Of the hosts that reach an SR one has it, and its schedules are kept in it: so
 * exactly one agent runs them, and another that takes the SR over goes on. Hosts that follow ask that agent.
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

    /** Returns those of an attached SR, of the host that runs them. */
    ScheduleBook book(SrId sr) {
        SrSchedules here = of(sr);
        return here.repository()
                .notes()
                .keeper()
                .<ScheduleBook>map(keeper -> new RemoteSchedules(here, keeper))
                .orElse(here);
    }

    /**
     * Does what another host asks for about an SR that this one has.
     *
     * @param question JSON, as is the answer
     */
    public String answer(SrId sr, String question) {
        return ScheduleMessages.answer(of(sr), sr, question);
    }

    Clock clock() {
        return clock;
    }

    /** A schedule and where it is. */
    record Place(ScheduleBook book, Keeping keeping) {}

    /**
     * Returns the schedule that a caller means, by id or by a name that only one has.
     *
     * @throws SrException also if an SR could not be asked that may have it
     */
    Place find(String text, StorageHost seen) {
        List<Place> found = new ArrayList<>();
        SrException silent = null;
        for (Sr sr : seen.srs()) {
            try {
                found.addAll(sr.attached() ? named(text, book(sr.id())) : List.of());
            } catch (SrException e) {
                silent = e;
            }
        }
        boolean isById =
                found.stream().anyMatch(place -> place.keeping.schedule().id().equals(text));
        if (silent != null && !isById) {
            throw silent;
        }
        if (found.size() > 1) {
            throw new SrException(SrError.BAD_REQUEST, "Several schedules are called \"" + text + "\"")
                    .correction("Give the id: ", Remedy.of(Verb.SCHEDULE_LS));
        }
        if (found.isEmpty()) {
            throw new SrException(SrError.VDI_MISSING, "There is no schedule \"" + text + "\" in any attached SR")
                    .correction("See: ", Remedy.of(Verb.SCHEDULE_LS));
        }
        return found.get(0);
    }

    private static List<Place> named(String text, ScheduleBook book) {
        return book.all().stream()
                .filter(keeping -> keeping.schedule().id().equals(text)
                        || keeping.schedule().name().equals(text))
                .map(keeping -> new Place(book, keeping))
                .toList();
    }

    @Override
    public synchronized void close() {
        ticker.close();
        attached.values().forEach(one -> one.ticker.close());
        attached.clear();
    }
}
