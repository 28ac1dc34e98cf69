package io.catena.agent.nbd;

import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded pool of direct buffers that start at a page.
 *
 * <p>They are pooled because direct memory comes back only with a garbage collection. They start at a page because some
 * processors copy five times slower between addresses whose distance modulo 4096 is 1 to 31, and buffers fresh from the
 * JDK start 16 bytes into a page. Each has a page in front of its capacity, so that a reply's header can be put directly
 * before a payload that starts at a page.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class AlignedBuffers {
    static final int PAGE_BYTES = 4096;

    /** The smallest capacity; larger ones are this times a power of two. */
    static final int SMALLEST_BYTES = 256 << 10;

    private final long limitBytes;
    private final Duration patience;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();

    /** By capacity, none of them empty; guarded by {@link #lock}. */
    private final NavigableMap<Integer, Deque<ByteBuffer>> free = new TreeMap<>();

    /** Of the free ones and those in use; guarded by {@link #lock}. */
    private long allocatedBytes;

    /**
     * @param limitBytes what the capacities of all buffers may add up to
     * @param patience how long {@link #acquire} waits for others to return buffers
     */
    AlignedBuffers(long limitBytes, Duration patience) {
        this.limitBytes = limitBytes;
        this.patience = patience;
    }

    /**
     * Returns a buffer of one page and at least {@code capacityBytes}, the caller's until it is closed. Its content is
     * undefined.
     *
     * @throws BufferShortageException if none is to be had within the pool's patience
     */
    Lease acquire(int capacityBytes) throws BufferShortageException, InterruptedIOException {
        int classBytes = classFor(capacityBytes);
        lock.lock();
        try {
            awaitFreeOrRoom(classBytes);
            ByteBuffer pooled = pollFree(classBytes);
            return new Lease(classBytes, pooled != null ? pooled : allocate(classBytes));
        } finally {
            lock.unlock();
        }
    }

    private static int classFor(int capacityBytes) {
        int classBytes = SMALLEST_BYTES;
        while (classBytes < capacityBytes) {
            classBytes *= 2;
        }
        return classBytes;
    }

    private void awaitFreeOrRoom(int classBytes) throws BufferShortageException, InterruptedIOException {
        long nanosLeft = classBytes > limitBytes ? 0 : patience.toNanos();
        while (!free.containsKey(classBytes) && !makeRoom(classBytes)) {
            if (nanosLeft <= 0) {
                throw new BufferShortageException("no buffer of " + classBytes + " bytes within " + patience.toMillis()
                        + " ms: " + allocatedBytes + " of at most " + limitBytes + " bytes are in use");
            }
            try {
                nanosLeft = returned.awaitNanos(nanosLeft);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while waiting for a buffer of " + classBytes + " bytes");
            }
        }
    }

    /** Gives up free buffers of other capacities if that helps; returns whether {@code classBytes} fit in. */
    private boolean makeRoom(int classBytes) {
        while (allocatedBytes + classBytes > limitBytes && !free.isEmpty()) {
            int largest = free.lastKey();
            pollFree(largest);
            allocatedBytes -= largest;
        }
        return allocatedBytes + classBytes <= limitBytes;
    }

    private @Nullable ByteBuffer pollFree(int classBytes) {
        Deque<ByteBuffer> buffers = free.get(classBytes);
        if (buffers == null) {
            return null;
        }
        ByteBuffer last = buffers.removeLast();
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

    private void giveBack(int classBytes, ByteBuffer bytes) {
        lock.lock();
        try {
            free.computeIfAbsent(classBytes, unused -> new ArrayDeque<>()).addLast(bytes);
            returned.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the capacities of the buffers that have not been returned. */
    long leasedBytes() {
        lock.lock();
        try {
            long freeBytes = free.entrySet().stream()
                    .mapToLong(e -> (long) e.getKey() * e.getValue().size())
                    .sum();
            return allocatedBytes - freeBytes;
        } finally {
            lock.unlock();
        }
    }

    /** A buffer in use. Closing it returns it to the pool; nobody may use its bytes afterwards. */
    final class Lease implements AutoCloseable {
        private final int classBytes;
        private final ByteBuffer bytes;
        private boolean closed;

        private Lease(int classBytes, ByteBuffer bytes) {
            this.classBytes = classBytes;
            this.bytes = bytes.clear();
        }

        ByteBuffer bytes() {
            return bytes;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                giveBack(classBytes, bytes);
            }
        }
    }
}
