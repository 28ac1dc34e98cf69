package io.catena.agent.nbd.buffer;

import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pool of direct buffers that start at a page.
 *
 * <p>They are pooled because direct memory comes back only with a garbage collection. They start at a page because some
 * processors copy five times slower between addresses whose distance modulo 4096 is 1 to 31, and buffers fresh from the
 * JDK start 16 bytes into a page. Each has a page in front of its capacity, so that a reply's header can be put directly
 * before a payload that starts at a page.
 *
 * <p>An eighth of the pool is kept for small buffers, and the large ones are given out by {@linkplain BufferShare shares}: who asks
 * for much, or takes in nothing, cannot keep others from being served. What lies unused for a while gives its memory back to the
 * system, and keeps its addresses only.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
public final class AlignedBuffers {
    public static final int PAGE_BYTES = 4096;

    /** The smallest capacity; larger ones are this times a power of two. */
    public static final int SMALLEST_BYTES = 64 << 10;

    private static final int RESERVE_FRACTION = 8;

    private final long limitBytes;
    private final Duration patience;
    private final Consumer<ByteBuffer> memoryRelease;
    private final BufferShare everything;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();

    /** By capacity, none of them empty, those used last at the end; guarded by {@link #lock}. */
    private final NavigableMap<Integer, Deque<Free>> free = new TreeMap<>();

    /** Of the free ones and those in use; guarded by {@link #lock}. */
    private long allocatedBytes;

    /** Guarded by {@link #lock}. */
    private long leasedBytes;

    /** How often {@link #releaseUnused} was called; guarded by {@link #lock}. */
    private long ticks;

    /**
     * @param limitBytes what the capacities of all buffers may add up to
     * @param patience how long an acquisition waits for others to return buffers
     * @param memoryRelease gives the pages of a buffer back to the system, which may lose their content
     */
    public AlignedBuffers(long limitBytes, Duration patience, Consumer<ByteBuffer> memoryRelease) {
        this.limitBytes = limitBytes;
        this.patience = patience;
        this.memoryRelease = memoryRelease;
        this.everything = new BufferShare(this, null, limitBytes);
    }

    /**
     * A buffer that nobody uses.
     *
     * @param since the tick at which it was returned
     * @param resident whether it has memory
     */
    private record Free(ByteBuffer bytes, long since, boolean resident) {}

    /** All of the pool, to be divided among those who use it. */
    public BufferShare everything() {
        return everything;
    }

    public Lease acquire(int capacityBytes, BufferShare share) throws BufferShortageException, InterruptedIOException {
        int classBytes = classFor(capacityBytes);
        lock.lock();
        try {
            awaitFreeOrRoom(classBytes, share);
            return take(classBytes, share);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #acquire}, but returns null instead of waiting. */
    @Nullable
    public Lease poll(int capacityBytes, BufferShare share) throws BufferShortageException {
        int classBytes = classFor(capacityBytes);
        lock.lock();
        try {
            return isToBeHad(classBytes, share) ? take(classBytes, share) : null;
        } finally {
            lock.unlock();
        }
    }

    private Lease take(int classBytes, BufferShare share) throws BufferShortageException {
        Free pooled = pollFree(classBytes);
        ByteBuffer bytes = pooled != null ? pooled.bytes() : allocate(classBytes);
        leasedBytes += classBytes;
        share.add(counted(classBytes));
        return new Lease(classBytes, bytes, share);
    }

    private static int counted(int classBytes) {
        return classBytes == SMALLEST_BYTES ? 0 : classBytes;
    }

    private static int classFor(int capacityBytes) {
        int classBytes = SMALLEST_BYTES;
        while (classBytes < capacityBytes) {
            classBytes *= 2;
        }
        return classBytes;
    }

    private void awaitFreeOrRoom(int classBytes, BufferShare share)
            throws BufferShortageException, InterruptedIOException {
        long nanosLeft = classBytes > allowedBytes(classBytes) ? 0 : patience.toNanos();
        while (!isToBeHad(classBytes, share)) {
            if (nanosLeft <= 0) {
                throw new BufferShortageException("no buffer of " + classBytes + " bytes within " + patience.toMillis()
                        + " ms: " + leasedBytes + " of at most " + limitBytes
                        + " bytes are in use, of the client's share "
                        + share);
            }
            try {
                nanosLeft = returned.awaitNanos(nanosLeft);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for a buffer of " + classBytes + " bytes");
            }
        }
    }

    private boolean isToBeHad(int classBytes, BufferShare share) {
        // A buffer larger than what is not reserved is for an idle pool.
        boolean allowed = leasedBytes == 0 || leasedBytes + classBytes <= allowedBytes(classBytes);
        return allowed
                && share.hasRoomFor(counted(classBytes))
                && (free.containsKey(classBytes) || makeRoom(classBytes));
    }

    private long allowedBytes(int classBytes) {
        return classBytes == SMALLEST_BYTES ? limitBytes : limitBytes - limitBytes / RESERVE_FRACTION;
    }

    /** Gives up free buffers of other capacities if that helps; returns whether {@code classBytes} fit in. */
    private boolean makeRoom(int classBytes) {
        while (allocatedBytes + classBytes > limitBytes && !free.isEmpty()) {
            int largest = free.lastKey();
            Free given = pollFree(largest);
            allocatedBytes -= largest;
            if (given != null && given.resident()) {
                memoryRelease.accept(given.bytes());
            }
        }
        return allocatedBytes + classBytes <= limitBytes;
    }

    private @Nullable Free pollFree(int classBytes) {
        Deque<Free> buffers = free.get(classBytes);
        if (buffers == null) {
            return null;
        }
        Free last = buffers.removeLast();
        if (buffers.isEmpty()) {
            free.remove(classBytes);
        }
        return last;
    }

    private ByteBuffer allocate(int classBytes) throws BufferShortageException {
        try {
            // Two pages more: one in front of the capacity, one to lose by the alignment.
            ByteBuffer raw = ByteBuffer.allocateDirect(classBytes + 2 * PAGE_BYTES);
            ByteBuffer aligned =
                    raw.alignedSlice(PAGE_BYTES).limit(PAGE_BYTES + classBytes).slice();
            allocatedBytes += classBytes;
            return aligned;
        } catch (OutOfMemoryError e) {
            throw new BufferShortageException("no buffer of " + classBytes + " bytes: " + e.getMessage() + ", with "
                    + allocatedBytes + " bytes in use; a larger -XX:MaxDirectMemorySize would help");
        }
    }

    private void giveBack(Lease lease) {
        lock.lock();
        try {
            leasedBytes -= lease.classBytes;
            lease.share.add(-counted(lease.classBytes));
            free.computeIfAbsent(lease.classBytes, unused -> new ArrayDeque<>())
                    .addLast(new Free(lease.bytes, ticks, true));
            returned.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Gives back to the system the memory of buffers that nobody has used since the last call but one. */
    public void releaseUnused() {
        lock.lock();
        try {
            ticks++;
            for (Deque<Free> buffers : free.values()) {
                for (int i = buffers.size(); i > 0; i--) {
                    buffers.addLast(withoutMemoryIfUnused(buffers.removeFirst()));
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private Free withoutMemoryIfUnused(Free buffer) {
        if (!buffer.resident() || ticks - buffer.since() < 2) {
            return buffer;
        }
        memoryRelease.accept(buffer.bytes());
        return new Free(buffer.bytes(), buffer.since(), false);
    }

    /** Returns the capacities of the buffers that have not been returned. */
    public long leasedBytes() {
        lock.lock();
        try {
            return leasedBytes;
        } finally {
            lock.unlock();
        }
    }

    /** A buffer in use. Closing it returns it to the pool; nobody may use its bytes afterwards. */
    public final class Lease implements AutoCloseable {
        private final int classBytes;
        private final ByteBuffer bytes;
        private final BufferShare share;
        private boolean closed;

        private Lease(int classBytes, ByteBuffer bytes, BufferShare share) {
            this.classBytes = classBytes;
            this.bytes = bytes.clear();
            this.share = share;
        }

        public ByteBuffer bytes() {
            return bytes;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                giveBack(this);
            }
        }
    }
}
