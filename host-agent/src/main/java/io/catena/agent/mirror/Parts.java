package io.catena.agent.mirror;

import java.util.BitSet;

/**
 * What is known of the copy's parts. For one thread at a time.
 *
 * <p>A part is <em>missing</em> if the copy may show something else than the disk; it is <em>unflushed</em> if the copy may
 * forget what it got when its host loses its power; it is <em>pristine</em> if the copy never got anything, and shows zeros.
 */
final class Parts {
    private static final long SMALLEST_PART_BYTES = 64 << 10;

    /** So that what is kept of the largest disk takes some MiB. */
    private static final long MOST_PARTS = 1 << 24;

    private final long sizeBytes;
    private final long partBytes;
    private final BitSet missing = new BitSet();
    private final BitSet pristine = new BitSet();
    private BitSet unflushed = new BitSet();

    /** All is missing. */
    Parts(long sizeBytes, boolean isPristine) {
        this(sizeBytes, isPristine, partBytes(sizeBytes));
    }

    Parts(long sizeBytes, boolean isPristine, long partBytes) {
        this.sizeBytes = sizeBytes;
        this.partBytes = partBytes;
        missing.set(0, count());
        if (isPristine) {
            pristine.set(0, count());
        }
    }

    private static long partBytes(long sizeBytes) {
        long bytes = SMALLEST_PART_BYTES;
        while (sizeBytes / bytes > MOST_PARTS) {
            bytes *= 2;
        }
        return bytes;
    }

    /** A range of bytes, of which there is at least one. */
    record Range(long offset, long lengthBytes) {}

    long partBytes() {
        return partBytes;
    }

    private int count() {
        return (int) ((sizeBytes + partBytes - 1) / partBytes);
    }

    private int first(long offset) {
        return (int) Math.min(count(), offset / partBytes);
    }

    /** What is behind the end does not count. */
    private int end(long offset, long lengthBytes) {
        return (int) Math.min(count(), (offset + lengthBytes + partBytes - 1) / partBytes);
    }

    void miss(long offset, long lengthBytes) {
        missing.set(first(offset), end(offset, lengthBytes));
    }

    void missAll() {
        missing.set(0, count());
    }

    /** What may be forgotten is missing. */
    void missUnflushed() {
        missing.or(unflushed);
        unflushed.clear();
    }

    void miss(BitSet parts) {
        missing.or(parts);
    }

    boolean isMissing(long offset, long lengthBytes) {
        return missing.nextClearBit(first(offset)) >= end(offset, lengthBytes);
    }

    boolean isComplete() {
        return missing.isEmpty();
    }

    long missingBytes() {
        return Math.min(sizeBytes, missing.cardinality() * partBytes);
    }

    /** Whole parts are about to be copied. */
    void take(Range whole) {
        missing.clear(first(whole.offset()), end(whole.offset(), whole.lengthBytes()));
    }

    /** Returns missing parts in a row, from {@code from} on or else from the beginning; an empty range if nothing is missing. */
    Range nextMissing(long from, long mostBytes) {
        int start = missing.nextSetBit(first(from));
        if (start < 0) {
            start = missing.nextSetBit(0);
        }
        if (start < 0) {
            return new Range(0, 0);
        }
        long offset = start * partBytes;
        long end = Math.min(sizeBytes, missing.nextClearBit(start) * partBytes);
        long most = Math.max(partBytes, mostBytes / partBytes * partBytes);
        return new Range(offset, Math.min(end - offset, most));
    }

    /** The copy is about to get something. */
    void touch(long offset, long lengthBytes) {
        pristine.clear(first(offset), end(offset, lengthBytes));
    }

    boolean isPristine(long offset, long lengthBytes) {
        return pristine.nextClearBit(first(offset)) >= end(offset, lengthBytes);
    }

    void arrived(long offset, long lengthBytes) {
        unflushed.set(first(offset), end(offset, lengthBytes));
    }

    /** Returns what a flush that begins now makes durable. */
    BitSet takeUnflushed() {
        BitSet taken = unflushed;
        unflushed = new BitSet();
        return taken;
    }
}
