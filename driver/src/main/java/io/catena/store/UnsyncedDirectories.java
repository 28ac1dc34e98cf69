package io.catena.store;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which directories' names a power cut could still take back.
 *
 * <p>Those are the directories in which this process changed names, and those it has seen for the first time: a process
 * that died before may have left changes there, and a recovery that finds a rename done must be able to make it durable.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class UnsyncedDirectories {
    /** Others can make more, and rename them; to sync some twice costs little. */
    private static final int MOST_SEEN = 50_000;

    private final Path root;
    private final DirectorySync directorySync;

    /** Guarded by this, like {@link #unsynced}. */
    private final Set<Path> seen = new HashSet<>();

    /** Those of them that were asked for by name: who asks again need not be understood again. Guarded by this. */
    private final Set<String> seenNames = new HashSet<>();

    /** Those whose own name needs no sync any more than {@link #unsynced} tells. Guarded by this. */
    private final Set<Path> there = new HashSet<>();

    private final Set<Path> unsynced = new TreeSet<>();

    /** Held while syncing: who finds nothing left to sync must not return before another's sync is done. */
    private final Object syncing = new Object();

    UnsyncedDirectories(Path root, DirectorySync directorySync) {
        this.root = root;
        this.directorySync = directorySync;
    }

    /** Tells that the directory of a file below the root is being used. */
    synchronized void seeDirectoryOf(String name) {
        String directory = name.substring(0, Math.max(0, name.lastIndexOf('/')));
        if (!seenNames.contains(directory)) {
            see(root.resolve(directory));
            seenNames.add(directory);
        }
    }

    /** Tells that a directory below the root is being used. */
    synchronized void see(Path directory) {
        if (seen.size() > MOST_SEEN) {
            seen.clear();
            seenNames.clear();
            there.clear();
        }
        for (Path at = directory; at.startsWith(root) && seen.add(at); at = Root.parent(at)) {
            unsynced.add(at);
        }
    }

    /**
     * Tells that a directory, not the root, was found where a name is to be made in it. Whoever made it, maybe at this moment, may
     * not have told {@link #changed} or synced yet: at the first time its own name is taken for unsynced.
     */
    synchronized void isThere(Path directory) {
        if (there.add(directory)) {
            changed(Root.parent(directory));
        }
    }

    /** Tells that names in a directory may have changed. Called after the change, so that no sync can come before it. */
    synchronized void changed(Path directory) {
        see(directory);
        unsynced.add(directory);
    }

    /**
     * Syncs what needs it.
     *
     * @throws IOException the first failure, after the other directories have been tried; those that failed will be tried
     *     again by the next call
     */
    void sync() throws IOException {
        synchronized (syncing) {
            IOException failure = null;
            for (Path directory : take()) {
                failure = firstOf(failure, sync(directory));
            }
            if (failure != null) {
                throw failure;
            }
        }
    }

    /** Empties the set before the syncs begin, so that changes made meanwhile are not forgotten. */
    private synchronized List<Path> take() {
        List<Path> taken = List.copyOf(unsynced);
        unsynced.clear();
        return taken;
    }

    private @Nullable IOException sync(Path directory) {
        try {
            directorySync.sync(directory);
            return null;
        } catch (NoSuchFileException gone) {
            return null; // and its names with it
        } catch (IOException e) {
            changed(directory);
            return new IOException("cannot sync the directory " + directory + ": " + e.getMessage(), e);
        }
    }

    private static @Nullable IOException firstOf(@Nullable IOException first, @Nullable IOException next) {
        if (first == null) {
            return next;
        }
        if (next != null) {
            first.addSuppressed(next);
        }
        return first;
    }

    /** Makes the names in one directory durable. */
    @FunctionalInterface
    interface DirectorySync {
        void sync(Path directory) throws IOException;
    }
}
