package io.catena.agent.mirror;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Ends connections that do not answer, which who waits for an answer cannot do. Has a thread until it is closed. */
final class LinkWatch implements AutoCloseable {
    private static final long LOOK_MILLIS = 250;

    private final Supplier<@Nullable Link> current;
    private final Duration patience;
    private final End end;
    private final CountDownLatch closed = new CountDownLatch(1);

    private LinkWatch(Supplier<@Nullable Link> current, Duration patience, End end) {
        this.current = current;
        this.patience = patience;
        this.end = end;
    }

    /** Ends a connection. */
    interface End {
        void broken(Link link, IOException reason) throws IOException;
    }

    /**
     * Begins to watch.
     *
     * @param current returns the connection as it is now; null if there is none
     * @param patience how long an answer may take
     */
    static LinkWatch start(Supplier<@Nullable Link> current, Duration patience, End end) {
        LinkWatch watch = new LinkWatch(current, patience, end);
        Thread thread = new Thread(watch::run, "mirror-watch");
        thread.setDaemon(true);
        thread.start();
        return watch;
    }

    private void run() {
        try {
            while (!closed.await(Math.min(LOOK_MILLIS, patience.toMillis()), TimeUnit.MILLISECONDS)) {
                look();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        Link link = current.get();
        if (link == null || !link.isStuck(patience)) {
            return;
        }
        try {
            end.broken(link, new IOException("the copy did not answer within " + patience.toMillis() + " ms"));
        } catch (IOException e) {
            // It is closed all the same; the next look finds out if not.
            return;
        }
    }

    @Override
    public void close() {
        closed.countDown();
    }
}
