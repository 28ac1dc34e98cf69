package io.catena.store;

import io.catena.log.LogLine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A storage on which to delete or replace a large file takes no time: a file system gives back its extents one after another, which takes
 * seconds, and the caller may have a lock that others wait for.
 *
 * <ol>
 *   <li>{@link #delete} moves the file to where nothing is trusted. Where that fails, for instance since the file system is
 *       too full for another name, it is deleted at once.
 *   <li>{@link #giveBack}, to be called without the lock, deletes it. Should it not come to that, the next attach does so.
 * </ol>
 *
 * <p>A large file that {@link #rename} replaces is kept open until {@link #giveBack}: its extents go with the last who has it
 * open, so nothing of it is left if the process dies.
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

    /** What was replaced. Guarded by this. */
    private List<BlockFile> replaced = new ArrayList<>();

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

    @Override
    public void rename(String from, String to) throws IOException {
        BlockFile old = isNode(to) && isLarge(to) ? openIfPossible(to) : null;
        try {
            super.rename(from, to);
        } finally {
            if (old != null) {
                note(old);
            }
        }
    }

    /** Who cannot open a file can replace it all the same. */
    private @Nullable BlockFile openIfPossible(String name) {
        try {
            return openReadOnly(name);
        } catch (IOException e) {
            return null;
        }
    }

    private synchronized void note(BlockFile file) {
        replaced.add(file);
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

    /** Gives back what was deleted or replaced since the last call. */
    public void giveBack() {
        List<String> names;
        List<BlockFile> files;
        synchronized (this) {
            names = left;
            left = new ArrayList<>();
            files = replaced;
            replaced = new ArrayList<>();
        }
        names.forEach(this::deleteMoved);
        files.forEach(LateDeletion::close);
    }

    private void deleteMoved(String name) {
        try {
            super.delete(name);
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("deleted-file-stays", "file", name, "cause", e.getMessage()));
        }
    }

    private static void close(BlockFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    LogLine.of("replaced-file-not-closed", "file", file.name(), "cause", e.getMessage()));
        }
    }
}
