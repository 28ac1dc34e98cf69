package io.catena.agent.follow;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A disk of this host's guests that another host serves. When that host is lost, what it has answered and not flushed is lost
 * with it: so this keeps each change until a flush that began after its answer was answered, too, and makes the kept ones again
 * where the disk is served next, before any other request gets there. Requests wait meanwhile, and are repeated if they had no
 * answer.
 *
 * <p>An answer counts only if the disk is still served where the request went when it is taken note of: what is answered while
 * the kept changes are made elsewhere would not be among them.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class KeepingDevice implements BlockDevice {
    private final boolean readOnly;
    private final LongSupplier mostBytes;
    private final Runnable onLoss;

    /** For one change of the place at a time. */
    private final ReentrantLock moving = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Guarded by {@link #lock}, as are {@link #place} and {@link #failure}. */
    private final KeptChanges kept = new KeptChanges();

    /** Where the disk is served; null while it is nowhere. */
    private @Nullable Place place;

    /** Where the kept changes are made again just now. */
    private @Nullable Place coming;

    /** Why it never is again. */
    private @Nullable String failure;

    private volatile long sizeBytes;

    /** The disk itself, once this host has the SR: it keeps what it answers by its own means. */
    private volatile @Nullable BlockDevice own;

    /**
     * @param mostBytes how much memory the kept changes may take; they are flushed to stay below
     * @param onLoss told, by any thread, that the host is lost; must not wait
     */
    KeepingDevice(long sizeBytes, boolean readOnly, LongSupplier mostBytes, Runnable onLoss) {
        this.sizeBytes = sizeBytes;
        this.readOnly = readOnly;
        this.mostBytes = mostBytes;
        this.onLoss = onLoss;
    }

    /** One time at which the disk is served somewhere; only equal to itself. */
    private static final class Place {
        private final BlockDevice disk;

        Place(BlockDevice disk) {
            this.disk = disk;
        }

        void close() {
            if (disk instanceof ServedDisk served) {
                served.close();
            }
        }
    }

    /** Opens a disk anew. */
    @FunctionalInterface
    interface Opening {
        BlockDevice open() throws IOException;
    }

    /** A request, which can be repeated. */
    @FunctionalInterface
    private interface Request {
        void run(BlockDevice disk) throws IOException;
    }

    /**
     * Goes on with the disk as it is served from now on.
     *
     * <ol>
     *   <li>Where it was served before, no answer counts any more.
     *   <li>Open it. Whoever serves it lets nothing through that came over the connection before.
     *   <li>Make the kept changes again, in their order, and flush: nothing needs to be kept then. By the flush the host knows
     *       that the disk is complete again. It also covers what a former process of this host was answered and did not keep.
     *   <li>Let the requests go on.
     * </ol>
     *
     * @throws IOException if it cannot be opened or changed; the requests wait on
     */
    void move(Opening opening) throws IOException {
        moving.lock();
        try {
            List<Change> again = suspend();
            Place next = new Place(opening.open());
            coming(next);
            try {
                makeAgain(again, next);
            } catch (IOException e) {
                next.close();
                throw e;
            } finally {
                coming(null);
            }
            goOn(next);
        } finally {
            moving.unlock();
        }
    }

    private void makeAgain(List<Change> again, Place next) throws IOException {
        for (Change change : again) {
            change.make(next.disk);
        }
        if (!readOnly && next.disk instanceof ServedDisk) {
            next.disk.flush();
        }
    }

    private void coming(@Nullable Place next) {
        lock.lock();
        try {
            coming = next;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the time at the place where it is served, and returns what is to be made again. */
    private List<Change> suspend() throws IOException {
        lock.lock();
        try {
            throwIfFailed();
            Place before = place;
            place = null;
            if (before != null) {
                before.close();
            }
            return kept.answered();
        } finally {
            lock.unlock();
        }
    }

    private void goOn(Place next) throws IOException {
        lock.lock();
        try {
            if (failure != null) {
                next.close();
                throwIfFailed();
            }
            place = next;
            sizeBytes = next.disk.sizeBytes();
            kept.forgetUntil(kept.mark());
            if (!(next.disk instanceof ServedDisk)) {
                own = next.disk;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the disk is served somewhere, as far as is known. */
    boolean isServed() {
        lock.lock();
        try {
            return place != null;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it has ended for good. */
    boolean isFailed() {
        lock.lock();
        try {
            return failure != null;
        } finally {
            lock.unlock();
        }
    }

    /** The host that serves it does not answer; the requests wait. */
    void suspectLoss() {
        lock.lock();
        try {
            Place now = place;
            if (now != null && own == null) {
                lost(now);
            }
            Place next = coming;
            if (next != null) {
                next.close();
            }
        } finally {
            lock.unlock();
        }
    }

    private void lost(Place at) {
        lock.lock();
        try {
            if (place == at) {
                place = null;
                at.close();
                onLoss.run();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends it for good: all requests fail. */
    void fail(String reason) {
        lock.lock();
        try {
            Place now = place;
            place = null;
            own = null;
            failure = reason;
            if (now != null) {
                now.close();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void throwIfFailed() throws IOException {
        if (failure != null) {
            throw new IOException(failure);
        }
    }

    /** Waits until the disk is served; with the lock held. */
    private Place awaitPlace() throws IOException {
        while (true) {
            throwIfFailed();
            Place now = place;
            if (now != null) {
                return now;
            }
            awaitChange();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // its callers loop
    private void awaitChange() throws IOException {
        try {
            changed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the host that has the SR");
        }
    }

    /**
     * Runs a request until it has an answer that counts.
     *
     * @param before done with the lock held, before the request is sent
     * @param after done with the lock held, if the answer counts
     */
    private void perform(Request request, Runnable before, Runnable after) throws IOException {
        while (true) {
            Place at = begin(before);
            try {
                request.run(at.disk);
                if (settle(at, after)) {
                    return;
                }
            } catch (HolderLostException e) {
                lost(at);
            } catch (IOException e) {
                if (settle(at, () -> {})) {
                    throw e;
                }
            }
        }
    }

    private Place begin(Runnable before) throws IOException {
        lock.lock();
        try {
            Place at = awaitPlace();
            before.run();
            return at;
        } finally {
            lock.unlock();
        }
    }

    private boolean settle(Place at, Runnable after) {
        lock.lock();
        try {
            if (place != at) {
                return false;
            }
            after.run();
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void change(Change change) throws IOException {
        BlockDevice mine = own;
        if (mine != null) {
            change.make(mine);
            return;
        }
        admit(change);
        try {
            perform(change::make, () -> {}, () -> keep(change));
        } finally {
            leave(change);
        }
    }

    private void keep(Change change) {
        if (own == null) {
            kept.answer(change);
        }
    }

    /** Waits until there is room, and no change of the same bytes is under way: which of two comes last must be known. */
    private void admit(Change change) throws IOException {
        while (!tryAdmit(change)) {
            flush();
        }
    }

    /** Returns false if a flush makes room. */
    private boolean tryAdmit(Change change) throws IOException {
        lock.lock();
        try {
            while (true) {
                throwIfFailed();
                boolean fits = kept.fits(change, mostBytes.getAsLong());
                if (fits && !kept.isInTheWayOf(change)) {
                    kept.begin(change);
                    return true;
                }
                if (!fits && kept.hasAnswered()) {
                    return false;
                }
                awaitChange();
            }
        } finally {
            lock.unlock();
        }
    }

    private void leave(Change change) {
        lock.lock();
        try {
            kept.drop(change);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        perform(disk -> disk.read(offset, target.duplicate()), () -> {}, () -> {});
        target.position(target.limit());
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        BlockDevice mine = own;
        if (mine != null) {
            mine.write(offset, source);
            return;
        }
        change(Change.write(offset, source));
        source.position(source.limit());
    }

    @Override
    public void discard(long offset, long lengthBytes) throws IOException {
        change(Change.of(Change.Kind.DISCARD, offset, lengthBytes));
    }

    @Override
    public void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        Change.Kind kind = mayDeallocate ? Change.Kind.ZERO : Change.Kind.ZERO_KEEPING_SPACE;
        change(Change.of(kind, offset, lengthBytes));
    }

    @Override
    public boolean zeroesFast() {
        return true;
    }

    @Override
    public Extent extent(long offset, long maxBytes) throws IOException {
        Extent[] found = new Extent[1];
        perform(disk -> found[0] = disk.extent(offset, maxBytes), () -> {}, () -> {});
        return found[0];
    }

    /**
     * As {@link #flush}, but does not wait if the host is lost.
     *
     * @throws IOException if it is; what was kept is kept still
     */
    void flushHere() throws IOException {
        Place at;
        long mark;
        lock.lock();
        try {
            throwIfFailed();
            at = place;
            mark = kept.mark();
        } finally {
            lock.unlock();
        }
        if (at == null) {
            throw new IOException("the disk is served by no host now");
        }
        at.disk.flush();
        if (!settle(at, () -> kept.forgetUntil(mark))) {
            throw new IOException("the host that served the disk was lost meanwhile");
        }
    }

    /** What was answered when this began need not be kept when it has ended, if it ends where it began. */
    @Override
    public void flush() throws IOException {
        long[] mark = new long[1];
        perform(BlockDevice::flush, () -> mark[0] = kept.mark(), () -> kept.forgetUntil(mark[0]));
    }
}
