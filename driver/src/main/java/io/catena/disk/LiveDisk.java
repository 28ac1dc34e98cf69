package io.catena.disk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The disk that a guest sees: a chain that can be replaced by another with the same content while requests run.
 *
 * <p>There are two ways to replace it. {@link #pause} waits for the requests under way and holds back new ones, so that files
 * can be changed that no request may see half-way. {@link ChainSwitch} waits for nothing: new requests go to the successor,
 * those under way end on the chain on which they began.
 *
 * <p><b>Threads.</b> Requests share the gate of the {@link Phase} in which they begin, and run in parallel. Who holds the gate
 * alone waits for the requests under way and holds back new ones; the lock is fair, so a busy guest cannot keep it waiting for
 * ever. Flushes, which take long, have a gate of their own: giving up a block needs to be alone with reads and writes, but need
 * not wait for a flush.
 */
public final class LiveDisk implements BlockDevice {
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

    /** A request that takes longer than this has met a disk that hangs. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Taken before the other gate. */
    private final ReentrantReadWriteLock flushGate = new ReentrantReadWriteLock(true);

    private final boolean readOnly;
    private final ZeroElision elision;

    /** How many requests were begun. */
    private final LongAdder requests = new LongAdder();

    /** How many flushes are under way. */
    private final LongAdder flushes = new LongAdder();

    private final PauseMeter pauses;

    /** Asked before a request begins and again before it is answered. */
    private final Fence fence;

    private volatile Phase phase;

    /** Serves a disk that is never put upon another. */
    public LiveDisk(Chain chain, boolean readOnly) {
        this(chain, readOnly, ZeroElision.ALLOWED);
    }

    public LiveDisk(Chain chain, boolean readOnly, ZeroElision elision) {
        this(chain, readOnly, elision, nanos -> {});
    }

    /**
     * @param fence ends the service of this disk with that of all others that have it
     */
    public LiveDisk(Chain chain, boolean readOnly, ZeroElision elision, Fence fence) {
        this(chain, readOnly, elision, nanos -> {}, fence);
    }

    /**
     * @param pauses is told of each time in which requests were held back
     */
    public LiveDisk(Chain chain, boolean readOnly, ZeroElision elision, PauseMeter pauses) {
        this(chain, readOnly, elision, pauses, new Fence());
    }

    /**
     * @param pauses is told of each time in which requests were held back
     * @param fence ends the service of this disk with that of all others that have it
     */
    public LiveDisk(Chain chain, boolean readOnly, ZeroElision elision, PauseMeter pauses, Fence fence) {
        this.phase = new Phase(chain);
        this.readOnly = readOnly;
        this.elision = elision;
        this.pauses = pauses;
        this.fence = fence;
    }

    /** Makes all requests fail from now on, also those under way, whatever they did. */
    public void fence(String reason) {
        fence.fall(reason);
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
        fence.check();
        Phase now = enter();
        try {
            if (isAligned(offset, target)) {
                now.chain().read(offset, target);
            } else {
                target.put(readWidened(now.chain(), offset, target.remaining()));
            }
        } finally {
            now.leave();
        }
        fence.check();
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        requests.increment();
        checkWritable();
        if (isAligned(offset, source)) {
            writeSectors(offset, source);
        } else {
            writePartOfSector(offset, source);
        }
        fence.check();
    }

    private void writeSectors(long offset, ByteBuffer source) throws IOException {
        Phase now = enter();
        try {
            now.chain().write(offset, source);
        } finally {
            now.leave();
        }
    }

    /** Alone, else a write to the other part of the same sector could be lost. */
    private void writePartOfSector(long offset, ByteBuffer source) throws IOException {
        Phase now = enterAlone();
        try {
            int length = source.remaining();
            long start = offset / SECTOR * SECTOR;
            ByteBuffer whole = ByteBuffer.allocate((int) (roundUp(offset + length) - start));
            now.chain().read(start, whole);
            whole.position((int) (offset - start)).put(source);
            now.chain().write(start, whole.rewind());
        } finally {
            now.leaveAlone();
        }
    }

    private void checkWritable() throws IOException {
        fence.check();
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
        fence.check();
    }

    private long zeroInBlock(long offset, long maxBytes) throws IOException {
        Phase now = enter();
        try {
            long length = now.chain().restOfBlock(offset, maxBytes);
            // Asked here already: the first answer takes its time, in which other requests need not wait.
            if (!now.chain().canGiveUp(offset, length) || !elision.mayElide()) {
                now.chain().zero(offset, length, elision);
                return length;
            }
        } finally {
            now.leave();
        }
        return giveUpBlock(offset, maxBytes);
    }

    /** Alone: a request under way may have been told where the block stands, and the place may soon be another's. */
    private long giveUpBlock(long offset, long maxBytes) throws IOException {
        Phase now = enterAlone();
        try {
            long length = now.chain().restOfBlock(offset, maxBytes);
            if (now.chain().canGiveUp(offset, length) && elision.mayElide()) {
                now.chain().giveUp(offset);
            } else {
                now.chain().zero(offset, length, elision);
            }
            return length;
        } finally {
            now.leaveAlone();
        }
    }

    @Override
    public boolean zeroesFast() {
        return chain().givesSpaceBack();
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        long start = offset / SECTOR * SECTOR;
        Phase now = enter();
        try {
            long maxSectorBytes =
                    Math.min(roundUp(offset + maxBytes), now.chain().sizeBytes()) - start;
            Extent found = now.chain().extent(start, maxSectorBytes);
            return new Extent(Math.min(maxBytes, found.lengthBytes() - (offset - start)), found.allocated());
        } finally {
            now.leave();
        }
    }

    private static ByteBuffer readWidened(Chain chain, long offset, int length) throws IOException {
        long start = offset / SECTOR * SECTOR;
        ByteBuffer whole = ByteBuffer.allocate((int) (roundUp(offset + length) - start));
        chain.read(start, whole);
        return whole.slice((int) (offset - start), length);
    }

    @Override
    public void flush() throws IOException {
        requests.increment();
        fence.check();
        flushes.increment();
        try {
            flushShared();
        } finally {
            flushes.decrement();
        }
        fence.check();
    }

    private void flushShared() throws IOException {
        Lock shared = flushGate.readLock();
        shared.lock();
        try {
            if (!readOnly) {
                chain().flush();
            }
        } finally {
            shared.unlock();
        }
    }

    /**
     * Does beforehand what closing the chain would wait for; to be called when no requests come any more. It may run beside
     * whatever else is done with the disk, as a flush may.
     */
    public void complete() {
        Lock shared = flushGate.readLock();
        shared.lock();
        try {
            if (!readOnly && fence.reason().isEmpty()) {
                chain().complete();
            }
        } finally {
            shared.unlock();
        }
    }

    /** As {@link Chain#run}. */
    public long run(long offset, long maxBytes) throws IOException {
        Phase now = enter();
        try {
            return now.chain().run(offset, maxBytes);
        } finally {
            now.leave();
        }
    }

    /** Returns how many reads, writes and flushes were begun so far: whether somebody works. */
    public long requests() {
        return requests.sum();
    }

    /** Whether a flush is under way. */
    public boolean isFlushing() {
        return flushes.sum() > 0;
    }

    /** Returns the chain that serves new requests now. */
    public Chain chain() {
        return phase.chain();
    }

    /** Shares the gate; the request runs on the chain of the phase that is returned. */
    private Phase enter() {
        while (true) {
            Phase now = phase;
            now.enter();
            if (now == phase) {
                return now;
            }
            now.leave();
        }
    }

    private Phase enterAlone() {
        while (true) {
            Phase now = phase;
            now.enterAlone();
            if (now == phase) {
                return now;
            }
            now.leaveAlone();
        }
    }

    /** As {@link #pause(Duration)}, with patience for a disk that is slow but works. */
    public Pause pause() throws DiskBusyException {
        return pause(PATIENCE);
    }

    /**
     * Waits for the requests under way and holds back all others until the pause is closed.
     *
     * @throws DiskBusyException if they did not end in time; all go on as if nothing had been
     */
    public Pause pause(Duration patience) throws DiskBusyException {
        Deadline deadline = Deadline.in(patience);
        deadline.lock(flushGate.writeLock());
        long begin = PauseClock.nanos();
        try {
            return new Pause(enterAlone(deadline), begin);
        } catch (DiskBusyException e) {
            pauses.paused(PauseClock.nanos() - begin);
            flushGate.writeLock().unlock();
            throw e;
        }
    }

    /** Is done while nothing else is. */
    @FunctionalInterface
    public interface Work {
        void run() throws IOException;
    }

    /**
     * Does what takes a moment while nothing is read or written; flushes go on.
     *
     * @throws DiskBusyException if the requests under way did not end in time, and nothing was done
     */
    public void alone(Work work) throws IOException {
        long begin = PauseClock.nanos();
        Phase now = enterAlone(Deadline.in(PATIENCE));
        try {
            work.run();
        } finally {
            now.leaveAlone();
            pauses.paused(PauseClock.nanos() - begin);
        }
    }

    private Phase enterAlone(Deadline deadline) throws DiskBusyException {
        while (true) {
            Phase now = phase;
            now.enterAlone(deadline);
            if (now == phase) {
                return now;
            }
            now.leaveAlone();
        }
    }

    /** Whether requests are held back now. */
    public boolean isPaused() {
        return phase.isHeldBack();
    }

    Phase phase() {
        return phase;
    }

    /** New requests belong to {@code next} from now on. */
    void goOn(Phase next) {
        phase = next;
    }

    /** Waits until the flushes under way have ended. */
    void awaitFlushes(Deadline deadline) throws DiskBusyException {
        Lock alone = flushGate.writeLock();
        deadline.lock(alone);
        alone.unlock();
    }

    void paused(long nanos) {
        pauses.paused(nanos);
    }

    /** The time in which no request runs. Belongs to the thread that paused the disk. */
    public final class Pause implements AutoCloseable {
        private final Phase held;
        private final long begin;

        private Pause(Phase held, long begin) {
            this.held = held;
            this.begin = begin;
        }

        public Chain chain() {
            return held.chain();
        }

        /** Serves {@code successor} from now on, which must have the same content. */
        public void replace(Chain successor) {
            held.replace(successor);
        }

        /** Lets requests run again. */
        @Override
        public void close() {
            held.leaveAlone();
            flushGate.writeLock().unlock();
            pauses.paused(PauseClock.nanos() - begin);
        }
    }

    private static boolean isAligned(long offset, ByteBuffer bytes) {
        return offset % SECTOR == 0 && bytes.remaining() % SECTOR == 0;
    }

    private static long roundUp(long offset) {
        return (offset + SECTOR - 1) / SECTOR * SECTOR;
    }
}
