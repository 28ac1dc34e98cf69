package io.catena.agent.api.event;

import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.jspecify.annotations.Nullable;

/**
 * One reader of server-sent events: a place in the log, one write under way, no thread and no queue, so that a reader costs the
 * same however far behind it is. Who does not read is dropped, and comes back with the id of the last event that it has. Who
 * is not let in any more is told nothing more, and is cut off with the next event or beat.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class EventStream extends IteratingCallback {
    /** How many events may happen while one write waits for the reader. */
    static final int MOST_BEHIND = 1024;

    private static final Logger LOG = Logger.getLogger(EventStream.class.getName());

    private final EventLog log;
    private final Predicate<Event> wanted;
    private final Consumer<EventStream> gone;
    private volatile BooleanSupplier stillMay = () -> true;
    private volatile @Nullable Response response;

    /** The id of the last event that the reader was given, or does not want. Guarded by this, as is all that follows. */
    private long at;

    /** The id that the reader knows of. */
    private long told;

    /** The id of the newest event when the write that is under way began; none is if it is negative. */
    private long writingSince = -1;

    private String preface = "retry: 2000\n";
    private boolean beatIsDue;
    private @Nullable Callback end;
    private boolean over;
    private boolean slow;

    /**
     * @param after the id of the last event that the reader has
     * @param gone called once when the reader is no more
     */
    EventStream(EventLog log, long after, Predicate<Event> wanted, Consumer<EventStream> gone) {
        this.log = log;
        this.wanted = wanted;
        this.gone = gone;
        at = after;
        told = -1;
    }

    /** Begins with what happened behind the last event that the reader has. */
    void begin(Response to, Callback whenOver, BooleanSupplier mayStill) {
        stillMay = mayStill;
        to.setStatus(200);
        to.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream");
        synchronized (this) {
            end = whenOver;
        }
        response = to;
        iterate();
    }

    /** Something may have happened. */
    void news() {
        if (!stillMay.getAsBoolean()) {
            end();
            return;
        }
        boolean behind;
        synchronized (this) {
            behind = writingSince >= 0 && log.lastId() - writingSince > MOST_BEHIND;
            slow |= behind;
        }
        if (behind) {
            LOG.info(LogLine.of("event-reader-dropped", "reason", "slow"));
            close(new IOException("more than " + MOST_BEHIND + " events happened while the reader took nothing"));
        } else {
            iterate();
        }
    }

    /** Nothing was sent for a while: proxies are to keep the connection. */
    void beat() {
        if (!stillMay.getAsBoolean()) {
            end();
            return;
        }
        synchronized (this) {
            beatIsDue = true;
        }
        iterate();
    }

    private void end() {
        close(new IOException("the reader is not let in any more"));
    }

    @Override
    protected Action process() {
        Response to = response;
        byte[] bytes = to == null ? new byte[0] : next();
        if (to == null || bytes.length == 0) {
            return Action.IDLE;
        }
        to.write(false, ByteBuffer.wrap(bytes), this);
        return Action.SCHEDULED;
    }

    private synchronized byte[] next() {
        writingSince = -1;
        if (over) {
            return new byte[0];
        }
        EventLog.Piece piece = log.piece(at, wanted);
        at = piece.last();
        byte[] bytes = bytes(piece);
        if (bytes.length > 0) {
            writingSince = piece.newest();
        }
        return bytes;
    }

    /** Where the reader is it learns with each event; without one at the beginning, and with a beat if it got on. */
    private byte[] bytes(EventLog.Piece piece) {
        String first = preface;
        preface = "";
        boolean quiet = piece.blocks().length == 0;
        if (piece.reset()) {
            first += "id: " + at + "\nevent: reset\ndata: {}\n\n";
        } else if (quiet && (!first.isEmpty() || beatIsDue)) {
            first += at == told ? ":\n\n" : "id: " + at + "\n\n";
        }
        if (!quiet || !first.isEmpty()) {
            beatIsDue = false;
            told = at;
        }
        return first.isEmpty() ? piece.blocks() : joined(first.getBytes(StandardCharsets.UTF_8), piece.blocks());
    }

    private static byte[] joined(byte[] first, byte[] then) {
        return ByteBuffer.allocate(first.length + then.length)
                .put(first)
                .put(then)
                .array();
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
    protected void onFailure(Throwable failure) {
        close(failure);
    }

    private void close(Throwable why) {
        Callback whenOver;
        synchronized (this) {
            if (over) {
                return;
            }
            over = true;
            whenOver = end;
        }
        gone.accept(this);
        LOG.log(Level.FINE, "a reader of events is gone", why);
        if (whenOver != null) {
            whenOver.failed(why);
        }
    }
}
