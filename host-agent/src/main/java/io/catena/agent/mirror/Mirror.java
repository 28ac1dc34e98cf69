package io.catena.agent.mirror;

import io.catena.disk.BlockDevice;
import io.catena.disk.Extent;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A disk in use and its copy.
 *
 * <p><b>Order.</b> Whoever changes or copies a range has it alone from the change of the disk until the copy has answered:
 * both see the same changes in the same order, and what is read for copying is not older than what the copy has.
 *
 * <p><b>What is missing</b> is known at every moment: a change that did not arrive, and when the connection breaks also what
 * arrived but was not flushed. Parts that are missing get nothing but by copying.
 *
 * <p><b>Errors.</b> Those of the disk go to who asks for the change. Those of the copy end the {@link Link}. <b>Threads.</b> Changes by
 * many threads; {@link #copySome} by one.
 */
final class Mirror {
    private static final Logger LOG = Logger.getLogger(Mirror.class.getName());

    /** What holds nothing takes no time. */
    private static final long HOLE_BYTES = 64L << 20;

    /** The copy has to answer in time, and others wait for their turn. */
    private static final long ZERO_BYTES = 16L << 20;

    private final BlockDevice disk;
    private final ServedReader reader;
    private final long sizeBytes;
    private final long copyBytes;
    private final Parts parts;
    private final RangeLocks locks;

    /** For who copies a range, which he has alone. */
    private final PieceCopy.State state = new PieceCopy.State() {
        @Override
        public boolean isZero(Parts.Range range) {
            return isPristine(range);
        }

        @Override
        public void sends(Parts.Range range) {
            touch(range.offset(), range.lengthBytes());
        }
    };

    /** Where to look for what is missing next; of the thread that copies. */
    private long cursor;

    /** Null while the copy cannot be reached. Guarded by this, as all below and {@link #parts}. */
    private @Nullable Link link;

    /** Whether parts that are not missing any more are on their way. */
    private boolean copying;

    private boolean ended;
    private boolean grown;
    private long sentBytes;
    private String trouble = "";

    /**
     * @param disk changes go there
     * @param reader shows the same disk to who copies
     * @param isPristine whether the copy is known to hold nothing but zeros
     */
    Mirror(BlockDevice disk, ServedReader reader, boolean isPristine) {
        this(disk, reader, new Parts(disk.sizeBytes(), isPristine), PieceCopy.PIECE_BYTES);
    }

    /**
     * @param copyBytes how much is copied at a time; who writes there waits so long
     */
    Mirror(BlockDevice disk, ServedReader reader, Parts parts, long copyBytes) {
        this.disk = disk;
        this.copyBytes = copyBytes;
        this.reader = reader;
        this.sizeBytes = disk.sizeBytes();
        this.parts = parts;
        this.locks = new RangeLocks(parts.partBytes());
    }

    /** What the disk does. */
    private interface Change {
        void run() throws IOException;
    }

    /** What the copy does. */
    private interface Forward {
        void to(Link copy) throws IOException;
    }

    void write(long offset, ByteBuffer source) throws IOException {
        ByteBuffer again = source.duplicate();
        int length = source.remaining();
        change(offset, length, () -> disk.write(offset, source), copy -> copy.write(offset, again));
    }

    void writeZeroes(long offset, long lengthBytes, boolean mayDeallocate) throws IOException {
        inPieces(
                offset,
                lengthBytes,
                (at, length) -> change(
                        at,
                        length,
                        () -> disk.writeZeroes(at, length, mayDeallocate),
                        copy -> copy.writeZeroes(at, length, mayDeallocate)));
    }

    /** A disk may leave what is discarded as it is; so the copy gets what the disk shows then. */
    void discard(long offset, long lengthBytes) throws IOException {
        inPieces(
                offset,
                lengthBytes,
                (at, length) -> change(
                        at,
                        length,
                        () -> disk.discard(at, length),
                        copy -> PieceCopy.copy(disk, copy, new Parts.Range(at, length), state)));
    }

    /** Of a change that can be of any length. */
    private interface Piece {
        void run(long offset, long lengthBytes) throws IOException;
    }

    private static void inPieces(long offset, long lengthBytes, Piece piece) throws IOException {
        long end = offset + lengthBytes;
        for (long at = offset; at < end; ) {
            long length = Math.min(end - at, ZERO_BYTES - at % ZERO_BYTES);
            piece.run(at, length);
            at += length;
        }
    }

    private void change(long offset, long lengthBytes, Change own, Forward theirs) throws IOException {
        RangeLocks.Held held = locks.lock(offset, lengthBytes);
        try {
            changeDisk(offset, lengthBytes, own);
            Link now = begin(offset, lengthBytes);
            if (now != null) {
                forward(now, offset, lengthBytes, theirs);
            }
        } finally {
            held.close();
        }
    }

    /** After an error nobody knows what the disk shows. */
    private void changeDisk(long offset, long lengthBytes, Change own) throws IOException {
        boolean done = false;
        try {
            own.run();
            done = true;
        } finally {
            if (!done) {
                miss(offset, lengthBytes);
            }
        }
    }

    private void forward(Link copy, long offset, long lengthBytes, Forward theirs) {
        boolean arrived = false;
        try {
            theirs.to(copy);
            arrived = true;
        } catch (IOException e) {
            broken(copy, e);
        } finally {
            end(copy, offset, lengthBytes, arrived);
        }
    }

    void flush() throws IOException {
        disk.flush();
        flushCopy();
    }

    /** What arrived before is durable when this returns, or missing. */
    void flushCopy() {
        Link now;
        BitSet flushed;
        synchronized (this) {
            now = link;
            if (now == null) {
                return;
            }
            flushed = parts.takeUnflushed();
        }
        boolean done = false;
        try {
            now.flush();
            done = true;
        } catch (IOException e) {
            broken(now, e);
        } finally {
            if (!done) {
                miss(flushed);
            }
        }
    }

    /**
     * Copies some of what is missing.
     *
     * @return how many bytes of the disk are not missing any more; 0 if nothing is missing, or the copy cannot be reached
     * @throws IOException if the disk cannot be read
     */
    long copySome() throws IOException {
        Parts.Range next = next();
        if (next.lengthBytes() == 0) {
            return 0;
        }
        cursor = next.offset() + next.lengthBytes();
        RangeLocks.Held held = locks.lock(next.offset(), next.lengthBytes());
        try {
            Link now = take(next);
            return now != null && copy(now, next) ? next.lengthBytes() : 0;
        } finally {
            copied();
            held.close();
        }
    }

    /** Only a hint: what it finds may change until the range is locked. */
    private Parts.Range next() throws IOException {
        Parts.Range hole = nextMissing(HOLE_BYTES);
        if (hole.lengthBytes() == 0) {
            return hole;
        }
        Extent extent = reader.extent(hole.offset(), hole.lengthBytes());
        return nextMissing(extent.allocated() ? copyBytes : Math.max(copyBytes, extent.lengthBytes()));
    }

    private synchronized Parts.Range nextMissing(long mostBytes) {
        return parts.nextMissing(cursor, mostBytes);
    }

    /** Returns whether it arrived. */
    private boolean copy(Link copy, Parts.Range range) throws IOException {
        boolean arrived = false;
        try {
            PieceCopy.copy(reader, copy, range, state);
            arrived = true;
        } catch (DiskUnreadableException e) {
            throw e;
        } catch (IOException e) {
            broken(copy, e);
        } finally {
            end(copy, range.offset(), range.lengthBytes(), arrived);
        }
        return arrived;
    }

    /** Returns where a change goes; null if the range will be copied. */
    private synchronized @Nullable Link begin(long offset, long lengthBytes) {
        grown |= offset + lengthBytes > sizeBytes;
        if (link == null || grown || parts.isMissing(offset, lengthBytes)) {
            parts.miss(offset, lengthBytes);
            return null;
        }
        parts.touch(offset, lengthBytes);
        return link;
    }

    private synchronized @Nullable Link take(Parts.Range range) {
        if (link != null) {
            parts.take(range);
            copying = true;
        }
        return link;
    }

    private synchronized void copied() {
        copying = false;
    }

    /** An answer of a connection that is over counts for nothing. */
    private synchronized void end(Link copy, long offset, long lengthBytes, boolean arrived) {
        if (arrived && copy == link) {
            parts.arrived(offset, lengthBytes);
        } else {
            parts.miss(offset, lengthBytes);
        }
        notifyAll();
    }

    private synchronized void miss(long offset, long lengthBytes) {
        parts.miss(offset, lengthBytes);
    }

    private synchronized void miss(BitSet range) {
        parts.miss(range);
    }

    private synchronized void touch(long offset, long lengthBytes) {
        parts.touch(offset, lengthBytes);
        sentBytes += lengthBytes;
    }

    private synchronized boolean isPristine(Parts.Range range) {
        return parts.isPristine(range.offset(), range.lengthBytes());
    }

    /** Ends a connection. */
    void broken(Link copy, IOException reason) {
        synchronized (this) {
            if (copy == link) {
                link = null;
                parts.missUnflushed();
                trouble = String.valueOf(reason.getMessage());
                LOG.warning(LogLine.of("mirror-broken", "missing_bytes", parts.missingBytes(), "reason", trouble));
            }
            notifyAll();
        }
        try {
            copy.close();
        } catch (IOException e) {
            LOG.log(Level.FINE, LogLine.of("mirror-close-failed"), e);
        }
    }

    /** Goes on with a connection; nothing of those before may still reach the copy. */
    synchronized void connected(Link copy) {
        link = copy;
        trouble = "";
    }

    synchronized @Nullable Link link() {
        return link;
    }

    /** Whether the copy shows what the disk does. */
    synchronized boolean isInSync() {
        return link != null && !grown && !copying && parts.isComplete();
    }

    /** Returns how much data was copied so far, holes not counted. */
    synchronized long sentBytes() {
        return sentBytes;
    }

    synchronized long missingBytes() {
        return parts.missingBytes();
    }

    /** Returns why the last connection broke; empty while there is one. */
    synchronized String trouble() {
        return trouble;
    }

    /** The disk shows something else from now on, though nobody wrote to it. */
    synchronized void contentChanged() {
        parts.missAll();
        notifyAll();
    }

    /** Whether the disk is larger than when the mirror began. */
    synchronized boolean hasGrown() {
        return grown || (!ended && disk.sizeBytes() != sizeBytes);
    }

    /** The disk's service has ended: no more changes come, and it is not read any more. */
    synchronized void diskEnded() {
        grown |= disk.sizeBytes() != sizeBytes;
        ended = true;
        notifyAll();
    }

    synchronized boolean isEnded() {
        return ended;
    }

    /** Waits a while, or until something changes. */
    synchronized void await(long nanos) throws InterruptedException {
        TimeUnit.NANOSECONDS.timedWait(this, nanos);
    }
}
