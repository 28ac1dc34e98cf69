package io.catena.sr;

import io.catena.api.JobControl;
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
 *   <li>Copy what the leaf holds into the base copy: see {@link PushDown}. The disk can be attached meanwhile.
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

    /** The leaf as it is while nobody writes to it. */
    private record Unused(ChainFile leaf, int openings) {}

    /**
     * Merges a leaf and its base copy.
     *
     * @return the number of bytes copied
     * @throws IOException also if the disk was attached, or changed, before the base copy could take its place
     */
    long merge(GcStep.Absorb step, JobControl control) throws IOException {
        String leaf = step.node().name();
        String baseCopy = step.parent().name();
        Unused before = tree.change(() -> {
            attachments.settle(leaf);
            return look(leaf);
        });
        long copied = new PushDown(storage, control).copy(before.leaf(), ChainFile.read(storage, baseCopy));
        tree.change(() -> {
            if (!look(leaf).equals(before) || !isStillThere(leaf, baseCopy)) {
                throw new IOException("the disk was used meanwhile");
            }
            takePlace(new Absorb(baseCopy, leaf));
            return leaf;
        });
        return copied;
    }

    private Unused look(String leaf) throws IOException {
        if (openNodes.isOpen(leaf)) {
            throw new IOException("the disk is attached");
        }
        return new Unused(ChainFile.read(storage, leaf), openNodes.openings(leaf));
    }

    private boolean isStillThere(String leaf, String baseCopy) {
        Tree now = tree.now();
        return !openNodes.isOpen(baseCopy)
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
