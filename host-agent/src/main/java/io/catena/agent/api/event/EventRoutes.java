package io.catena.agent.api.event;

import io.catena.agent.control.Call;
import io.catena.agent.control.Query;
import io.catena.agent.control.Route;
import io.catena.api.SrId;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;

/** What can be asked about events in pages: by programs, and by the command line. */
public final class EventRoutes {
    private static final int MOST = 1000;
    private static final int USUAL = 100;
    private static final int MOST_WAIT_SECONDS = 20;

    /** Who waits for a page takes a thread; more than these get what there is at once. */
    private static final int MOST_WAITING = 8;

    private final EventLog log;
    private final Semaphore waiting = new Semaphore(MOST_WAITING);

    public EventRoutes(EventLog log) {
        this.log = log;
    }

    public List<Route> all() {
        return List.of(Route.get("listEvents", "/v1/events", this::page));
    }

    /** ?since=ID&limit=N&wait=SECONDS&kinds=vdi,job.done&sr=UUID; without "since" from the oldest that is kept. */
    private Object page(Call call) {
        Query query = call.parameters();
        int limit = query.number("limit", 1, MOST).map(Long::intValue).orElse(USUAL);
        long seconds = query.number("wait", 0, MOST_WAIT_SECONDS).orElse(0L);
        EventLog.Page page = after(since(query), limit, Duration.ofSeconds(seconds));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("events", page.events().stream().filter(wanted(call)).toList());
        answer.put("reset", page.reset());
        answer.put("last", page.last());
        return answer;
    }

    private EventLog.Page after(long id, int limit, Duration patience) {
        if (patience.isZero() || !waiting.tryAcquire()) {
            return log.afterWaiting(id, limit, Duration.ZERO);
        }
        try {
            return log.afterWaiting(id, limit, patience);
        } finally {
            waiting.release();
        }
    }

    /** Returns the id behind which a reader wants to know. */
    static long since(Query query) {
        return query.number("since", 0, Long.MAX_VALUE).orElse(0L);
    }

    /** Returns what a reader wants to see, of what it may see. */
    static Predicate<Event> wanted(Call call) {
        Query query = call.parameters();
        Set<SrId> seen = call.caller().srs();
        Set<String> kinds = new HashSet<>();
        query.all("kinds").forEach(list -> kinds.addAll(List.of(list.split(",", -1))));
        SrId sr = query.one("sr").map(SrId::parse).orElse(null);
        return event -> (seen.isEmpty() || (event.sr() != null && seen.contains(event.sr())))
                && (sr == null || sr.equals(event.sr()))
                && (kinds.isEmpty()
                        || kinds.contains(event.kind())
                        || kinds.contains(event.kind().substring(0, event.kind().indexOf('.'))));
    }
}
