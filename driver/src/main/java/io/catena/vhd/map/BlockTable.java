package io.catena.vhd.map;

import io.catena.format.SparseLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The entries of a BAT in memory. Parts of it of which no block is allocated take no room: most files of a chain hold little
 * of the disk.
 *
 * <p><b>Threads.</b> Reading is for many threads, {@link #set} for one at a time.
 */
final class BlockTable {
    /** As many as a sector of the BAT has. */
    static final int PART_ENTRIES = SparseLayout.SECTOR / Integer.BYTES;

    /** A part, with the objects that hold it. */
    private static final int PART_BYTES = PART_ENTRIES * Integer.BYTES + 32;

    private final AtomicReferenceArray<AtomicIntegerArray> parts;

    /**
     * Makes a table with no block allocated.
     *
     * @param entries a multiple of {@link #PART_ENTRIES}
     */
    BlockTable(int entries) {
        parts = new AtomicReferenceArray<>(entries / PART_ENTRIES);
    }

    int length() {
        return parts.length() * PART_ENTRIES;
    }

    /** Returns what the table takes of memory, with what has been loaded into it. */
    long bytes() {
        long bytes = (long) parts.length() * Integer.BYTES;
        for (int i = 0; i < parts.length(); i++) {
            bytes += parts.get(i) == null ? 0 : PART_BYTES;
        }
        return bytes;
    }

    int get(int block) {
        AtomicIntegerArray part = parts.get(block / PART_ENTRIES);
        return part == null ? SparseLayout.UNALLOCATED : part.get(block % PART_ENTRIES);
    }

    void set(int block, int entry) {
        AtomicIntegerArray part = parts.get(block / PART_ENTRIES);
        if (part == null) {
            part = unallocated();
            part.set(block % PART_ENTRIES, entry);
            parts.set(block / PART_ENTRIES, part);
        } else {
            part.set(block % PART_ENTRIES, entry);
        }
    }

    private static AtomicIntegerArray unallocated() {
        int[] entries = new int[PART_ENTRIES];
        Arrays.fill(entries, SparseLayout.UNALLOCATED);
        return new AtomicIntegerArray(entries);
    }

    /** Takes whole parts from the bytes of a BAT, big-endian, beginning with the entry of {@code first}. */
    void load(int first, ByteBuffer bytes) {
        for (int block = first; bytes.hasRemaining(); block++) {
            int entry = bytes.getInt();
            if (entry != SparseLayout.UNALLOCATED) {
                set(block, entry);
            }
        }
    }

    BlockTable copy() {
        BlockTable copy = new BlockTable(length());
        for (int block = 0; block < length(); block++) {
            int entry = get(block);
            if (entry != SparseLayout.UNALLOCATED) {
                copy.set(block, entry);
            }
        }
        return copy;
    }
}
