package io.catena.sr.live;

import io.catena.api.JobControl;
import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.vhd.DrainingLayer;
import io.catena.vhd.SectorCopier;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.SyncPace;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Moves the blocks of an attached disk's leaf to its base copy, a piece at a time, while the guest works: see {@link
 * DrainingLayer}.
 *
 * <p><b>Threads.</b> {@link #round} by the garbage collector's; everything else under the SR's tree lock, also while a round
 * runs, which then soon ends.
 */
public final class LeafDrain {
    /** So many blocks are copied before requests are held back for a moment. */
    private static final int BLOCKS_AT_A_TIME = 16;

    /** So much is copied at a time while guests work. */
    private static final long SMALL_PIECE_BYTES = 256 << 10;

    /**
     * The space of so many blocks that were moved is not given back while there is enough: with the last block the whole file
     * goes.
     */
    private static final int PLACES_KEPT = 256;

    /**
     * So much that the guest wrote meanwhile is copied while requests are held back: a fraction of a millisecond. Of one block
     * all is, so that this ends whatever the guest writes.
     */
    private static final long BUSY_BYTES = 64 << 10;

    private final LiveDisk disk;
    private final Chain.Node leaf;
    private final Chain.Node baseCopy;
    private final List<Chain.Node> rest;
    private final DrainingLayer layer;
    private final SyncPace pace;

    /** Waits for the end of a round. */
    private final Object round = new Object();

    /** The blocks that are to be copied next; guarded by round. */
    private final Deque<Integer> toCopy = new ArrayDeque<>();

    /** How much of the first of them was copied; guarded by round. */
    private long pieceFrom;

    /** How many bytes were copied of the blocks that are to be given up next; guarded by round. */
    private final Map<Integer, Long> copied = new LinkedHashMap<>();

    private volatile boolean ended;

    /**
     * @param disk is to go on with {@link #chain}
     * @param leaf the first node of the disk's chain
     * @param baseCopy the second, open for writing
     * @param rest all others
     */
    LeafDrain(LiveDisk disk, Chain.Node leaf, Chain.Node baseCopy, List<Chain.Node> rest) {
        this.disk = disk;
        this.leaf = leaf;
        this.baseCopy = baseCopy;
        this.rest = List.copyOf(rest);
        this.layer = new DrainingLayer((SparseLayer) leaf.layer(), (SparseLayer) baseCopy.layer());
        this.pace = new SyncPace(layer.copied(), layer::syncCopied);
        layer.keepPlaces();
    }

    /** Makes sure that all blocks were moved: the leaf holds none, and never will again. */
    void checkIsDone() throws IOException {
        if (!layer.isDone()) {
            throw new IOException(leaf.name() + ": not all of its blocks were moved to " + baseCopy.name());
        }
    }

    /** Takes the hidden flag from the base copy, durably, while it is written. */
    void showBaseCopy() throws IOException {
        ((SparseLayer) baseCopy.layer()).changeFooter(footer -> footer.withHidden(false));
    }

    /** Removes the redo log of the leaf, which is empty, and whose file was replaced. */
    void removeLeafLog() throws IOException {
        layer.removeLeafLog();
    }

    /** Closes the leaf, whose file was replaced; no request uses it any more. */
    void closeLeaf() throws IOException {
        layer.closeLeaf();
    }

    /** Makes the base copy's file complete: all is durable, and other programs can read it. */
    void sealBaseCopy() throws IOException {
        ((SparseLayer) baseCopy.layer()).seal();
    }

    /** Ends the writing of the base copy, after {@link #sealBaseCopy}; it can still be read. */
    void retireBaseCopy() throws IOException {
        layer.end();
        ((SparseLayer) baseCopy.layer()).retire();
    }

    /** Returns the nodes of the chain, leaf first. */
    List<Chain.Node> nodes() {
        List<Chain.Node> nodes = new ArrayList<>(List.of(leaf, baseCopy));
        nodes.addAll(rest);
        return nodes;
    }

    Chain.Node leaf() {
        return leaf;
    }

    Chain.Node baseCopy() {
        return baseCopy;
    }

    List<Chain.Node> rest() {
        return rest;
    }

    public LiveDisk disk() {
        return disk;
    }

    /** Returns the chain that drains. */
    Chain chain() {
        List<Chain.Node> nodes = new ArrayList<>(List.of(new Chain.Node(leaf.name(), layer)));
        nodes.addAll(rest);
        return new Chain(nodes);
    }

    /**
     * Copies a piece of a block; after the last of several blocks the leaf gives them up.
     *
     * @param space if it is short, fewer are moved at a time, and their old space is given back at once
     * @return whether blocks are left
     * @throws IOException also if the drain was ended, for something else is to be done with the disk
     */
    public boolean round(JobControl control, DrainSpace space) throws IOException {
        synchronized (round) {
            checkNotEnded();
            if (toCopy.isEmpty()) {
                toCopy.addAll(layer.nextBlocks(space.blocks(BLOCKS_AT_A_TIME)));
            }
            if (toCopy.isEmpty()) {
                return false;
            }
            control.checkCancelled();
            copyPiece(control.guestsWork() ? SMALL_PIECE_BYTES : blockBytes());
            if (toCopy.isEmpty()) {
                move(control, space);
            }
            return true;
        }
    }

    /** Of a block of which the leaf holds little it goes on until that is as much as was asked for, or the block ends. */
    private void copyPiece(long lengthBytes) throws IOException {
        int block = toCopy.element();
        long bytes = 0;
        while (bytes < lengthBytes && pieceFrom < blockBytes()) {
            bytes += layer.copy(block, pieceFrom, lengthBytes);
            pieceFrom += lengthBytes;
        }
        copied.merge(block, bytes, Long::sum);
        if (pieceFrom >= blockBytes()) {
            toCopy.remove();
            pieceFrom = 0;
        }
        pace.copied();
    }

    /** Lets the leaf give up what was copied. */
    private void move(JobControl control, DrainSpace space) throws IOException {
        layer.copyAgain(List.copyOf(copied.keySet()));
        layer.flushIfSoonFull();
        giveUp();
        control.done(copied.values().stream().mapToLong(Long::longValue).sum());
        copied.clear();
        if (space.isShort()) {
            disk.flush();
            layer.giveBackAllBut(0, Integer.MAX_VALUE);
        } else {
            layer.giveBackAllBut(PLACES_KEPT, BLOCKS_AT_A_TIME);
        }
    }

    /**
     * Takes copied blocks from the leaf. Requests wait for that, but flushes do not: they cover what was given up before
     * they began. Those that stay in the leaf are taken out of what was copied.
     */
    private void giveUp() throws IOException {
        disk.alone(() -> copied.keySet().removeAll(layer.giveUpCopied(List.copyOf(copied.keySet()), BUSY_BYTES)));
    }

    /** Returns what was copied so far, and how; to be called after the last round. */
    public SectorCopier copied() {
        return layer.copied();
    }

    /** Returns the size of the blocks that move. */
    public long blockBytes() {
        return leaf.layer().blockBytes();
    }

    /** Returns how many bytes are still to be moved. */
    public long bytesLeft() throws IOException {
        return NodeRow.presentBytes(leaf.layer());
    }

    /** Fails if the drain was ended, for something else is to be done with the disk. */
    public void checkNotEnded() throws IOException {
        if (ended) {
            throw new ChangedMeanwhileException("the disk was detached, cut or changed meanwhile");
        }
    }

    /** Ends the rounds, for good; returns when none runs any more. */
    void stop() {
        ended = true;
        synchronized (round) {
            // The last one is over.
        }
    }
}
