package io.catena.store;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A lock on a file against other processes, held until it is closed.
 *
 * <p>A POSIX lock is dropped when its process closes <em>any</em> descriptor of the file, not only the one that took it.
 * So the files locked by this process are remembered, and nobody in it may open one of them a second time.
 */
final class StorageLock implements Closeable {
    /** Real paths. One set for the process, because the kernel counts per process too. */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path realFile;
    private final FileChannel channel;

    private StorageLock(Path realFile, FileChannel channel) {
        this.realFile = realFile;
        this.channel = channel;
    }

    /**
     * Locks a file, which is created if it does not exist; its directory must.
     *
     * @throws StorageLockedException if this process or another holds the lock
     */
    static StorageLock take(Path file) throws IOException {
        Path realFile = Root.parent(file).toRealPath().resolve(file.getFileName());
        if (!HELD.add(realFile)) {
            throw new StorageLockedException(
                    Root.parent(file) + " is in use by this process already: it holds " + file);
        }
        boolean locked = false;
        try {
            FileChannel channel = lock(realFile);
            locked = true;
            return new StorageLock(realFile, channel);
        } finally {
            if (!locked) {
                HELD.remove(realFile);
            }
        }
    }

    private static FileChannel lock(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, CREATE, WRITE);
        boolean locked = false;
        try {
            locked = channel.tryLock() != null;
            if (!locked) {
                throw new StorageLockedException(
                        Root.parent(file) + " is in use: another agent, maybe on another host, holds the lock " + file);
            }
            return channel;
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    /** Call before a file is opened: opening and closing it must not drop a lock. */
    static void checkNotHeld(Path realFile) throws StorageLockedException {
        if (HELD.contains(realFile)) {
            throw new StorageLockedException(realFile + " is the lock of its storage; to open it could drop the lock");
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            HELD.remove(realFile);
        }
    }
}
