package io.catena.op.rewrite;

import static java.nio.ByteOrder.BIG_ENDIAN;

import io.catena.format.SparseLayout;
import io.catena.store.BlockFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The BAT of a disk that is being changed: the entries that its size needs. */
final class BlockTable {
    private final SparseLayout layout;
    private int[] entries;

    private BlockTable(SparseLayout layout, int[] entries) {
        this.layout = layout;
        this.entries = entries;
    }

    static BlockTable read(BlockFile file, SparseLayout layout) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate((int) layout.blocks() * Integer.BYTES).order(BIG_ENDIAN);
        file.readFully(layout.tableOffset(), bytes);
        int[] entries = new int[(int) layout.blocks()];
        bytes.flip().asIntBuffer().get(entries);
        return new BlockTable(layout, entries);
    }

    SparseLayout layout() {
        return layout;
    }

    int blocks() {
        return entries.length;
    }

    int entry(int block) {
        return entries[block];
    }

    boolean isAllocated(int block) {
        return entries[block] != SparseLayout.UNALLOCATED;
    }

    void set(int block, int entry) {
        entries[block] = entry;
    }

    /** Returns where the last block ends; 0 if there is none. */
    long dataEnd() {
        long end = 0;
        for (int entry : entries) {
            if (entry != SparseLayout.UNALLOCATED) {
                end = Math.max(end, layout.blockEnd(entry));
            }
        }
        return end;
    }

    /** Adds entries of blocks that are not allocated, or drops those at the end. */
    void resize(int blocks) {
        int old = entries.length;
        entries = Arrays.copyOf(entries, blocks);
        if (blocks > old) {
            Arrays.fill(entries, old, blocks, SparseLayout.UNALLOCATED);
        }
    }

    /** Returns all entries as they stand on disk, those behind the last block unallocated, padded to {@code bytes}. */
    ByteBuffer encode(int bytes) {
        ByteBuffer out = ByteBuffer.allocate(bytes).order(BIG_ENDIAN);
        while (out.hasRemaining()) {
            int block = out.position() / Integer.BYTES;
            out.putInt(block < entries.length ? entries[block] : SparseLayout.UNALLOCATED);
        }
        return out.flip();
    }

    /** Writes one entry; the sector that holds it is written whole by the disk, so it is the old or the new. */
    void write(BlockFile file, int block) throws IOException {
        ByteBuffer entry = ByteBuffer.allocate(Integer.BYTES).order(BIG_ENDIAN).putInt(entries[block]);
        file.write(layout.tableOffset() + (long) block * Integer.BYTES, entry.flip());
    }
}
