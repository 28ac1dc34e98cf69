package io.catena.vhd;

import java.io.IOException;

/**
 * Makes what is copied durable in steps, so that little of it waits in a cache: on many file systems the flush of a guest
 * writes out whatever is in the system's before it is answered, and everywhere the disk whatever is in its own.
 *
 * <p>What was {@link SectorCopier#writeOut written out} is on its way to the disk already. A sync of that costs guests more
 * than it saves them: their writes wait for the file system's journal, which it has written. So it is done seldom.
 *
 * <p><b>Threads.</b> Used by one thread at a time.
 */
public final class SyncPace {
    /** So much may wait in the system's cache: an ordinary hard disk writes this in less than a tenth of a second. */
    private static final long CACHED_BYTES = 8 << 20;

    /** So much may wait in the disk's, few of which are larger. */
    private static final long WRITTEN_BYTES = 64 << 20;

    private final SectorCopier copier;
    private final Flush flush;

    /** How much had been written when {@link #flush} was last called. */
    private long syncedBytes;

    /** Makes durable what was written. */
    @FunctionalInterface
    public interface Flush {
        void run() throws IOException;
    }

    /**
     * @param copier knows how much was written, and written out
     */
    public SyncPace(SectorCopier copier, Flush flush) {
        this.copier = copier;
        this.flush = flush;
    }

    /** Flushes if a step's bytes were written since the last time; what is shared costs no writing. */
    public void copied() throws IOException {
        if (copier.cachedBytes() >= CACHED_BYTES || copier.writtenBytes() - syncedBytes >= WRITTEN_BYTES) {
            flush.run();
            copier.wasSynced();
            syncedBytes = copier.writtenBytes();
        }
    }
}
