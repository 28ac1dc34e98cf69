package io.catena.sr.live;

import io.catena.api.JobControl;
import io.catena.vhd.Layer;
import java.io.Closeable;
import java.io.IOException;

/**
 * Copies into an attached disk's leaf what its base copy has and it lacks, while the guest works: see {@link Fill}.
 *
 * <p><b>Threads.</b> {@link #round} and {@link #close} by the garbage collector's; {@link #stop} under the SR's tree lock, also while a round
 * runs, which then soon ends.
 */
public final class LiveFill implements Closeable {
    private final Fill fill;
    private final Layer source;
    private final Object round = new Object();
    private volatile boolean ended;

    /**
     * @param source from which {@code fill} takes; closed by {@link #close}
     */
    LiveFill(Fill fill, Layer source) {
        this.fill = fill;
        this.source = source;
    }

    public Fill fill() {
        return fill;
    }

    /**
     * Copies some of what is lacking; returns whether there is more.
     *
     * @throws IOException also if it was stopped, for something else is to be done with the disk
     */
    public boolean round(JobControl control) throws IOException {
        synchronized (round) {
            checkNotEnded();
            return fill.round(control);
        }
    }

    public void checkNotEnded() throws IOException {
        if (ended) {
            throw new ChangedMeanwhileException("the disk was detached, cut or changed meanwhile");
        }
    }

    /** Ends the rounds, for good; returns when none runs any more. */
    public void stop() {
        ended = true;
        synchronized (round) {
            // The last one is over.
        }
    }

    /** To be called after {@link #stop}. */
    @Override
    public void close() throws IOException {
        source.close();
    }
}
