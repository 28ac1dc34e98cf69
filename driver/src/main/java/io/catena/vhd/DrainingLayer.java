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
 * A leaf and its parent as one layer, while the leaf's blocks move to the parent. Sectors that the leaf does not hold, or not any
 * more, are written in the parent, so the leaf only shrinks, whatever its guest does; and a guest's flush finds nothing new in
 * the leaf but values of sectors that it held before, and blocks that it has given up.
 *
 * <p><b>Order of a block's move:</b>
 *
 * <ol>
 *   <li>Copy its sectors to the parent, while requests run, in pieces. Nobody can see it: who reads them finds them in the
 *       leaf first.
 *   <li>Copy those that were written meanwhile, while requests run ({@link #copyAgain}): there are fewer of them.
 *   <li>While nothing is read or written, but flushes go on: copy the sectors that were written meanwhile, if they are few;
 *       then the leaf gives the block up, first in its redo log, then in memory.
 *   <li>The next flush that begins makes the parent durable before the leaf's BAT. So a power cut finds the block in the
 *       parent, or as it was in the leaf when it was given up, which no flush was asked to keep newer than that. A flush under
 *       way has set apart before what it writes of the BAT, and leaves the block where it was.
 *   <li>When that flush has succeeded the place in the leaf may be given back: see {@link SparseLayer#giveBack}.
 * </ol>
 *
 * <p>A kill at any moment finds the redo logs of both. The parent's must be replayed, and durable, before the leaf's.
 *
 * <p><b>Threads.</b> {@link #giveUpCopied} only while nothing else is called but {@link #flush}; {@link #nextBlocks}, {@link
 * #copy} and {@link #copyAgain} by one thread at a time.
 */
public final class DrainingLayer implements Layer {
    private static final int MOST_LEAVING = 256;

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
        return copy(block, 0, leaf.blockBytes());
    }

    /**
     * Copies the sectors that the leaf holds of a piece of a block; the first piece must be the first that is copied.
     *
     * @param from where in the block the piece begins
     * @return how many bytes were copied
     */
    public long copy(int block, long from, long lengthBytes) throws IOException {
        if (from == 0) {
            written.put(block, new BitSet());
        }
        long start = block * leaf.blockBytes();
        long offset = Math.min(start + from, sizeBytes());
        long end = Math.min(Math.min(offset + lengthBytes, start + leaf.blockBytes()), sizeBytes());
        long copied = copy(offset, end);
        if (copied > 0) {
            copier.writeOut(parent, offset, end - offset);
        }
        return copied;
    }

    /** Copies the sectors of copied blocks that were written since, while requests run. */
    public void copyAgain(List<Integer> blocks) throws IOException {
        for (int block : blocks) {
            BitSet since = written.put(block, new BitSet());
            if (since != null && !since.isEmpty()) {
                copy(block, since);
                long start = block * leaf.blockBytes();
                copier.writeOut(parent, start, Math.min(leaf.blockBytes(), sizeBytes() - start));
            }
        }
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
    private void noteWritten(long offset, long lengthBytes) {
        int block = (int) (offset / leaf.blockBytes());
        long inBlock = offset % leaf.blockBytes();
        int from = (int) (inBlock / SparseLayout.SECTOR);
        int to = (int) ((inBlock + lengthBytes) / SparseLayout.SECTOR);
        written.computeIfPresent(block, (moving, sectors) -> {
            sectors.set(from, to);
            return sectors;
        });
    }

    /** Makes durable what was copied, though not where it stands; a flush has less to do then. */
    public void syncCopied() throws IOException {
        parent.syncData();
    }

    /**
     * From now on flushes leave the places of blocks that were given up as they are, until {@link #end}: a guest waits for
     * flushes, and on many file systems a hole takes longer than all else.
     */
    public void keepPlaces() {
        leaf.keepPlaces(true);
    }

    /** Gives back the space of places that blocks have left, but of so many; of those only that a flush has covered. */
    public void giveBackAllBut(int kept, int most) throws IOException {
        int tooMany = leaf.placesLeft() - kept;
        if (tooMany > 0) {
            leaf.giveBack(Math.min(tooMany, most));
        }
    }

    /**
     * Flushes if the leaf could soon not give up more before a flush, which is better done while requests run, or if the space
     * of many blocks waits for one: the guest may never flush.
     */
    public void flushIfSoonFull() throws IOException {
        if (leaf.wantsFlushSoon() || leaf.placesLeaving() >= MOST_LEAVING) {
            flush();
        }
    }

    /** Lets go of both layers, which stay open; to be called when the parent is not written any more, and durable. */
    public void end() {
        leaf.flushAfter(null);
        leaf.keepPlaces(false);
    }

    /** Removes the leaf's redo log, when {@link #isDone} and that is durable: nothing will be logged any more. Requests and flushes go on. */
    public void removeLeafLog() throws IOException {
        leaf.removeRedoLog();
    }

    /** Closes the leaf alone, after its file was replaced; to be called when nobody uses this any more. */
    public void closeLeaf() throws IOException {
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
            long run = leaf.run(offset, source.remaining());
            int length = (int) Math.abs(run);
            source.limit(source.position() + length);
            if (run > 0) {
                writeToLeaf(offset, source);
            } else {
                parent.write(offset, source);
            }
            source.limit(limit);
            offset += length;
        }
    }

    private void writeToLeaf(long offset, ByteBuffer source) throws IOException {
        int length = source.remaining();
        try {
            leaf.write(offset, source);
        } finally {
            noteWritten(offset, length);
        }
    }

    @Override
    public void zero(long offset, long lengthBytes) throws IOException {
        long end = offset + lengthBytes;
        for (long at = offset; at < end; ) {
            long run = leaf.run(at, end - at);
            long length = Math.abs(run);
            if (run > 0) {
                zeroInLeaf(at, length);
            } else {
                parent.zero(at, length);
            }
            at += length;
        }
    }

    private void zeroInLeaf(long offset, long lengthBytes) throws IOException {
        try {
            leaf.zero(offset, lengthBytes);
        } finally {
            noteWritten(offset, lengthBytes);
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

    @Override
    public void complete() {
        leaf.complete();
        parent.complete();
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
