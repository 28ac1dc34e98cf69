package io.catena.agent.follow;

import io.catena.disk.BlockDevice;
import io.catena.disk.EnclosingDevice;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A disk as one connection of a follower gets at it. When the follower connects anew it must be certain that nothing of the old
 * connection comes later: the turn is ended then, after what is under way.
 */
final class TurnDevice extends EnclosingDevice {
    private final BlockDevice disk;
    private final ReentrantReadWriteLock turn = new ReentrantReadWriteLock();
    private final Runnable onFlush;
    private volatile boolean ended;

    TurnDevice(BlockDevice disk, Runnable onFlush) {
        super(disk);
        this.disk = disk;
        this.onFlush = onFlush;
    }

    /** Lets no request through any more; returns whether none is under way, which may take a while. */
    boolean end(long patienceNanos) {
        ended = true;
        try {
            boolean alone = turn.writeLock().tryLock(patienceNanos, TimeUnit.NANOSECONDS);
            if (alone) {
                turn.writeLock().unlock();
            }
            return alone;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    protected <T> T enclose(Request<T> request) throws IOException {
        turn.readLock().lock();
        try {
            if (ended) {
                throw new IOException("the follower has connected to the disk anew");
            }
            return request.make();
        } finally {
            turn.readLock().unlock();
        }
    }

    @Override
    public void flush() throws IOException {
        enclose(() -> {
            disk.flush();
            onFlush.run();
            return disk;
        });
    }
}
