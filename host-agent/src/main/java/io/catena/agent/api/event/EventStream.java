package io.catena.agent.api.event;

import io.catena.agent.json.Json;
import io.catena.agent.state.Ticker;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * One reader of server-sent events: a queue, one write under way, no thread. Who does not keep up is dropped, and comes back
 * with the id of the last event that it has.
 */
final class EventStream implements Callback {
    /** What a reader may be behind by. */
    static final int MOST_WAITING = 1024;

    private static final Logger LOG = Logger.getLogger(EventStream.class.getName());
    private static final Duration QUIET = Duration.ofSeconds(15);

    private final Predicate<Event> wanted;
    private final Consumer<EventStream> gone;

    /** Guarded by this, as is all that follows. */
    private final Deque<ByteBuffer> waiting = new ArrayDeque<>();

    private @Nullable Response response;
    private @Nullable Callback end;
    private boolean writing;
    private boolean over;
    private boolean slow;
    private Runnable unlisten = () -> {};
    private Runnable beat = () -> {};

    /**
     * @param gone called once when the reader is no more
     */
    EventStream(Predicate<Event> wanted, Consumer<EventStream> gone) {
        this.wanted = wanted;
        this.gone = gone;
    }

    /** Begins with what happened behind {@code after}. */
    void begin(EventLog log, long after, Ticker ticker, Response to, Callback whenOver) {
        synchronized (this) {
            response = to;
            end = whenOver;
            beat = ticker.every(QUIET, () -> offer(":\n\n"));
        }
        to.setStatus(200);
        to.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
        // Until another event comes the reader is where the answer began.
        Runnable stop = log.listen(after, page -> offer(beginning(page)), this::tell);
        synchronized (this) {
            if (!over) {
                unlisten = stop;
                return;
            }
        }
        stop.run();
    }

    private String beginning(EventLog.Page page) {
        StringBuilder text = new StringBuilder("retry: 2000\n");
        if (page.reset()) {
            text.append("id: ").append(page.last()).append("\nevent: reset\ndata: {}\n\n");
            return text.toString();
        }
        List<Event> missed = page.events().stream().filter(wanted).toList();
        if (missed.isEmpty()) {
            text.append("id: ").append(page.last()).append("\n\n");
        }
        // Else the id comes with each event: who is cut off in between has not had them all.
        missed.forEach(event -> text.append(line(event)));
        return text.toString();
    }

    private void tell(Event event) {
        if (wanted.test(event)) {
            offer(line(event));
        }
    }

    private static String line(Event event) {
        return "id: " + event.id() + "\nevent: " + event.kind() + "\ndata: " + Json.write(event) + "\n\n";
    }

    private void offer(String text) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        boolean behind;
        synchronized (this) {
            if (over) {
                return;
            }
            behind = waiting.size() >= MOST_WAITING;
            slow |= behind;
            if (!behind) {
                waiting.add(bytes);
                if (writing) {
                    return;
                }
                writing = true;
            }
        }
        if (behind) {
            LOG.info(LogLine.of("event-reader-dropped", "reason", "slow"));
            close(new IOException("the reader is " + MOST_WAITING + " events behind"));
        } else {
            next();
        }
    }

    private void next() {
        ByteBuffer bytes;
        Response to;
        synchronized (this) {
            bytes = waiting.poll();
            to = response;
            if (bytes == null || to == null || over) {
                writing = false;
                return;
            }
        }
        to.write(false, bytes, this);
    }

    /** Whether the reader was cut off because it did not read. */
    synchronized boolean wasSlow() {
        return slow;
    }

    /** Cuts the reader off. */
    void drop() {
        close(new IOException("the agent ends"));
    }

    @Override
    public void succeeded() {
        next();
    }

    @Override
    public void failed(Throwable failure) {
        close(failure);
    }

    private void close(Throwable why) {
        Callback whenOver;
        Runnable stop;
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
            waiting.clear();
            whenOver = end;
            stop = unlisten;
            beat.run();
        }
        stop.run();
        gone.accept(this);
        LOG.log(Level.FINE, "a reader of events is gone", why);
        if (whenOver != null) {
            whenOver.failed(why);
        }
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }
}
