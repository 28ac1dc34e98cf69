package io.catena.agent.api.event;

import io.catena.agent.control.Call;
import io.catena.agent.control.Streamed;
import io.catena.agent.metrics.Metrics;
import io.catena.agent.state.Ticker;
import io.catena.api.StorageHost;
import io.prometheus.metrics.model.snapshots.Labels;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Where events come from, and where they go to. Safe for use by many threads. */
public final class Events {
    static final int MOST_READERS = 512;

    private static final String PAUSE = "pauseMicros";

    private final EventLog log;
    private final StorageHost observed;
    private final EventSink sink;
    private final Ticker ticker;
    private final Metrics metrics;
    private final Set<EventStream> readers = ConcurrentHashMap.newKeySet();

    /**
     * @param host the real one
     * @param ticker looks at jobs once a second
     */
    public Events(EventLog log, StorageHost host, Metrics metrics, Ticker ticker) {
        this.log = log;
        this.ticker = ticker;
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
     * @return null if there are too many readers
     */
    public @Nullable Streamed stream(Call call, @Nullable Long lastId) {
        if (readers.size() >= MOST_READERS) {
            return null;
        }
        long after = lastId == null
                ? call.parameters().number("since", 0, Long.MAX_VALUE).orElseGet(log::lastId)
                : lastId;
        EventStream stream = new EventStream(EventRoutes.wanted(call), this::gone);
        readers.add(stream);
        return (response, callback) -> stream.begin(log, after, ticker, response, callback);
    }

    private void gone(EventStream reader) {
        readers.remove(reader);
        if (reader.wasSlow()) {
            metrics.readerDropped();
        }
    }

    /** Cuts all readers off: the server ends, and they come back to the next one. */
    public void dropReaders() {
        readers.forEach(EventStream::drop);
    }
}
