package io.catena.agent.follow;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import io.catena.disk.ForwardingDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A disk as one connection of a follower gets at it. When the follower connects anew it must be certain that nothing of the old
 * connection comes later: the turn is ended then, after what is under way.
 */
final class TurnDevice extends ForwardingDevice {
    private final BlockDevice disk;
    private final ReentrantReadWriteLock turn = new ReentrantReadWriteLock();
    private final Runnable onFlush;
    private volatile boolean ended;

    TurnDevice(BlockDevice disk, Runnable onFlush) {
        super(disk);
        this.disk = disk;
        this.onFlush = onFlush;
    }

    /** A request. */
    private interface Request<T> {
        T run() throws IOException;
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

    private <T> T inTurn(Request<T> request) throws IOException {
        turn.readLock().lock();
        try {
            if (ended) {
                throw new IOException("the follower has connected to the disk anew");
            }
            return request.run();
        } finally {
            turn.readLock().unlock();
        }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        inTurn(() -> {
            disk.read(offset, target);
            return offset;
        });
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        inTurn(() -> {
            disk.write(offset, source);
            return offset;
        });
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        inTurn(() -> {
            disk.discard(offset, lengthBytes);
            return offset;
        });
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        inTurn(() -> {
            disk.writeZeroes(offset, lengthBytes, mayDeallocate);
            return offset;
        });
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        return inTurn(() -> disk.extent(offset, maxBytes));
    }

    @Override
    public void flush() throws IOException {
        inTurn(() -> {
            disk.flush();
            onFlush.run();
            return disk;
        });
    }
}
