package io.catena.sr.live;

import io.catena.api.JobControl;
import io.catena.disk.LiveDisk;
import io.catena.vhd.Layer;
import io.catena.vhd.SectorCopier;
import io.catena.vhd.SyncPace;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Copies into a node what its parent has and it lacks, a few sectors at a time. What is seen through the chain does not
 * change at any moment, so this can be interrupted anywhere, and goes on where it was: what was copied is not lacking any
 * more.
 *
 * <p>A guest may write the node meanwhile: then its requests wait while some sectors are looked at once more and copied, or
 * an older value could come over what it has just written. These are few, or a whole block if the files share what they can:
 * that takes no longer.
 *
 * <p><b>Threads.</b> Used by one thread at a time.
 */
public final class Fill implements Closeable {
    /** So much is copied while requests wait: some microseconds. */
    private static final int LIVE_PIECE_BYTES = 64 << 10;

    /** So much is copied at a time while guests work, of this disk or another. */
    private static final int SMALL_ROUND_BYTES = 256 << 10;

    private static final int ROUND_BYTES = 32 << 20;

    private final Layer upper;
    private final Layer lower;
    private final @Nullable LiveDisk guest;
    private final SectorCopier copier = new SectorCopier();
    private final SectorCopier warmer = new SectorCopier();
    private final SyncPace pace;
    private final long endBytes;
    private long offset;
    private long copiedBytes;

    /**
     * @param guest who writes to {@code upper} meanwhile; null if nobody does
     */
    public Fill(Layer upper, Layer lower, @Nullable LiveDisk guest) {
        this.upper = upper;
        this.lower = lower;
        this.guest = guest;
        this.endBytes = Math.min(upper.sizeBytes(), lower.sizeBytes());
        this.pace = new SyncPace(copier, upper::syncData);
    }

    /** Returns how many bytes are lacking. */
    public long lackingBytes() throws IOException {
        long lacking = 0;
        for (long at = 0; at < endBytes; ) {
            long run = lacking(at, endBytes - at);
            lacking += Math.max(0, run);
            at += Math.abs(run);
        }
        return lacking;
    }

    /** Copies some of what is lacking, less while guests work; returns whether there is more. */
    public boolean round(JobControl control) throws IOException {
        long until = Math.min(endBytes, offset + ROUND_BYTES);
        long enough = copiedBytes + (control.guestsWork() ? SMALL_ROUND_BYTES : ROUND_BYTES);
        while (offset < until && copiedBytes < enough) {
            long most = SectorCopier.MOST_BYTES;
            long run = lacking(offset, Math.min(until - offset, most - offset % most));
            if (run > 0) {
                boolean gently = guest != null || control.guestsWork();
                run = gently ? pieceBytes(run) : run;
                control.checkCancelled();
                long copied = copy(run);
                if (gently) {
                    copier.writeOut(upper, offset, run);
                }
                pace.copied();
                copiedBytes += copied;
                control.done(copied);
            }
            offset += Math.abs(run);
        }
        return offset < endBytes;
    }

    private long pieceBytes(long run) {
        return isShared(run) ? run : Math.min(run, SMALL_ROUND_BYTES - offset % SMALL_ROUND_BYTES);
    }

    /** As {@link Layer#run}: whether the sectors are to be copied. */
    private long lacking(long at, long maxBytes) throws IOException {
        long run = upper.run(at, maxBytes);
        return run > 0 ? -run : lower.run(at, -run);
    }

    private long copy(long lengthBytes) throws IOException {
        return guest == null ? copyAlone(offset, lengthBytes) : copyBesideGuest(guest, lengthBytes);
    }

    private long copyBesideGuest(LiveDisk disk, long lengthBytes) throws IOException {
        boolean shared = isShared(lengthBytes);
        if (!shared) {
            warmer.read(lower, offset, (int) lengthBytes);
        }
        long end = offset + lengthBytes;
        long pieceBytes = shared ? lengthBytes : LIVE_PIECE_BYTES;
        long[] copied = new long[1];
        long length;
        for (long at = offset; at < end; at += length) {
            long from = at;
            long most = Math.min(end - at, pieceBytes - at % pieceBytes);
            length = most;
            disk.alone(() -> copied[0] += copyAlone(from, most));
        }
        return copied[0];
    }

    /** Whether sectors are a whole block that the files will most likely share, as they did with others. */
    private boolean isShared(long lengthBytes) {
        long block = Math.min(SectorCopier.MOST_BYTES, upper.blockBytes());
        return copier.sharedBytes() > 0 && offset % block == 0 && lengthBytes == block;
    }

    private long copyAlone(long from, long lengthBytes) throws IOException {
        long copied = 0;
        for (long at = from, end = from + lengthBytes; at < end; ) {
            long run = lacking(at, end - at);
            if (run > 0) {
                copier.copy(lower, upper, at, (int) run);
                copied += run;
            }
            at += Math.abs(run);
        }
        return copied;
    }

    long copiedBytes() {
        return copiedBytes;
    }

    public SectorCopier copied() {
        return copier;
    }

    /** Closes both, the upper first, whose data is durable then. */
    @Override
    public void close() throws IOException {
        try (lower) {
            upper.close();
        }
    }
}
