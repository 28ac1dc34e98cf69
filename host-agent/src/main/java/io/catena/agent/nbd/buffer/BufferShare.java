package io.catena.agent.nbd.buffer;

import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/**
 * What one client, or all clients of one disk, may have of a pool's buffers, so that nobody takes what others need.
 *
 * <p>Small buffers are not counted against it: who has taken all of a share still gets answers.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class BufferShare {
    private final AlignedBuffers pool;
    private final @Nullable BufferShare whole;
    private final long limitBytes;

    /** Guarded by the pool. */
    private long leasedBytes;

    public BufferShare(AlignedBuffers pool, @Nullable BufferShare whole, long limitBytes) {
        this.pool = pool;
        this.whole = whole;
        this.limitBytes = limitBytes;
    }

    /** Returns a share of this share. */
    public BufferShare part(long limitBytes) {
        return new BufferShare(pool, this, limitBytes);
    }

    /**
     * Returns a buffer of one page and at least {@code capacityBytes}, the caller's until it is closed. Its content is
     * undefined.
     *
     * @throws BufferShortageException if none is to be had within the pool's patience
     */
    public AlignedBuffers.Lease acquire(int capacityBytes) throws BufferShortageException, InterruptedIOException {
        return pool.acquire(capacityBytes, this);
    }

    /** As {@link #acquire}, but returns null instead of waiting. */
    public AlignedBuffers.@Nullable Lease poll(int capacityBytes) throws BufferShortageException {
        return pool.poll(capacityBytes, this);
    }

    /** Whether so much more fits in. One buffer always does: else a request larger than the share could never be served. */
    boolean hasRoomFor(int bytes) {
        boolean fits = leasedBytes == 0 || leasedBytes + bytes <= limitBytes;
        return fits && (whole == null || whole.hasRoomFor(bytes));
    }

    public void add(int bytes) {
        leasedBytes += bytes;
        if (whole != null) {
            whole.add(bytes);
        }
    }

    @Override
    public String toString() {
        return leasedBytes + " of " + limitBytes + " bytes";
    }
}
