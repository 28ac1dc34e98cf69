package io.catena.store;

import io.catena.log.LogLine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A storage on which to delete a large file takes no time: a file system gives back its extents one after another, which takes
 * seconds, and the caller may have a lock that others wait for.
 *
 * <ol>
 *   <li>{@link #delete} moves the file to where nothing is trusted. Where that fails, for instance since the file system is
 *       too full for another name, it is deleted at once.
 *   <li>{@link #giveBack}, to be called without the lock, deletes it. Should it not come to that, the next attach does so.
 * </ol>
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class LateDeletion extends ForwardingStorage {
    /** A file that takes less is gone in a moment. */
    private static final long LARGE_BYTES = 64L << 20;

    private static final String DIRECTORY = ".catena/tmp/";
    private static final Logger LOG = System.getLogger(LateDeletion.class.getName());

    private final long largeBytes;
    private final AtomicLong moved = new AtomicLong();

    /** What was moved. Guarded by this. */
    private List<String> left = new ArrayList<>();

    public LateDeletion(Storage storage) {
        this(storage, LARGE_BYTES);
    }

    /**
     * As {@link #LateDeletion(Storage)}.
     *
     * @param largeBytes from how many bytes on the file system on a file is moved
     */
    public LateDeletion(Storage storage, long largeBytes) {
        super(storage);
        this.largeBytes = largeBytes;
    }

    @Override
    public void delete(String name) throws IOException {
        if (isNode(name) && isLarge(name)) {
            String aside = DIRECTORY + "deleted-" + moved.incrementAndGet() + "-" + name;
            try {
                rename(name, aside);
                note(aside);
                return;
            } catch (IOException e) {
                // Whatever is in the way, deleting the file tells.
            }
        }
        super.delete(name);
    }

    private static boolean isNode(String name) {
        return !name.contains("/");
    }

    private boolean isLarge(String name) throws IOException {
        return exists(name) && info(name).allocatedBytes() >= largeBytes;
    }

    private synchronized void note(String name) {
        left.add(name);
    }

    /** Deletes what was moved since the last call. */
    public void giveBack() {
        List<String> names;
        synchronized (this) {
            if (left.isEmpty()) {
                return;
            }
            names = left;
            left = new ArrayList<>();
        }
        for (String name : names) {
            try {
                super.delete(name);
            } catch (IOException e) {
                LOG.log(Level.WARNING, LogLine.of("deleted-file-stays", "file", name, "cause", e.getMessage()));
            }
        }
    }
}
