package io.catena.agent.mirror;

import io.catena.disk.BlockDevice;
import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** A disk as it is served, that a {@link Mirror} can be made of while it is in use. Safe for use by many threads. */
final class MirroredDisk extends ForwardingDevice {
    private final BlockDevice disk;
    private final ServedReader reader;

    /** Changes share it: a mirror knows of every change that began after it did, and those before have ended. */
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();

    /** Changed by who has the gate alone. */
    private volatile @Nullable Mirror mirror;

    MirroredDisk(BlockDevice disk) {
        super(disk);
        this.disk = disk;
        reader = new ServedReader(disk);
    }

    /** A change; the mirror is null if there is none. */
    private interface Change {
        void run(@Nullable Mirror mirror) throws IOException;
    }

    private void change(Change change) throws IOException {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            change.run(mirror);
        } finally {
            shared.unlock();
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        change(now -> {
            if (now == null) {
                disk.write(offset, source);
            } else {
                now.write(offset, source);
            }
        });
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        change(now -> {
            if (now == null) {
                disk.discard(offset, lengthBytes);
            } else {
                now.discard(offset, lengthBytes);
            }
        });
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        change(now -> {
            if (now == null) {
                disk.writeZeroes(offset, lengthBytes, mayDeallocate);
            } else {
                now.writeZeroes(offset, lengthBytes, mayDeallocate);
            }
        });
    }

    @Override
    public void flush() throws IOException {
        Mirror now = mirror;
        if (now == null) {
            disk.flush();
        } else {
            now.flush();
        }
    }

    /** The disk without what stands here, to be changed by a mirror of it. */
    BlockDevice disk() {
        return disk;
    }

    /** The disk for who copies it, as long as it is served. */
    ServedReader reader() {
        return reader;
    }

    /**
     * Has a mirror told of all changes from now on.
     *
     * @return whether the changes under way have ended in time; else nothing is done
     */
    boolean begin(Mirror next, Duration patience) throws InterruptedException {
        if (!gate.writeLock().tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
            return false;
        }
        try {
            mirror = next;
        } finally {
            gate.writeLock().unlock();
        }
        if (reader.isEnded()) {
            next.diskEnded();
        }
        return true;
    }

    /** Tells no mirror of changes any more. Its connection is closed already, so that nothing is waited for. */
    void end() {
        gate.writeLock().lock();
        try {
            mirror = null;
        } finally {
            gate.writeLock().unlock();
        }
    }

    void contentChanged() {
        Mirror now = mirror;
        if (now != null) {
            now.contentChanged();
        }
    }

    /** The disk is not served any more; it is not read any more when this returns. */
    void serviceEnded() {
        reader.end();
        Mirror now = mirror;
        if (now != null) {
            now.diskEnded();
        }
    }
}
