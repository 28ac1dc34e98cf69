package io.catena.agent.nbd.context;

import io.catena.api.DiskRange;
import java.io.Closeable;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;

/** Tells what may have changed since a snapshot, in blocks as large as those of qemu's bitmaps. Counts its memory until closed. */
final class DirtyBlocks implements MetaContext, Closeable {
    static final int BLOCK_BYTES = 64 << 10;

    private static final int DIRTY = 1;

    /** What one bit stands for in a KiB of bits. */
    private static final long BYTES_PER_KIB = 8L * 1024 * BLOCK_BYTES;

    /** All clients together may hold so much; a disk of 2040 GiB takes 4 MiB. */
    private static final int MOST_KIB = 64 << 10;

    private static final Semaphore KIB = new Semaphore(MOST_KIB);

    private final String name;
    private final int sizeKib;
    private final BitSet dirty = new BitSet();
    private boolean closed;

    /**
     * @param sizeBytes of the disk
     * @throws IllegalStateException if clients hold as much as they may already
     */
    DirtyBlocks(String name, long sizeBytes) {
        this.name = name;
        sizeKib = (int) Math.min(MOST_KIB, sizeBytes / BYTES_PER_KIB + 1);
        if (!KIB.tryAcquire(sizeKib)) {
            throw new IllegalStateException("clients hold " + (MOST_KIB - KIB.availablePermits()) + " KiB of bitmaps, "
                    + sizeKib + " more are wanted, " + MOST_KIB + " allowed; try again when some have left");
        }
    }

    DirtyBlocks with(List<DiskRange> changed) {
        for (DiskRange range : changed) {
            dirty.set((int) (range.offset() / BLOCK_BYTES), (int) ((range.end() - 1) / BLOCK_BYTES) + 1);
        }
        return this;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Status status(long offset, long lengthBytes) {
        int block = (int) (offset / BLOCK_BYTES);
        boolean isDirty = dirty.get(block);
        int next = isDirty ? dirty.nextClearBit(block) : dirty.nextSetBit(block);
        long length = next < 0 ? lengthBytes : Math.min(lengthBytes, (long) next * BLOCK_BYTES - offset);
        return new Status(length, isDirty ? DIRTY : 0);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            KIB.release(sizeKib);
        }
    }
}
