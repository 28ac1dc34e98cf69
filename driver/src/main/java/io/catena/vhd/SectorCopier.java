package io.catena.vhd;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Copies sectors from one layer to another, and counts what that took. Files share what they can; zeros become holes where the file system has them.
 *
 * <p><b>Threads.</b> Used by one thread at a time.
 */
public final class SectorCopier {
    /** The most that {@link #copy} takes. */
    public static final int MOST_BYTES = 2 << 20;

    /** To take fewer bytes over would take longer than to write them. */
    private static final int LEAST_TAKEN_BYTES = 64 << 10;

    private static final ByteBuffer ZEROS =
            ByteBuffer.allocateDirect(MOST_BYTES).asReadOnlyBuffer();

    private final ByteBuffer buffer =
            ByteBuffer.allocateDirect(MOST_BYTES + 4096).alignedSlice(4096);
    private long writtenBytes;
    private long sharedBytes;

    /** Of what was written, how much may wait in the system's cache. */
    private long cachedBytes;

    /** How much was written since {@link #writeOut} was called. */
    private long newBytes;

    /**
     * Copies sectors that are all present in {@code source}.
     *
     * @param lengthBytes at most {@link #MOST_BYTES}
     */
    public void copy(Layer source, Layer target, long offset, int lengthBytes) throws IOException {
        if (lengthBytes < LEAST_TAKEN_BYTES || !take(source, target, offset, lengthBytes)) {
            copyThroughBuffer(source, target, offset, lengthBytes);
        }
    }

    /** Returns whether that was possible. */
    private boolean take(Layer source, Layer target, long offset, int lengthBytes) throws IOException {
        Layer.Place place = source.place(offset);
        if (place == null) {
            return false;
        }
        return switch (target.takeFrom(place, offset, lengthBytes)) {
            case SHARED -> {
                sharedBytes += lengthBytes;
                yield true;
            }
            case COPIED -> {
                noteWritten(lengthBytes);
                yield true;
            }
            case HOLE -> {
                target.zero(offset, lengthBytes);
                yield true;
            }
            case REFUSED -> false;
        };
    }

    private void copyThroughBuffer(Layer source, Layer target, long offset, int lengthBytes) throws IOException {
        source.read(offset, buffer.clear().limit(lengthBytes));
        write(target, offset, buffer.flip());
    }

    /** Reads sectors that are all present, so that to read them again takes no time. */
    public void read(Layer source, long offset, int lengthBytes) throws IOException {
        source.read(offset, buffer.clear().limit(lengthBytes));
    }

    private void write(Layer target, long offset, ByteBuffer bytes) throws IOException {
        int length = bytes.remaining();
        if (target.givesSpaceBack() && bytes.mismatch(ZEROS.duplicate().limit(length)) < 0) {
            target.zero(offset, length);
        } else {
            target.write(offset, bytes);
            noteWritten(length);
        }
    }

    private void noteWritten(int lengthBytes) {
        writtenBytes += lengthBytes;
        cachedBytes += lengthBytes;
        newBytes += lengthBytes;
    }

    /**
     * Has sectors of one block written out, some of which were copied, unless nothing was written since the last time: so
     * little of it waits in the system's cache for the flush of a guest.
     */
    public void writeOut(Layer target, long offset, long lengthBytes) throws IOException {
        if (newBytes == 0) {
            return;
        }
        Layer.Place place = target.place(offset);
        if (place != null && place.file().writeOut(place.offset(), lengthBytes)) {
            cachedBytes -= Math.min(newBytes, lengthBytes);
        }
        newBytes = 0;
    }

    /** Returns how many of the bytes that were written since {@link #wasSynced} may wait in the system's cache. */
    long cachedBytes() {
        return cachedBytes;
    }

    /** Is told that all that was written is durable. */
    void wasSynced() {
        cachedBytes = 0;
        newBytes = 0;
    }

    /** Returns how many bytes were written. */
    public long writtenBytes() {
        return writtenBytes;
    }

    /** Returns how many bytes were taken over without being written, for both files share them. */
    public long sharedBytes() {
        return sharedBytes;
    }
}
