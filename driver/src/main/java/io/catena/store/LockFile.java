package io.catena.store;

import io.catena.store.ConfinedFiles.Access;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A locked file that stands for a whole directory, as long as it has its name.
 *
 * <p>The files locked by this process are known by their identities: nobody in it may open one of them a second time, by
 * whatever path, since a lock that the kernel counts per process would be dropped by the closing.
 */
final class LockFile implements StorageLock {
    private static final Set<String> HELD = ConcurrentHashMap.newKeySet();

    private final Path root;
    private final ConfinedFiles files;
    private final String name;
    private final OpenFile file;

    /** Of the directory as it was when it was locked. */
    private final String rootIdentity;

    /** Guarded by this, like those below. */
    private final List<Runnable> listeners = new ArrayList<>();

    private @Nullable LeaseLostException lost;
    private boolean closed;

    private LockFile(Path root, ConfinedFiles files, String name, OpenFile file, String rootIdentity) {
        this.root = root;
        this.files = files;
        this.name = name;
        this.file = file;
        this.rootIdentity = rootIdentity;
    }

    /**
     * Locks a file, which is created if it does not exist; its directory must.
     *
     * <ol>
     *   <li>Refuse a directory that somebody else can change: he could replace the file at any time.
     *   <li>Refuse a file that this process has locked, before it is opened.
     *   <li>Open and lock it.
     *   <li>Make sure that it still has its name, or the lock is one on nothing.
     * </ol>
     *
     * @throws StorageLockedException if this process or another holds the lock
     */
    static LockFile take(Path root, ConfinedFiles files, String name) throws IOException {
        checkDirectory(root, files, name.substring(0, Math.max(0, name.lastIndexOf('/'))));
        makeIfAbsent(files, name);
        checkNotHeld(root, files, name);
        OpenFile file = files.open(name, Access.WRITE);
        boolean locked = false;
        try {
            if (!HELD.add(file.stat().identity())) {
                throw held(root, name);
            }
            try {
                if (!file.tryLock()) {
                    throw new StorageLockedException(
                            root + " is in use: another agent, maybe on another host, holds" + " the lock " + name);
                }
                LockFile lock = new LockFile(root, files, name, file, identity(root, files));
                lock.check();
                locked = true;
                return lock;
            } finally {
                if (!locked) {
                    HELD.remove(file.stat().identity());
                }
            }
        } finally {
            if (!locked) {
                file.close();
            }
        }
    }

    private static void checkDirectory(Path root, ConfinedFiles files, String directory) throws IOException {
        FileStat stat = files.stat(directory).orElseThrow(() -> new IOException(root + " is gone"));
        int user = files.user();
        if (!directory.isEmpty() && (stat.owner() != user || stat.isWritableByOthers())) {
            throw new IOException(root.resolve(directory) + " belongs to user " + stat.owner() + " with mode "
                    + Integer.toOctalString(stat.mode() & 0xFFF) + ", expected user " + user
                    + " and that nobody else may write there; what lies there is believed. If you trust it: chown "
                    + user + ", chmod go-w");
        }
    }

    private static String identity(Path root, ConfinedFiles files) throws IOException {
        return files.stat("")
                .orElseThrow(() -> new IOException(root + " is gone"))
                .identity();
    }

    private static void makeIfAbsent(ConfinedFiles files, String name) throws IOException {
        if (files.stat(name).isEmpty()) {
            try {
                files.open(name, Access.CREATE).close();
            } catch (FileAlreadyExistsException e) {
                // Somebody else was faster; who gets the lock is decided by the lock.
            }
        }
    }

    /** Call before a file is opened: opening and closing it must not drop a lock. */
    static void checkNotHeld(Path root, ConfinedFiles files, String name) throws IOException {
        Optional<FileStat> stat = files.stat(name);
        if (stat.isPresent() && HELD.contains(stat.get().identity())) {
            throw held(root, name);
        }
    }

    private static StorageLockedException held(Path root, String name) {
        return new StorageLockedException(
                root + " is in use by this process already, maybe by another path: it holds the lock " + name);
    }

    @Override
    public long epoch() {
        return 0;
    }

    @Override
    public void check() throws IOException {
        String found = difference();
        synchronized (this) {
            if (lost == null && found != null) {
                lost = new LeaseLostException(root.resolve(name) + " is not the file any more that this agent locked: "
                        + found + ". Somebody removed or replaced it, and another agent may have the directory;"
                        + " nothing is written any more. Make sure that no other agent uses it, then detach the"
                        + " repository and attach it again");
                listeners.forEach(Runnable::run);
                listeners.clear();
            }
            if (lost != null) {
                throw new LeaseLostException(String.valueOf(lost.getMessage()));
            }
        }
    }

    /**
     * Returns how what has the name now differs from what was locked; null if it does not.
     *
     * @throws IOException if the directory itself is not there, say since it is not mounted: that tells nothing of the lock
     */
    private @Nullable String difference() throws IOException {
        if (!identity(root, files).equals(rootIdentity)) {
            throw new StorageAwayException(
                    root + " is another directory than the one that was locked; mount its file system again"
                            + " where it was");
        }
        try {
            Optional<FileStat> now = files.stat(name);
            return now.isEmpty() ? "there is no such file" : difference(now.get());
        } catch (NotConfinedException e) {
            return e.getMessage();
        }
    }

    private @Nullable String difference(FileStat now) {
        if (!now.isFile()) {
            return "it is " + now.kind();
        }
        FileStat taken = file.stat();
        return now.identity().equals(taken.identity())
                ? null
                : "it is file " + now.identity() + ", expected " + taken.identity();
    }

    @Override
    public void onLost(Runnable told) {
        synchronized (this) {
            if (lost == null) {
                listeners.add(told);
                return;
            }
        }
        told.run();
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            try {
                file.close();
            } finally {
                HELD.remove(file.stat().identity());
            }
        }
    }
}
