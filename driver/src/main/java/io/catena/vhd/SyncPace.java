package io.catena.vhd;

import java.io.IOException;

/**
 * Makes what is copied durable in small steps, so that little of it waits in the system's cache: on many file systems the
 * flush of a guest writes out whatever is in the cache before it is answered.
 *
 * <p><b>Threads.</b> Used by one thread at a time.
 */
public final class SyncPace {
    /** An ordinary hard disk writes this in less than a tenth of a second. */
    private static final long STEP_BYTES = 8 << 20;

    private final SectorCopier copier;
    private final Flush flush;
    private long durableBytes;

    /** Makes durable what was written. */
    @FunctionalInterface
    public interface Flush {
        void run() throws IOException;
    }

    /**
     * @param copier knows how much was written
     */
    public SyncPace(SectorCopier copier, Flush flush) {
        this.copier = copier;
        this.flush = flush;
    }

    /** Flushes if a step's bytes were written since the last time; what is shared costs no writing. */
    public void copied() throws IOException {
        if (copier.writtenBytes() - durableBytes >= STEP_BYTES) {
            flush.run();
            durableBytes = copier.writtenBytes();
        }
    }
}
