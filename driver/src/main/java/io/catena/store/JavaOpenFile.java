package io.catena.store;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.channels.FileChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A file with a lock that is right within this process, and holds off others as well as a POSIX lock does: it is dropped when
 * this process closes any descriptor of the file.
 */
final class JavaOpenFile implements OpenFile {
    /**
     * Who has locked files in this process, by their identities. One map, for the kernel too counts per process. A channel that
     * was forgotten without being closed holds nothing any more, and its file's identity may be another's by now.
     */
    private static final Map<String, WeakReference<FileChannel>> LOCKED = new ConcurrentHashMap<>();

    private final FileChannel channel;
    private final FileStat stat;
    private final WeakReference<FileChannel> mine;
    private boolean locked;

    JavaOpenFile(FileChannel channel, FileStat stat) {
        this.channel = channel;
        this.mine = new WeakReference<>(channel);
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
        if (LOCKED.merge(stat.identity(), mine, (known, wanted) -> isHeld(known) ? known : wanted) != mine) {
            return false;
        }
        boolean taken = false;
        try {
            taken = channel.tryLock() != null;
        } finally {
            if (!taken) {
                LOCKED.remove(stat.identity(), mine);
            }
        }
        locked = taken;
        return taken;
    }

    private static boolean isHeld(WeakReference<FileChannel> holder) {
        FileChannel channel = holder.get();
        return channel != null && channel.isOpen();
    }

    @Override
    public synchronized void close() throws IOException {
        try {
            channel.close();
        } finally {
            if (locked) {
                locked = false;
                LOCKED.remove(stat.identity(), mine);
            }
        }
    }
}
