package io.catena.agent.api.event;

import io.catena.agent.control.Call;
import io.catena.agent.control.CallerShares;
import io.catena.agent.control.Streamed;
import io.catena.agent.metrics.Metrics;
import io.catena.agent.state.Ticker;
import io.catena.api.StorageHost;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.Closeable;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Where events come from, and where they go to. Safe for use by many threads. */
public final class Events implements Closeable {
    static final int MOST_READERS = 512;
    static final int MOST_OF_ONE_CALLER = 256;

    /** So often readers hear something. */
    private static final Duration BEAT = Duration.ofSeconds(15);

    private static final Logger LOG = Logger.getLogger(Events.class.getName());
    private static final String PAUSE = "pauseMicros";

    private final EventLog log;
    private final StorageHost observed;
    private final EventSink sink;
    private final Metrics metrics;
    private final Set<EventStream> readers = ConcurrentHashMap.newKeySet();
    private final CallerShares places = new CallerShares("readers follow events", MOST_READERS, MOST_OF_ONE_CALLER);

    /** Sends to the readers: who makes something happen does not wait for them. */
    private final ExecutorService sender = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "api-events");
        thread.setDaemon(true);
        return thread;
    });

    /** Whether the sender will look for news; what happens until it does is sent together. */
    private final AtomicBoolean newsAreDue = new AtomicBoolean();

    /**
     * @param host the real one
     * @param ticker looks at jobs once a second
     */
    public Events(EventLog log, StorageHost host, Metrics metrics, Ticker ticker) {
        this.log = log;
        this.metrics = metrics;
        metrics.add(to -> to.gauge("catena_event_readers", "Who follows events.", Labels.EMPTY, readers.size()));
        EventSink counted = (kind, sr, vdi, job, data) -> {
            metrics.event(kind);
            String pause = data.get(PAUSE);
            if (pause != null && !pause.equals("0")) {
                metrics.pause(Long.parseLong(pause));
            }
            log.happened(kind, sr, vdi, job, data);
        };
        sink = counted;
        observed = ObservedHost.of(host, counted);
        Watch watch = new Watch(host, counted);
        ticker.every(Duration.ofSeconds(1), watch::look);
        ticker.every(BEAT, () -> send(() -> readers.forEach(EventStream::beat)));
        log.onNews(this::news);
    }

    private void news() {
        if (!readers.isEmpty() && newsAreDue.compareAndSet(false, true)) {
            send(() -> {
                newsAreDue.set(false);
                readers.forEach(EventStream::news);
            });
        }
    }

    private void send(Runnable task) {
        try {
            sender.execute(task);
        } catch (RejectedExecutionException e) {
            LOG.log(Level.FINE, "the agent ends", e);
        }
    }

    public StorageHost observed() {
        return observed;
    }

    /** Returns what takes further events. */
    public EventSink sink() {
        return sink;
    }

    /**
     * Returns what streams the events that a call wants.
     *
     * @param lastId of the last event that the reader has, as it says; null for none, so that it begins with what comes
     * @return null if there are too many readers, or too many of this caller
     */
    public @Nullable Streamed stream(Call call, @Nullable Long lastId) {
        long after = lastId == null
                ? call.parameters().number("since", 0, Long.MAX_VALUE).orElseGet(log::lastId)
                : lastId;
        Predicate<Event> wanted = EventRoutes.wanted(call);
        CallerShares.Place place = places.tryToTake(call.caller());
        if (place == null) {
            return null;
        }
        EventStream stream = new EventStream(log, after, wanted, reader -> gone(reader, place));
        readers.add(stream);
        return stream::begin;
    }

    private void gone(EventStream reader, CallerShares.Place place) {
        readers.remove(reader);
        place.close();
        if (reader.wasSlow()) {
            metrics.readerDropped();
        }
    }

    /** Cuts all readers off: the server ends, and they come back to the next one. */
    public void dropReaders() {
        readers.forEach(EventStream::drop);
    }

    @Override
    public void close() {
        sender.shutdown();
    }
}
