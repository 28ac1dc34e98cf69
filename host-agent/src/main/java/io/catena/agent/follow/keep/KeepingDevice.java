package io.catena.agent.follow.keep;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
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
public final class KeepingDevice implements BlockDevice {
    private final boolean readOnly;
    private final LongSupplier mostBytes;
    private final Whereabouts whereabouts;

    /** For one change of the place at a time. */
    private final ReentrantLock moving = new ReentrantLock();

    /** Used with the lock of {@link #whereabouts} held: what is kept belongs to the place. */
    private final KeptChanges kept = new KeptChanges();

    private volatile long sizeBytes;

    /**
     * @param mostBytes how much memory the kept changes may take; they are flushed to stay below
     * @param onLoss told, by any thread, that the host is lost; must not wait
     */
    public KeepingDevice(long sizeBytes, boolean readOnly, LongSupplier mostBytes, Runnable onLoss) {
        this.sizeBytes = sizeBytes;
        this.readOnly = readOnly;
        this.mostBytes = mostBytes;
        whereabouts = new Whereabouts(onLoss);
    }

    /** Opens a disk anew. */
    @FunctionalInterface
    public interface Opening {
        /** Returns the disk, which is this device's to close. */
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
    public void move(Opening opening) throws IOException {
        moving.lock();
        try {
            List<Change> again = whereabouts.suspend(kept::answered);
            Place next = new Place(opening.open());
            whereabouts.coming(next);
            try {
                makeAgain(again, next);
            } catch (IOException e) {
                next.close();
                throw e;
            } finally {
                whereabouts.coming(null);
            }
            whereabouts.goOn(next, () -> {
                sizeBytes = next.disk().sizeBytes();
                kept.forgetUntil(kept.mark());
            });
        } finally {
            moving.unlock();
        }
    }

    private void makeAgain(List<Change> again, Place next) throws IOException {
        for (Change change : again) {
            change.make(next.disk());
        }
        if (!readOnly && next.isElsewhere()) {
            next.disk().flush();
        }
    }

    /** Whether the disk is served somewhere, as far as is known. */
    public boolean isServed() {
        return whereabouts.isServed();
    }

    /** Whether it has ended for good. */
    public boolean isFailed() {
        return whereabouts.isFailed();
    }

    /** The host that serves it does not answer; the requests wait. */
    public void suspectLoss() {
        whereabouts.suspectLoss();
    }

    /** Ends it for good: all requests fail. */
    public void fail(String reason) {
        whereabouts.fail(reason);
    }

    /**
     * Runs a request until it has an answer that counts.
     *
     * @param before done before the request is sent, while the place stays as it is
     * @param after done if the answer counts, while the place stays as it is
     */
    private void perform(Request request, Runnable before, Runnable after) throws IOException {
        while (true) {
            Place at = whereabouts.awaitPlace(before);
            try {
                request.run(at.disk());
                if (whereabouts.settle(at, after)) {
                    return;
                }
            } catch (HolderLostException e) {
                whereabouts.lost(at);
            } catch (IOException e) {
                if (whereabouts.settle(at, KeepingDevice::nothing)) {
                    throw e;
                }
            }
        }
    }

    private static void nothing() {}

    private void change(Change change) throws IOException {
        BlockDevice mine = whereabouts.own();
        if (mine != null) {
            change.make(mine);
            return;
        }
        admit(change);
        try {
            perform(change::make, KeepingDevice::nothing, () -> keep(change));
        } finally {
            whereabouts.change(() -> kept.drop(change));
        }
    }

    private void keep(Change change) {
        if (whereabouts.own() == null) {
            kept.answer(change);
        }
    }

    /** Waits until there is room, and no change of the same bytes is under way: which of two comes last must be known. */
    private void admit(Change change) throws IOException {
        while (whereabouts.await(() -> tryAdmit(change)) == Admission.NEEDS_FLUSH) {
            flush();
        }
    }

    /** What became of a change that is to begin. */
    private enum Admission {
        BEGUN,
        NEEDS_FLUSH
    }

    /** Returns null if it has to wait. */
    private @Nullable Admission tryAdmit(Change change) {
        boolean fits = kept.fits(change, mostBytes.getAsLong());
        if (fits && !kept.isInTheWayOf(change)) {
            kept.begin(change);
            return Admission.BEGUN;
        }
        return !fits && kept.hasAnswered() ? Admission.NEEDS_FLUSH : null;
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
        perform(disk -> disk.read(offset, target.duplicate()), KeepingDevice::nothing, KeepingDevice::nothing);
        target.position(target.limit());
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        BlockDevice mine = whereabouts.own();
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
        perform(disk -> found[0] = disk.extent(offset, maxBytes), KeepingDevice::nothing, KeepingDevice::nothing);
        return found[0];
    }

    /**
     * As {@link #flush}, but does not wait if the host is lost.
     *
     * @throws IOException if it is; what was kept is kept still
     */
    public void flushHere() throws IOException {
        long[] mark = new long[1];
        Place at = whereabouts.placeNow(() -> mark[0] = kept.mark());
        at.disk().flush();
        if (!whereabouts.settle(at, () -> kept.forgetUntil(mark[0]))) {
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
