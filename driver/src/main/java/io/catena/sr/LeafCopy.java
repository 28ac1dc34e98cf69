package io.catena.sr;

import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;

/**
 * The copying of a detached disk's leaf to its base copy, which ends when the disk is to be used: a guest that gives up a
 * block of the leaf must not find it in the base copy afterwards.
 *
 * <p><b>Threads.</b> {@link #run} by one thread; {@link #stop} by any.
 */
final class LeafCopy {
    private final ChainFile leaf;
    private final ChainFile baseCopy;
    private final Object running = new Object();
    private volatile boolean stopped;

    LeafCopy(ChainFile leaf, ChainFile baseCopy) {
        this.leaf = leaf;
        this.baseCopy = baseCopy;
    }

    /** Returns the leaf as it was before. */
    ChainFile leaf() {
        return leaf;
    }

    /**
     * Copies everything; durable when this returns.
     *
     * @return the number of bytes copied
     * @throws SrException with {@link SrError#VDI_IN_USE} if it was stopped
     */
    long run(Storage storage, JobControl control) throws IOException {
        synchronized (running) {
            return new PushDown(storage, new Stoppable(control)).copy(leaf, baseCopy);
        }
    }

    /** Ends the copying; returns when both files are closed. */
    void stop() {
        stopped = true;
        synchronized (running) {
            // It is over.
        }
    }

    private final class Stoppable implements JobControl {
        private final JobControl control;

        Stoppable(JobControl control) {
            this.control = control;
        }

        @Override
        public void phase(String text) {
            control.phase(text);
        }

        @Override
        public void addTotal(long bytes) {
            control.addTotal(bytes);
        }

        @Override
        public void done(long bytes) {
            control.done(bytes);
        }

        @Override
        public void checkCancelled() {
            if (stopped) {
                throw new SrException(SrError.VDI_IN_USE, "the disk was used meanwhile")
                        .correction("Run garbage collection again.");
            }
            control.checkCancelled();
        }
    }
}
