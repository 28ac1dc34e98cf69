package io.catena.sr;

import io.catena.api.JobControl;
import io.catena.api.VdiId;
import io.catena.op.Absorb;
import io.catena.op.Journal;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.List;

/**
 * Merges a disk that is not attached with its base copy.
 *
 * <ol>
 *   <li>Copy what the leaf holds into the base copy: see {@link LeafCopy}, which ends if the disk is attached meanwhile.
 *   <li>If it was not, record that the base copy takes its place: from here on recovery completes the operation.
 *   <li>Take the steps of {@link Absorb}, and forget it.
 * </ol>
 *
 * <p><b>Threads.</b> As {@link GarbageCollector}.
 */
final class LeafMerge {
    private final Storage storage;
    private final SrTree tree;
    private final OpenNodes openNodes;
    private final Attachments attachments;
    private final Journal journal;

    LeafMerge(Storage storage, SrTree tree, Attachments attachments) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.openNodes = attachments.nodes();
        this.journal = new Journal(storage);
    }

    /**
     * Merges a leaf and its base copy.
     *
     * @return the number of bytes copied
     * @throws IOException also if the disk was changed before the base copy could take its place
     */
    long merge(GcStep.Absorb step, JobControl control) throws IOException {
        VdiId vdi = step.node().id();
        String leaf = step.node().name();
        String baseCopy = step.parent().name();
        LeafCopy copy = tree.change(() -> {
            attachments.settle(leaf);
            return attachments.beginCopy(
                    vdi, new LeafCopy(ChainFile.read(storage, leaf), ChainFile.read(storage, baseCopy)));
        });
        try {
            long copied = copy.run(storage, control);
            tree.change(() -> {
                if (!attachments.isCopying(vdi, copy)
                        || !ChainFile.read(storage, leaf).equals(copy.leaf())
                        || !isStillThere(leaf, baseCopy)) {
                    throw new IOException("the disk was used meanwhile");
                }
                takePlace(new Absorb(baseCopy, leaf));
                return leaf;
            });
            return copied;
        } finally {
            tree.locked(() -> attachments.endCopy(vdi, copy));
        }
    }

    private boolean isStillThere(String leaf, String baseCopy) {
        Tree now = tree.now();
        return !openNodes.isOpen(leaf)
                && !openNodes.isOpen(baseCopy)
                && now.node(leaf)
                        .filter(node -> GcPlanner.isAbsorbable(now, node))
                        .flatMap(now::parent)
                        .filter(parent -> parent.name().equals(baseCopy))
                        .isPresent();
    }

    private void takePlace(Absorb operation) throws IOException {
        journal.record(operation);
        operation.apply(storage);
        journal.forget();
        tree.refresh(List.of(operation.baseCopy(), operation.leaf()));
    }
}
