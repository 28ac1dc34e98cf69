package io.catena.sr.live;

import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.DiskBusyException;
import io.catena.disk.LiveDisk;
import io.catena.op.Absorb;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.LiveSteps;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.SparseLayer;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What garbage collection does with the leaves of disks, attached or not. Whoever wants to do anything else with a leaf ends
 * that first.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only; the work itself is done by other threads.
 */
public final class LeafWork {
    /** Requests were waited for before; other changes of the SR wait as long for those since. */
    private static final Duration END_PATIENCE = Duration.ofSeconds(5);

    private final Storage storage;
    private final OpenNodes nodes;
    private final DisksInUse disks;
    private final ChainSwaps swaps;
    private final LeftNodes left;

    /** The attached disks whose leaves are being moved to their base copies. */
    private final Map<VdiId, LeafDrain> drains = new HashMap<>();

    /** The detached disks whose leaves are being merged with their base copies. */
    private final Map<VdiId, LeafCopy> copies = new HashMap<>();

    /** The attached disks whose leaves are being given what their base copies have. */
    private final Map<VdiId, LiveFill> fills = new HashMap<>();

    LeafWork(Storage storage, OpenNodes nodes, DisksInUse disks, ChainSwaps swaps, LeftNodes left) {
        this.storage = storage;
        this.nodes = nodes;
        this.disks = disks;
        this.swaps = swaps;
        this.left = left;
    }

    /** Notes that a detached disk's leaf is being copied. */
    public LeafCopy beginCopy(VdiId vdi, LeafCopy copy) throws IOException {
        if (disks.active(vdi).isPresent()) {
            copy.stop();
            throw new ChangedMeanwhileException("the disk is attached");
        }
        copies.put(vdi, copy);
        return copy;
    }

    /** Whether nothing was done with the disk since the copy began. */
    public boolean isCopying(VdiId vdi, LeafCopy copy) {
        return copies.get(vdi) == copy;
    }

    public boolean endCopy(VdiId vdi, LeafCopy copy) {
        return copies.remove(vdi, copy);
    }

    /**
     * Ends what garbage collection does with a disk's leaf, which is safe at any moment. To be called before anything else
     * is done with its files. Garbage collection finds its work on a detached disk ended at its next round.
     *
     * @param aside of a change that concerns the leaf, or of who opens the disk; nobody else has a base copy that is merged with it
     */
    public void stopMerging(VdiId vdi, Aside aside) throws IOException {
        LeafCopy copy = copies.remove(vdi);
        if (copy != null) {
            aside.run(copy::stop);
        }
        LiveFill fill = fills.remove(vdi);
        if (fill != null) {
            aside.run(fill::stop);
        }
        LeafDrain drain = drains.get(vdi);
        if (drain != null) {
            endDrain(vdi, drain, aside);
        }
    }

    /**
     * Returns what ends the rounds of the work on an attached disk's leaf, and waits for the one that runs. That takes as long as the
     * disk does, so it is to be run without the tree lock, before something is done under it that ends the work itself.
     */
    public Runnable endOfRounds(VdiId vdi) {
        LiveFill fill = fills.get(vdi);
        LeafDrain drain = drains.get(vdi);
        return () -> {
            if (fill != null) {
                fill.stop();
            }
            if (drain != null) {
                drain.stop();
            }
        };
    }

    /**
     * Returns what ends all work on a disk's leaf as far as the disk has to be waited for; to be run without the tree lock and without the
     * SR's turn, before a change that {@link #stopMerging stops the merging}.
     */
    public Aside.Step endOfWork(VdiId vdi) {
        Runnable rounds = endOfRounds(vdi);
        LeafCopy copy = copies.get(vdi);
        LeafDrain drain = drains.get(vdi);
        return () -> {
            rounds.run();
            if (copy != null) {
                copy.stop();
            }
            if (drain != null) {
                drain.disk().alone(() -> {});
            }
        };
    }

    /** Ends the filling of a leaf, wherever it got: what it was given stays. */
    void stopFill(VdiId vdi) {
        LiveFill fill = fills.remove(vdi);
        if (fill != null) {
            fill.stop();
        }
    }

    /**
     * Begins to give an attached disk's leaf what its base copy has, which is opened once more: its extents can be shared
     * then.
     *
     * @param aside of a change that concerns both files
     * @throws IOException if the disk is not attached for writing, or its second node is not {@code baseCopy}
     */
    public LiveFill beginFill(VdiId vdi, String baseCopy, Aside aside) throws IOException {
        Attachment attachment = attachedForWriting(vdi);
        List<Chain.Node> chain = mergeableChain(attachment, baseCopy, aside);
        Layer source = aside.get(() -> ChainFile.read(storage, baseCopy).openSource(storage));
        LiveFill fill = new LiveFill(new Fill(chain.get(0).layer(), source, attachment.disk()), source);
        fills.put(vdi, fill);
        return fill;
    }

    private Attachment attachedForWriting(VdiId vdi) throws IOException {
        return disks.active(vdi)
                .filter(attachment -> !attachment.disk().readOnly() && !disks.isLeaving(vdi))
                .orElseThrow(() -> new ChangedMeanwhileException("the disk is not attached for writing"));
    }

    /** A drain that could not be ended, since the disk hung, is ended here. */
    private List<Chain.Node> mergeableChain(Attachment attachment, String baseCopy, Aside aside) throws IOException {
        LeafDrain unfinished = drains.get(attachment.vdi());
        if (unfinished != null) {
            endDrain(attachment.vdi(), unfinished, aside);
        }
        List<Chain.Node> chain = attachment.disk().chain().nodes();
        if (!(chain.get(0).layer() instanceof SparseLayer)) {
            throw new IOException(
                    "something that was done with the disk before failed and could not be ended; detach the"
                            + " disk and attach it again");
        }
        if (chain.size() < 2 || !chain.get(1).name().equals(baseCopy)) {
            throw new ChangedMeanwhileException("the disk was changed meanwhile");
        }
        return chain;
    }

    /**
     * Ends the filling of a leaf that holds all of its base copy by now, durably.
     *
     * @return how the base copy leaves the chain; to be committed under the tree lock
     */
    public LiveSteps finishFill(VdiId vdi, LiveFill fill, String baseCopy) throws IOException {
        fill.checkNotEnded();
        stopFill(vdi);
        LiveDisk disk = disks.active(vdi).orElseThrow().disk();
        return new FillEnd(nodes, swaps, disk.chain().leaf(), baseCopy);
    }

    /**
     * Begins to move the blocks of an attached disk's leaf to its base copy.
     *
     * <ol>
     *   <li>Open the base copy for writing, aside: nobody begins or ceases to use the disk meanwhile, or any other that has the base
     *       copy.
     *   <li>Wait, aside, for the requests under way, and hold back others.
     *   <li>Go on with both files as one layer, in memory.
     *   <li>Let go of the base copy as it was open before.
     * </ol>
     *
     * <p>Nothing is written. If one of the first two fails the disk goes on as it was.
     *
     * @param aside of a change that concerns both files
     * @throws DiskBusyException if requests took too long; they are to be waited for without the SR's turn
     * @throws IOException if the disk is not attached for writing, or its second node is not {@code baseCopy}
     */
    public LeafDrain beginDrain(VdiId vdi, String baseCopy, Aside aside) throws IOException {
        Attachment attachment = attachedForWriting(vdi);
        List<Chain.Node> chain = mergeableChain(attachment, baseCopy, aside);
        Chain.Node leaf = chain.get(0);
        Chain.Node writable = nodes.openWritableBeside(baseCopy, aside);
        LeafDrain drain;
        try (LiveDisk.Pause pause = pauseToDrain(attachment.disk(), writable, aside)) {
            drain = new LeafDrain(attachment.disk(), leaf, writable, chain.subList(2, chain.size()));
            drains.put(vdi, drain);
            pause.replace(drain.chain());
        }
        nodes.release(chain.get(1));
        return drain;
    }

    private LiveDisk.Pause pauseToDrain(LiveDisk disk, Chain.Node baseCopy, Aside aside) throws IOException {
        try {
            if (!(baseCopy.layer() instanceof SparseLayer)) {
                throw new IOException(baseCopy.name() + " is no dynamic disk");
            }
            return aside.get(() -> disk.pause(ChainSwaps.PATIENCE));
        } catch (IOException | RuntimeException e) {
            nodes.releaseAll(List.of(baseCopy), e);
            throw e;
        }
    }

    /**
     * Ends the moving of blocks, wherever it got: the disk goes on with the leaf and the base copy as two nodes. Does nothing
     * if that was done before, or the moving was finished.
     *
     * <ol>
     *   <li>While requests are held back, go on with both files, in memory: from now on the base copy is only read. A flush of
     *       the leaf still flushes the base copy first, which alone holds what was moved there.
     *   <li>While requests run, make both files complete, the base copy first. If that fails it can be repeated.
     *   <li>The base copy is durable, so the leaf is flushed by itself again, and the base copy's redo log goes.
     * </ol>
     *
     * @param aside of a change that concerns both files
     */
    public void endDrain(VdiId vdi, LeafDrain drain, Aside aside) throws IOException {
        if (drains.get(vdi) != drain) {
            return;
        }
        aside.run(drain::stop);
        try (LiveDisk.Pause pause = aside.get(() -> drain.disk().pause(END_PATIENCE))) {
            pause.replace(new Chain(drain.nodes()));
        }
        aside.run(() -> {
            drain.disk().flush();
            drain.sealBaseCopy();
        });
        drains.remove(vdi);
        drain.retireBaseCopy();
    }

    /** Returns how the base copy takes the leaf's place after the last block was moved; to be committed under the tree lock. */
    public LiveSteps finishDrain(VdiId vdi, Absorb operation) {
        LeafDrain drain = Objects.requireNonNull(drains.get(vdi), "drain");
        drain.stop();
        return new DrainEnd(vdi, nodes, left, drain, operation, drains);
    }

    /** Ends what is done with the leaf of a disk that is not served any more, and returns the nodes of its chain. */
    List<Chain.Node> leave(Attachment attachment) {
        stopFill(attachment.vdi());
        LeafDrain drain = drains.remove(attachment.vdi());
        if (drain == null) {
            return attachment.disk().chain().nodes();
        }
        drain.stop();
        return drain.nodes();
    }
}
