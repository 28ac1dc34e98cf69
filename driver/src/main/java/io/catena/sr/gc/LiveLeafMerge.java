package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.api.VdiId;
import io.catena.disk.DiskBusyException;
import io.catena.op.Absorb;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.live.DrainSpace;
import io.catena.sr.live.LeafDrain;
import io.catena.sr.live.LeafWork;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Merges an attached disk's leaf with its base copy, whatever the guest writes meanwhile.
 *
 * <ol>
 *   <li>Move all blocks: see {@link LeafDrain}. The chain on disk is right at every moment.
 *   <li>Flush: the base copy alone holds everything, also after a power cut. What the guest writes from here on goes there.
 *   <li>Let the base copy take the leaf's place: see {@link LeafWork#finishDrain}.
 * </ol>
 */
final class LiveLeafMerge implements Merge {
    private static final int MOST_TRIES = 5;

    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;

    LiveLeafMerge(Storage storage, SrTree tree, Attachments attachments) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
    }

    @Override
    public Done merge(GcStep step, JobControl control) throws IOException {
        VdiId vdi = step.node().id();
        LeafDrain drain = begin(vdi, step);
        boolean finished = false;
        try {
            control.addTotal(drain.bytesLeft());
            while (drain.round(control, DrainSpace.now(storage, drain.blockBytes()))) {
                control.giveWay();
            }
            makeDurable(drain);
            tree.changeOf(List.of(step.node(), step.lower()), () -> {
                finish(vdi, drain, step);
                return vdi;
            });
            finished = true;
            return Done.merged(1, drain.copied());
        } finally {
            if (!finished) {
                leave(vdi, drain, step);
            }
        }
    }

    /** A disk that is slow just then is waited for again, without the SR's turn. */
    private LeafDrain begin(VdiId vdi, GcStep step) throws IOException {
        for (int tries = 1; ; tries++) {
            awaitRequests(vdi);
            try {
                return tree.changeOf(List.of(step.node(), step.lower()), () -> {
                    checkMayMerge(step.node().name());
                    return attachments.leaves().beginDrain(vdi, step.lower().name(), tree::aside);
                });
            } catch (DiskBusyException e) {
                if (tries == MOST_TRIES) {
                    throw e;
                }
            }
        }
    }

    /** If the disk hangs the drain is ended by who does something else with the disk, or merges it again. */
    private void leave(VdiId vdi, LeafDrain drain, GcStep step) throws IOException {
        awaitRequests(vdi);
        tree.lockedIo(() -> {
            tree.concern(List.of(step.node(), step.lower()));
            attachments.leaves().endDrain(vdi, drain, tree::aside);
            return vdi;
        });
    }

    /** Not in the SR's turn, for which changes of other disks wait: how long that takes is up to the disk. */
    private void awaitRequests(VdiId vdi) throws IOException {
        Optional<Attachment> disk = attachments.get(vdi);
        if (disk.isPresent()) {
            disk.get().disk().alone(() -> {});
        }
    }

    private void finish(VdiId vdi, LeafDrain drain, GcStep step) throws IOException {
        drain.checkNotEnded();
        tree.lookOutside(List.of(step.node(), step.lower()));
        Absorb operation = new Absorb(step.lower().name(), step.node().name());
        checkMayMerge(operation.leaf());
        tree.commit(operation, attachments.leaves().finishDrain(vdi, operation));
        tree.refresh(List.of(operation.baseCopy(), operation.leaf()));
    }

    private void checkMayMerge(String leaf) throws IOException {
        Tree now = tree.now();
        if (now.node(leaf).filter(node -> MergeRules.isAbsorbable(now, node)).isEmpty()) {
            throw new ChangedMeanwhileException("the disk was changed meanwhile");
        }
    }

    /** Not in the SR's turn, for which changes of other disks wait: what is so now stays so. */
    private static void makeDurable(LeafDrain drain) throws IOException {
        drain.disk().flush();
    }
}
