package io.catena.sr.live;

import io.catena.disk.ChainSwitch;
import io.catena.disk.DiskBusyException;
import io.catena.log.LogLine;
import io.catena.sr.tree.Aside;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The open files that disks have left while requests were under way that may still use them. They stay open until those have ended,
 * also if their names are gone by then; so a disk whose storage hangs keeps no other waiting. The system gives back the room of a
 * deleted file when it is closed, which can take long.
 *
 * <p><b>Threads.</b> Safe for use by many threads; to be used without the SR's tree lock, but for {@link #add} and {@link #closeAll}.
 */
final class LeftNodes {
    private static final Logger LOG = System.getLogger(LeftNodes.class.getName());

    private static final Duration SOON = Duration.ofMillis(50);

    /** Guarded by this. */
    private List<Left> left = new ArrayList<>();

    /** Whether nothing is kept open any more; guarded by this. */
    private boolean closed;

    /** What disks have left at one instant. Used by one thread at a time. */
    private static final class Left {
        private final List<ChainSwitch> since;
        private final Aside.Step closing;
        private Duration waited = Duration.ZERO;

        Left(List<ChainSwitch> since, Aside.Step closing) {
            this.since = since;
            this.closing = closing;
        }

        boolean isUnused(Duration patience) {
            Duration rest = patience.compareTo(waited) > 0 ? patience.minus(waited) : Duration.ZERO;
            waited = waited.plus(rest);
            try {
                for (ChainSwitch each : since) {
                    each.awaitAllBefore(rest);
                }
                return true;
            } catch (DiskBusyException e) {
                return false;
            }
        }

        void close() {
            try {
                closing.take();
            } catch (IOException e) {
                // Nobody needs it; what it holds is elsewhere.
                LOG.log(Level.WARNING, LogLine.of("nodes-not-closed", "cause", e.getMessage()));
            }
        }
    }

    /**
     * Notes what is to be closed when all requests have ended that began before disks went on without it.
     *
     * @param since how they did
     */
    void add(List<ChainSwitch> since, Aside.Step closing) {
        put(List.of(new Left(since, closing)));
    }

    private void put(List<Left> more) {
        synchronized (this) {
            if (!closed) {
                left.addAll(more);
                return;
            }
        }
        more.forEach(Left::close);
    }

    private synchronized List<Left> take() {
        List<Left> all = left;
        left = new ArrayList<>();
        return all;
    }

    /**
     * Closes what disks have just left, if requests end as fast as they mostly do; so a file is seldom open when it is deleted. Also by
     * who has the SR's turn.
     */
    void closeSoon() {
        closeUnused(SOON);
    }

    /**
     * Closes what no request uses any more.
     *
     * @param patience for the requests before; what was waited for so long in vain is not waited for again
     */
    void closeUnused(Duration patience) {
        List<Left> used = new ArrayList<>();
        for (Left each : take()) {
            if (each.isUnused(patience)) {
                each.close();
            } else {
                used.add(each);
            }
        }
        put(used);
    }

    /** Closes all, after no disk is served any more. */
    void closeAll() {
        synchronized (this) {
            closed = true;
        }
        take().forEach(Left::close);
    }
}
