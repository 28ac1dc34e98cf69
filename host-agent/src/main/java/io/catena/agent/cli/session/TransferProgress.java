package io.catena.agent.cli.session;

import io.catena.agent.cli.text.ProgressBar;
import io.catena.agent.cli.text.Size;
import io.catena.agent.cli.text.Table;
import io.catena.agent.control.client.RepeatedUpload;
import io.catena.agent.copy.Pace;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** What each piece of a transfer brings: the terminal shows how far it got, and who is too fast waits. For one thread. */
final class TransferProgress implements RepeatedUpload.Watcher {
    private static final long NANOS_BETWEEN_SIGNS = 200_000_000;
    private static final double MILLIS = 1000;

    private final Session session;
    private final Pace pace;
    private final LongConsumer rest;
    private long lastSignNanos;
    private long begunNanos;
    private long begunBytes;
    private boolean isOnLine;
    private long doneBytes;
    private long ofBytes;

    /**
     * @param rate bytes in a second; null for no limit
     */
    TransferProgress(Session session, @Nullable Size rate) {
        this(session, rate, LockSupport::parkNanos);
    }

    /**
     * @param rest waits for so many nanoseconds
     */
    TransferProgress(Session session, @Nullable Size rate, LongConsumer rest) {
        this.session = session;
        this.pace = new Pace(rate == null ? 0 : rate.bytes());
        this.rest = rest;
    }

    @Override
    public void done(long bytes, long wholeBytes) {
        ofBytes = wholeBytes;
        show(bytes, ofBytes);
        pace.sent(bytes - doneBytes, rest);
        doneBytes = bytes;
    }

    @Override
    public void brokeOff(String why, long waitNanos) {
        say(why + "; again in " + TimeUnit.NANOSECONDS.toMillis(waitNanos) / MILLIS + " s; " + far(doneBytes, ofBytes));
    }

    @Override
    public void goesOn(long from, long wholeBytes) {
        ofBytes = wholeBytes;
        say(from == 0 ? "The agent has kept nothing; sending all again" : "Going on from " + far(from, ofBytes));
        doneBytes = from;
        begunNanos = 0;
    }

    private static String far(long bytes, long ofBytes) {
        return Size.format(bytes) + " of " + Size.format(ofBytes);
    }

    private void say(String text) {
        end();
        session.err().println("catena: " + Table.printable(text));
        session.err().flush();
    }

    private void show(long done, long of) {
        long now = System.nanoTime();
        if (!session.terminal()) {
            return;
        }
        if (begunNanos == 0) {
            begunNanos = now;
            begunBytes = done;
        }
        boolean isWhole = done == of;
        if (now - lastSignNanos > NANOS_BETWEEN_SIGNS || isWhole) {
            lastSignNanos = now;
            isOnLine = !isWhole;
            session.err().print(ProgressBar.over(line(done, of, now)) + (isWhole ? "\n" : ""));
            session.err().flush();
        }
    }

    private String line(long done, long of, long now) {
        long millis = TimeUnit.NANOSECONDS.toMillis(now - begunNanos);
        long rate = millis < MILLIS ? 0 : (long) (MILLIS * (done - begunBytes) / millis);
        String speed = rate == 0 ? "" : ", " + Size.format(rate) + "/s";
        if (of < 0) {
            return Size.format(done) + speed;
        }
        String left = rate == 0 || done == of ? "" : ", " + (of - done) / rate + " s left";
        return ProgressBar.bar(done, of) + " " + far(done, of) + speed + left;
    }

    /** What comes next begins on a line of its own. */
    void end() {
        if (isOnLine) {
            isOnLine = false;
            session.err().println();
            session.err().flush();
        }
    }
}
