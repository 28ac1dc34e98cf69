package io.catena.vhd;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The flushes of one file, one after another: one that begins covers all requests that were made before, so those who wait meanwhile
 * share the next.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class GroupFlush {
    /** Makes durable what was written before it began. */
    @FunctionalInterface
    interface Flush {
        void run() throws IOException;
    }

    private final String file;
    private final Flush flush;
    private final AtomicLong asked = new AtomicLong();

    /** The last request that a finished flush covers; guarded by this. */
    private long done;

    /** Whether nothing is ever written again; guarded by this. */
    private boolean retired;

    /** Why nothing is ever written again though not all is durable; guarded by this. */
    private @Nullable IOException abandoned;

    /**
     * @param file its name, for messages
     */
    GroupFlush(String file, Flush flush) {
        this.file = file;
        this.flush = flush;
    }

    void flush() throws IOException {
        long mine = asked.incrementAndGet();
        synchronized (this) {
            // The flush before this one may have begun after we asked, or the file is sealed for good: nothing left to
            // do.
            IOException broken = abandoned;
            if (broken != null) {
                throw new IOException(
                        file
                                + ": what was written before could not be made durable; detach the disk and attach it"
                                + " again: " + broken.getMessage(),
                        broken);
            }
            if (done < mine && !retired) {
                long covered = asked.get();
                flush.run();
                done = covered;
            }
        }
    }

    /** Does something while no flush runs. */
    synchronized void between(Flush work) throws IOException {
        work.run();
    }

    /** From now on there is nothing to flush: one that was asked for long ago may come only now. */
    synchronized void retire() {
        retired = true;
    }

    /** From now on all flushes fail. */
    synchronized void abandon(IOException reason) {
        abandoned = reason;
    }
}
