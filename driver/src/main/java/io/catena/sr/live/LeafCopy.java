package io.catena.sr.live;

import io.catena.api.JobControl;
import java.io.Closeable;
import java.io.IOException;

/**
 * What garbage collection does with the files of a detached disk's leaf and its base copy, a round at a time, until the disk
 * is to be used.
 *
 * <p><b>Threads.</b> {@link #round} by one thread; {@link #stop} by any.
 */
public final class LeafCopy {
    private final Rounds rounds;
    private final Object running = new Object();

    /** Whether the files are closed; guarded by running. */
    private boolean closed;

    private volatile boolean stopped;

    /** Work that may be stopped after each round; closing it leaves both files complete. */
    public interface Rounds extends Closeable {
        /** Returns whether there is more to do. */
        public boolean round(JobControl control) throws IOException;
    }

    public LeafCopy(Rounds rounds) {
        this.rounds = rounds;
    }

    /**
     * Does some work; returns whether there is more.
     *
     * @throws IOException also if it was stopped
     */
    public boolean round(JobControl control) throws IOException {
        synchronized (running) {
            if (stopped) {
                throw new ChangedMeanwhileException("the disk was used meanwhile");
            }
            return rounds.round(control);
        }
    }

    /** Ends the work, for good; returns when both files are closed. Waits for the disk: for a round that runs, and for syncs. */
    public void stop() throws IOException {
        stopped = true;
        synchronized (running) {
            if (!closed) {
                closed = true;
                rounds.close();
            }
        }
    }
}
