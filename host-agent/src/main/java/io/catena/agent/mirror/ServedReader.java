package io.catena.agent.mirror;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A disk for who copies it: can be read as long as it is served, since its files are closed afterwards. All its errors are {@link
 * DiskUnreadableException}s. Safe for use by many threads.
 */
final class ServedReader extends ForwardingDevice {
    private final ReentrantReadWriteLock service = new ReentrantReadWriteLock();

    /** Changed by who has the lock alone. */
    private volatile boolean ended;

    ServedReader(BlockDevice disk) {
        super(disk);
    }

    /** A look at the disk. */
    private interface Look<T> {
        T look() throws IOException;
    }

    private <T> T look(Look<T> look) throws IOException {
        service.readLock().lock();
        try {
            if (ended) {
                throw new IOException("it is not served any more");
            }
            return look.look();
        } catch (IOException e) {
            throw new DiskUnreadableException(e);
        } finally {
            service.readLock().unlock();
        }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        look(() -> {
            super.read(offset, target);
            return target;
        });
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        return look(() -> super.extent(offset, maxBytes));
    }

    /** Nothing is read any more when this returns. */
    void end() {
        service.writeLock().lock();
        try {
            ended = true;
        } finally {
            service.writeLock().unlock();
        }
    }

    boolean isEnded() {
        return ended;
    }
}
