package io.catena.vhd.map;

import io.catena.format.CorruptVhdException;
import io.catena.format.SparseLayout;
import io.catena.format.UnsupportedVhdException;
import io.catena.store.BlockFile;
import java.io.IOException;
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

    /** How much of a BAT is read at a time. */
    private static final int READ_ENTRIES = 128 * PART_ENTRIES;

    private final AtomicReferenceArray<AtomicIntegerArray> parts;

    /**
     * Makes a table with no block allocated.
     *
     * @param entries a multiple of {@link #PART_ENTRIES}
     */
    BlockTable(int entries) {
        parts = new AtomicReferenceArray<>(entries / PART_ENTRIES);
    }

    /**
     * Reads the BAT of a disk, whole sectors of it, so that what stands behind its last entry can be written back as it was.
     *
     * @throws CorruptVhdException if the BAT is cut off or too small for the disk
     * @throws UnsupportedVhdException if the disk has more than {@link SparseLayout#MAX_BLOCKS} blocks
     */
    static BlockTable read(BlockFile file, SparseLayout layout) throws IOException {
        long blocks = layout.blocks();
        if (blocks > layout.maxEntries()) {
            throw new CorruptVhdException(
                    file.name(),
                    layout.tableOffset(),
                    "BAT has " + layout.maxEntries() + " entries, the disk needs " + blocks);
        }
        if (blocks > SparseLayout.MAX_BLOCKS) {
            throw new UnsupportedVhdException(
                    file.name(), "has " + blocks + " blocks, this driver opens at most " + SparseLayout.MAX_BLOCKS);
        }
        int count = (int) SparseLayout.roundUp(blocks, PART_ENTRIES);
        if (layout.tableOffset() > file.size() - (long) count * Integer.BYTES) {
            throw new CorruptVhdException(file.name(), layout.tableOffset(), "the file ends inside the BAT");
        }
        return read(file, layout.tableOffset(), count);
    }

    private static BlockTable read(BlockFile file, long offset, int count) throws IOException {
        BlockTable table = new BlockTable(count);
        ByteBuffer piece = ByteBuffer.allocate(Math.min(count, READ_ENTRIES) * Integer.BYTES);
        for (int first = 0; first < count; first += READ_ENTRIES) {
            piece.clear().limit(Math.min(READ_ENTRIES, count - first) * Integer.BYTES);
            file.readFully(offset + (long) first * Integer.BYTES, piece);
            table.load(first, piece.flip());
        }
        return table;
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
    private void load(int first, ByteBuffer bytes) {
        for (int block = first; bytes.hasRemaining(); block++) {
            int entry = bytes.getInt();
            if (entry != SparseLayout.UNALLOCATED) {
                set(block, entry);
            }
        }
    }

    BlockTable copy() {
        return grown(length());
    }

    /** Returns a copy with more entries, of blocks that are not allocated. */
    BlockTable grown(int entries) {
        BlockTable copy = new BlockTable(entries);
        for (int block = 0; block < length(); block++) {
            int entry = get(block);
            if (entry != SparseLayout.UNALLOCATED) {
                copy.set(block, entry);
            }
        }
        return copy;
    }
}
