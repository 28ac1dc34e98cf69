package io.catena.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A file with a lock that is right within this process, and holds off others as well as a POSIX lock does: it is dropped when
 * this process closes any descriptor of the file.
 */
final class JavaOpenFile implements OpenFile {
    /** The identities of the files locked by this process. One set, for the kernel too counts per process. */
    private static final Set<String> LOCKED = ConcurrentHashMap.newKeySet();

    private final FileChannel channel;
    private final FileStat stat;
    private boolean locked;

    JavaOpenFile(FileChannel channel, FileStat stat) {
        this.channel = channel;
        this.stat = stat;
    }

    @Override
    public FileChannel channel() {
        return channel;
    }

    @Override
    public FileStat stat() {
        return stat;
    }

    @Override
    public @Nullable HolePunch punch() {
        return null;
    }

    @Override
    public synchronized boolean tryLock() throws IOException {
        if (!LOCKED.add(stat.identity())) {
            return false;
        }
        boolean taken = false;
        try {
            taken = channel.tryLock() != null;
        } finally {
            if (!taken) {
                LOCKED.remove(stat.identity());
            }
        }
        locked = taken;
        return taken;
    }

    @Override
    public synchronized void close() throws IOException {
        try {
            channel.close();
        } finally {
            if (locked) {
                locked = false;
                LOCKED.remove(stat.identity());
            }
        }
    }
}
