package io.catena.stream;

import io.catena.format.SparseLayout;
import io.catena.store.CacheBudget;
import io.catena.store.MemoryShortageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/**
 * The blocks that a sparse stream holds, by its BAT, in the order in which they come. What they take in memory is asked of the
 * budget of the maps of open disks before it is taken: several large tables at a time must not use up the heap.
 *
 * <p><b>Threads.</b> For use by one thread; the budget may ask for sizes meanwhile.
 */
final class SentBlocks implements CacheBudget.Cache {
    private static final int PIECE_BYTES = 64 << 10;
    private static final int FIRST_ROOM = 1024;

    private final int entries;

    /** The sector in the upper half, the block's number in the lower. */
    private long[] blocks = new long[0];

    private int count;
    private volatile long bytes;

    private SentBlocks(int entries) {
        this.entries = entries;
        bytes = (long) entries * Long.BYTES;
    }

    /**
     * Reads a BAT.
     *
     * @throws MemoryShortageException if there may be more blocks in it than fit into the budget; nothing is read then
     */
    static SentBlocks read(ContentSource source, int entries, CacheBudget budget) throws IOException {
        SentBlocks sent = new SentBlocks(entries);
        budget.admit(sent, Uploads.NAME);
        sent.read(source);
        return sent;
    }

    private void read(ContentSource source) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        int block = 0;
        while (block < entries) {
            source.readFully(piece.clear()
                    .limit((int) Math.min(PIECE_BYTES, (entries - block) * (long) Integer.BYTES)));
            while (piece.hasRemaining()) {
                add(piece.getInt(), block++);
            }
        }
        sortUnsigned();
        bytes = (long) blocks.length * Long.BYTES;
    }

    private void add(int sector, int block) {
        if (sector == SparseLayout.UNALLOCATED) {
            return;
        }
        if (count == blocks.length) {
            blocks = Arrays.copyOf(blocks, Math.min(entries, Math.max(FIRST_ROOM, 2 * count)));
        }
        blocks[count++] = Integer.toUnsignedLong(sector) << Integer.SIZE | block;
    }

    /** A sector beyond the first TiB makes a number negative. */
    private void sortUnsigned() {
        flipSigns();
        Arrays.sort(blocks, 0, count);
        flipSigns();
    }

    private void flipSigns() {
        for (int i = 0; i < count; i++) {
            blocks[i] ^= Long.MIN_VALUE;
        }
    }

    /** Writes a BAT that {@link #read} understands, without a table of all entries in memory. */
    void writeTo(WritableByteChannel sink) throws IOException {
        int entriesAtOnce = PIECE_BYTES / Integer.BYTES;
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        for (int first = 0; first < entries; first += entriesAtOnce) {
            int length = Math.min(entriesAtOnce, entries - first);
            fill(piece.clear().limit(length * Integer.BYTES), first, length);
            sink.write(piece);
        }
    }

    private void fill(ByteBuffer piece, int first, int length) {
        for (int i = 0; i < length; i++) {
            piece.putInt(i * Integer.BYTES, SparseLayout.UNALLOCATED);
        }
        for (int i = 0; i < count; i++) {
            int at = block(i) - first;
            if (at >= 0 && at < length) {
                piece.putInt(at * Integer.BYTES, (int) (blocks[i] >>> Integer.SIZE));
            }
        }
    }

    int count() {
        return count;
    }

    /** Returns the number of the block that comes as {@code i}th, from 0. */
    int block(int i) {
        return (int) blocks[i];
    }

    /** Returns where that block stands in the stream. */
    long offset(int i) {
        return (blocks[i] >>> Integer.SIZE) * SparseLayout.SECTOR;
    }

    @Override
    public long fixedBytes() {
        return bytes;
    }

    @Override
    public long cachedBytes() {
        return 0;
    }

    /** There is nothing that could be read again. */
    @Override
    public void trim(long most) {}
}
