package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.api.VdiId;
import io.catena.op.Absorb;
import io.catena.op.Journal;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.live.DrainSpace;
import io.catena.sr.live.LeafDrain;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.SectorCopier;
import java.io.IOException;
import java.util.List;

/**
 * Merges an attached disk's leaf with its base copy, whatever the guest writes meanwhile.
 *
 * <ol>
 *   <li>Move all blocks: see {@link LeafDrain}. The chain on disk is right at every moment.
 *   <li>Flush: the base copy alone holds everything, also after a power cut. What the guest writes from here on goes there.
 *   <li>Record that the base copy takes the leaf's place: from here on recovery completes the operation.
 *   <li>Take the steps of {@link Absorb} while requests are held back, and forget it.
 * </ol>
 *
 * <p><b>Threads.</b> As {@link GarbageCollector}.
 */
final class LiveLeafMerge {
    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;
    private final Journal journal;

    LiveLeafMerge(Storage storage, SrTree tree, Attachments attachments) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.journal = new Journal(storage);
    }

    /**
     * Merges a leaf and its base copy.
     *
     * @return what was copied, and how
     * @throws IOException also if something else was done with the disk before the base copy could take its place
     */
    SectorCopier merge(GcStep step, JobControl control) throws IOException {
        VdiId vdi = step.node().id();
        LeafDrain drain =
                tree.change(() -> attachments.beginDrain(vdi, step.lower().name()));
        try {
            control.addTotal(drain.bytesLeft());
            while (drain.round(control, DrainSpace.now(storage, drain.blockBytes()))) {
                control.giveWay();
            }
            tree.change(() -> {
                finish(vdi, drain, new Absorb(step.lower().name(), step.node().name()));
                return vdi;
            });
            return drain.copied();
        } finally {
            tree.lockedIo(() -> {
                attachments.endDrain(vdi, drain);
                return vdi;
            });
        }
    }

    private void finish(VdiId vdi, LeafDrain drain, Absorb operation) throws IOException {
        drain.checkNotEnded();
        tree.lookOutside();
        Tree now = tree.now();
        if (now.node(operation.leaf())
                .filter(node -> MergeRules.isAbsorbable(now, node))
                .isEmpty()) {
            throw new ChangedMeanwhileException("the disk was changed meanwhile");
        }
        makeDurable(drain);
        try {
            journal.record(operation);
            attachments.finishDrain(vdi, operation);
        } catch (IOException e) {
            takeBack(operation, e);
            throw e;
        }
        journal.forget();
        tree.refresh(List.of(operation.baseCopy(), operation.leaf()));
    }

    private static void makeDurable(LeafDrain drain) throws IOException {
        drain.disk().flush();
    }

    /**
     * If not even the first step was taken, nothing has happened; but the record may be there, also if writing it failed.
     * Else what is recorded is completed before the next change.
     */
    private void takeBack(Absorb operation, IOException reason) {
        if (!operation.hasNotBegun(storage)) {
            return;
        }
        try {
            journal.forget();
        } catch (IOException e) {
            reason.addSuppressed(e);
            // Completing it now would take the file from under the disk.
            tree.stuck(String.valueOf(reason.getMessage()));
        }
    }
}
