package io.catena.vhd;

import io.catena.format.SparseLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A leaf and its parent as one layer, while the leaf's blocks move to the parent. A block that the leaf does not hold any
 * more is written in the parent, so the leaf only shrinks, whatever its guest does.
 *
 * <p><b>Order of a block's move:</b>
 *
 * <ol>
 *   <li>Copy its sectors to the parent, while requests run. Nobody can see it: who reads them finds them in the leaf first.
 *   <li>While nothing is read or written: copy the sectors that were written meanwhile, if they are few; then the leaf gives
 *       the block up, first in its redo log, then in memory.
 *   <li>The next flush makes the parent durable before the leaf's BAT. So a power cut finds the block in the parent, or as it
 *       was in the leaf when it was given up, which no flush was asked to keep newer than that.
 * </ol>
 *
 * <p>A kill at any moment finds the redo logs of both. The parent's must be replayed, and durable, before the leaf's.
 *
 * <p><b>Threads.</b> {@link #giveUpCopied} only while nothing else is called; {@link #nextBlocks} and {@link #copy} by one
 * thread at a time.
 */
public final class DrainingLayer implements Layer {
    private final SparseLayer leaf;
    private final SparseLayer parent;

    /** Of the blocks that are being moved the sectors that were written since {@link #copy} began with them. */
    private final Map<Integer, BitSet> written = new ConcurrentHashMap<>();

    private final SectorCopier copier = new SectorCopier();

    /** Where {@link #nextBlocks} goes on. */
    private int next;

    /**
     * Joins two open layers of the same size. Neither may be used by itself until {@link #end}.
     *
     * @param leaf whose blocks are to move
     * @param parent open for writing
     */
    public DrainingLayer(SparseLayer leaf, SparseLayer parent) {
        this.leaf = leaf;
        this.parent = parent;
        leaf.flushAfter(parent);
    }

    /** Returns the next of the blocks that are still to move, from the first again after the last; none if that is done. */
    public List<Integer> nextBlocks(int most) {
        List<Integer> blocks = leaf.blocks(next, most);
        if (blocks.isEmpty() && next > 0) {
            blocks = leaf.blocks(0, most);
        }
        next = blocks.isEmpty() ? 0 : blocks.get(blocks.size() - 1) + 1;
        return blocks;
    }

    /** Copies the sectors that the leaf holds of a block to the parent; returns how many bytes these are. */
    public long copy(int block) throws IOException {
        written.put(block, new BitSet());
        long offset = block * leaf.blockBytes();
        long end = Math.min(offset + leaf.blockBytes(), sizeBytes());
        long copied = copy(offset, end);
        if (copied > 0) {
            copier.writeOut(parent, offset, end - offset);
        }
        return copied;
    }

    private long copy(long offset, long end) throws IOException {
        long copied = 0;
        while (offset < end) {
            long run = leaf.run(offset, Math.min(SectorCopier.MOST_BYTES, end - offset));
            if (run > 0) {
                copier.copy(leaf, parent, offset, (int) run);
                copied += run;
            }
            offset += Math.abs(run);
        }
        return copied;
    }

    /** Whether the leaf holds no block, which stays so. */
    public boolean isDone() {
        return leaf.blocks(0, 1).isEmpty();
    }

    /** Returns what {@link #copy} has copied so far, and how. */
    public SectorCopier copied() {
        return copier;
    }

    /**
     * Lets the leaf give up copied blocks, after what was written to them since was copied, too.
     *
     * @param mostBytes how much of that is copied; of the first block in any case all
     * @return the blocks that stay in the leaf, for more was written to them
     */
    public List<Integer> giveUpCopied(List<Integer> blocks, long mostBytes) throws IOException {
        List<Integer> busy = new ArrayList<>();
        long left = mostBytes;
        for (int block : blocks) {
            BitSet since = written.remove(block);
            long bytes = since == null ? 0 : (long) since.cardinality() * SparseLayout.SECTOR;
            if (bytes > 0 && bytes > left && left < mostBytes) {
                busy.add(block);
                continue;
            }
            if (since != null) {
                copy(block, since);
            }
            left -= bytes;
            leaf.giveUp(block * leaf.blockBytes());
        }
        return busy;
    }

    private void copy(int block, BitSet sectors) throws IOException {
        long start = block * leaf.blockBytes();
        for (int from = sectors.nextSetBit(0); from >= 0; from = sectors.nextSetBit(sectors.nextClearBit(from))) {
            long end = start + (long) sectors.nextClearBit(from) * SparseLayout.SECTOR;
            copy(start + (long) from * SparseLayout.SECTOR, Math.min(end, sizeBytes()));
        }
    }

    /** Last, after the data: a copy that began while it was being written has to be made again. */
    private void noteWritten(int block, long offset, long lengthBytes) {
        long inBlock = offset % leaf.blockBytes();
        int from = (int) (inBlock / SparseLayout.SECTOR);
        int to = (int) ((inBlock + lengthBytes) / SparseLayout.SECTOR);
        written.computeIfPresent(block, (moving, sectors) -> {
            sectors.set(from, to);
            return sectors;
        });
    }

    /** Flushes if the leaf could soon not give up more before a flush, which is better done while requests run. */
    public void flushIfSoonFull() throws IOException {
        if (leaf.wantsFlushSoon()) {
            flush();
        }
    }

    /** Lets go of both layers, which stay open; to be called when the parent is not written any more, and durable. */
    public void end() {
        leaf.flushAfter(null);
    }

    /** Lets go of both layers, which stay open, after the leaf's file was replaced; it is not written any more. */
    public void discardLeaf() throws IOException {
        end();
        leaf.discard();
    }

    @Override
    public long sizeBytes() {
        return leaf.sizeBytes();
    }

    @Override
    public long run(long offset, long maxBytes) throws IOException {
        long run = leaf.run(offset, maxBytes);
        return run > 0 ? run : parent.run(offset, -run);
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
        int limit = target.limit();
        while (target.hasRemaining()) {
            long run = leaf.run(offset, target.remaining());
            int length = (int) Math.abs(run);
            target.limit(target.position() + length);
            (run > 0 ? leaf : parent).read(offset, target);
            target.limit(limit);
            offset += length;
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) throws IOException {
        int limit = source.limit();
        while (source.hasRemaining()) {
            int length = (int) Math.min(source.remaining(), leaf.blockBytes() - offset % leaf.blockBytes());
            source.limit(source.position() + length);
            writeInBlock(offset, source);
            source.limit(limit);
            offset += length;
        }
    }

    private void writeInBlock(long offset, ByteBuffer source) throws IOException {
        int block = (int) (offset / leaf.blockBytes());
        if (!leaf.holds(block)) {
            parent.write(offset, source);
            return;
        }
        int length = source.remaining();
        try {
            leaf.write(offset, source);
        } finally {
            noteWritten(block, offset, length);
        }
    }

    @Override
    public void zero(long offset, long lengthBytes) throws IOException {
        long end = offset + lengthBytes;
        for (long at = offset; at < end; ) {
            long length = Math.min(end - at, leaf.blockBytes() - at % leaf.blockBytes());
            zeroInBlock(at, length);
            at += length;
        }
    }

    private void zeroInBlock(long offset, long lengthBytes) throws IOException {
        int block = (int) (offset / leaf.blockBytes());
        if (!leaf.holds(block)) {
            parent.zero(offset, lengthBytes);
            return;
        }
        try {
            leaf.zero(offset, lengthBytes);
        } finally {
            noteWritten(block, offset, lengthBytes);
        }
    }

    @Override
    public boolean givesSpaceBack() {
        return leaf.givesSpaceBack();
    }

    /** Guests cannot give up blocks meanwhile; they zero them. */
    @Override
    public long blockBytes() {
        return 0;
    }

    @Override
    public void giveUp(long offset) {
        throw new UnsupportedOperationException("there are no blocks to give up");
    }

    /** Flushes the parent, then the leaf: see {@link SparseLayer#flushAfter}. */
    @Override
    public void flush() throws IOException {
        leaf.flush();
    }

    /** The leaf first: it flushes the parent, which must be open for that. */
    @Override
    public void close() throws IOException {
        try {
            leaf.close();
        } finally {
            parent.close();
        }
    }
}
