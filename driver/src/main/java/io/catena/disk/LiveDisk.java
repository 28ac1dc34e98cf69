package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The disk that a guest sees: a chain that can be replaced by another with the same content while requests run.
 *
 * <p><b>Threads.</b> Requests share the gate and run in parallel. Who holds the gate alone waits for the requests under way
 * and holds back new ones; the lock is fair, so a busy guest cannot keep it waiting for ever. Flushes, which take long,
 * have a gate of their own: giving up a block needs to be alone with reads and writes, but need not wait for a flush.
 */
public final class LiveDisk implements BlockDevice {
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

    /** Taken before the other gate. */
    private final ReentrantReadWriteLock flushGate = new ReentrantReadWriteLock(true);

    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);
    private final boolean readOnly;
    private final ZeroElision elision;

    /** How many requests were begun. */
    private final LongAdder requests = new LongAdder();

    /** Guarded by both gates: changed by who holds both alone. */
    private Chain chain;

    /** Serves a disk that is never put upon another. */
    public LiveDisk(Chain chain, boolean readOnly) {
        this(chain, readOnly, ZeroElision.ALLOWED);
    }

    public LiveDisk(Chain chain, boolean readOnly, ZeroElision elision) {
        this.chain = chain;
        this.readOnly = readOnly;
        this.elision = elision;
    }

    @Override
    public long sizeBytes() {
        return chain().sizeBytes();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        requests.increment();
        Lock shared = gate.readLock();
        shared.lock();
        try {
            if (isAligned(offset, target)) {
                chain.read(offset, target);
            } else {
                target.put(readWidened(offset, target.remaining()));
            }
        } finally {
            shared.unlock();
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        requests.increment();
        checkWritable();
        if (!isAligned(offset, source)) {
            writePartOfSector(offset, source);
            return;
        }
        Lock shared = gate.readLock();
        shared.lock();
        try {
            chain.write(offset, source);
        } finally {
            shared.unlock();
        }
    }

    /** Alone, else a write to the other part of the same sector could be lost. */
    private void writePartOfSector(long offset, ByteBuffer source) throws IOException {
        Lock alone = gate.writeLock();
        alone.lock();
        try {
            int length = source.remaining();
            long start = offset / SECTOR * SECTOR;
            ByteBuffer whole = ByteBuffer.allocate((int) (roundUp(offset + length) - start));
            chain.read(start, whole);
            whole.position((int) (offset - start)).put(source);
            chain.write(start, whole.rewind());
        } finally {
            alone.unlock();
        }
    }

    private void checkWritable() throws IOException {
        if (readOnly) {
            throw new IOException("the disk is attached read-only");
        }
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        checkWritable();
        if (chain().givesSpaceBack()) {
            zeroAll(offset, lengthBytes);
        }
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        checkWritable();
        if (mayDeallocate) {
            zeroAll(offset, lengthBytes);
        } else {
            writeZeros(offset, lengthBytes);
        }
    }

    private void writeZeros(long offset, long lengthBytes) throws IOException {
        long length;
        for (long at = offset, end = offset + lengthBytes; at < end; at += length) {
            length = Math.min(end - at, ZEROS.capacity());
            write(at, ZEROS.duplicate().limit((int) length));
        }
    }

    /** Deallocates whole sectors; what remains of the first and the last is written. */
    private void zeroAll(long offset, long lengthBytes) throws IOException {
        long end = offset + lengthBytes;
        long from = Math.min(end, roundUp(offset));
        long to = Math.max(from, end / SECTOR * SECTOR);
        writeZeros(offset, from - offset);
        for (long at = from; at < to; ) {
            at += zeroInBlock(at, to - at);
        }
        writeZeros(to, end - to);
    }

    private long zeroInBlock(long offset, long maxBytes) throws IOException {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            long length = chain.restOfBlock(offset, maxBytes);
            // Asked here already: the first answer takes its time, in which other requests need not wait.
            if (!chain.canGiveUp(offset, length) || !elision.mayElide()) {
                chain.zero(offset, length, elision);
                return length;
            }
        } finally {
            shared.unlock();
        }
        return giveUpBlock(offset, maxBytes);
    }

    /** Alone: a request under way may have been told where the block stands, and the place may soon be another's. */
    private long giveUpBlock(long offset, long maxBytes) throws IOException {
        Lock alone = gate.writeLock();
        alone.lock();
        try {
            long length = chain.restOfBlock(offset, maxBytes);
            if (chain.canGiveUp(offset, length) && elision.mayElide()) {
                chain.giveUp(offset);
            } else {
                chain.zero(offset, length, elision);
            }
            return length;
        } finally {
            alone.unlock();
        }
    }

    @Override
    public boolean zeroesFast() {
        return chain().givesSpaceBack();
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        long start = offset / SECTOR * SECTOR;
        Lock shared = gate.readLock();
        shared.lock();
        try {
            long maxSectorBytes = Math.min(roundUp(offset + maxBytes), chain.sizeBytes()) - start;
            Extent found = chain.extent(start, maxSectorBytes);
            return new Extent(Math.min(maxBytes, found.lengthBytes() - (offset - start)), found.allocated());
        } finally {
            shared.unlock();
        }
    }

    private ByteBuffer readWidened(long offset, int length) throws IOException {
        long start = offset / SECTOR * SECTOR;
        ByteBuffer whole = ByteBuffer.allocate((int) (roundUp(offset + length) - start));
        chain.read(start, whole);
        return whole.slice((int) (offset - start), length);
    }

    @Override
    public void flush() throws IOException {
        requests.increment();
        Lock shared = flushGate.readLock();
        shared.lock();
        try {
            if (!readOnly) {
                chain.flush();
            }
        } finally {
            shared.unlock();
        }
    }

    /** As {@link Chain#run}. */
    public long run(long offset, long maxBytes) throws IOException {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            return chain.run(offset, maxBytes);
        } finally {
            shared.unlock();
        }
    }

    /** Returns how many reads, writes and flushes were begun so far: whether somebody works. */
    public long requests() {
        return requests.sum();
    }

    /** Returns the chain that serves now. */
    public Chain chain() {
        Lock shared = gate.readLock();
        shared.lock();
        try {
            return chain;
        } finally {
            shared.unlock();
        }
    }

    /** Waits for the requests under way and holds back all others until the pause is closed. */
    public Pause pause() {
        flushGate.writeLock().lock();
        gate.writeLock().lock();
        return new Pause();
    }

    /** Whether requests are held back now. */
    public boolean isPaused() {
        return gate.isWriteLocked();
    }

    /** The time in which no request runs. Belongs to the thread that paused the disk. */
    public final class Pause implements AutoCloseable {
        private Pause() {}

        public Chain chain() {
            return chain;
        }

        /** Serves {@code successor} from now on, which must have the same content. */
        public void replace(Chain successor) {
            chain = successor;
        }

        /** Lets requests run again. */
        @Override
        public void close() {
            gate.writeLock().unlock();
            flushGate.writeLock().unlock();
        }
    }

    private static boolean isAligned(long offset, ByteBuffer bytes) {
        return offset % SECTOR == 0 && bytes.remaining() % SECTOR == 0;
    }

    private static long roundUp(long offset) {
        return (offset + SECTOR - 1) / SECTOR * SECTOR;
    }
}
