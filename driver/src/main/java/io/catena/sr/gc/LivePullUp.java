package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.api.VdiId;
import io.catena.op.Relink;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.live.Fill;
import io.catena.sr.live.LiveFill;
import io.catena.sr.tree.LiveSteps;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.List;

/**
 * Gives an attached disk's leaf all that its base copy has, whatever the guest writes meanwhile, and takes the base copy out
 * of the tree.
 *
 * <ol>
 *   <li>Copy what the leaf lacks: see {@link Fill}. What the guest sees does not change.
 *   <li>Flush: the leaf alone holds everything, also after a power cut.
 *   <li>Record that it is linked to what the base copy builds on: from here on recovery completes the operation.
 *   <li>Take the steps of {@link Relink} while requests run, and let the base copy go.
 * </ol>
 */
final class LivePullUp implements Merge {
    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;

    LivePullUp(Storage storage, SrTree tree, Attachments attachments) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
    }

    @Override
    public Done merge(GcStep step, JobControl control) throws IOException {
        VdiId vdi = step.node().id();
        LiveFill live = tree.changeOf(
                List.of(step.node(), step.lower()),
                () -> attachments.leaves().beginFill(vdi, step.lower().name(), tree::aside));
        try {
            control.addTotal(live.fill().lackingBytes());
            while (live.round(control)) {
                control.giveWay();
            }
            makeDurable(vdi);
            tree.changeOf(List.of(step.node(), step.lower()), () -> {
                finish(vdi, live, step);
                return vdi;
            });
            return Done.merged(1, live.fill().copied());
        } finally {
            tree.locked(() -> {
                live.stop();
                return vdi;
            });
            live.close();
        }
    }

    /** Not in the SR's turn, for which changes of other disks wait: what the leaf was given by now it does not lose. */
    private void makeDurable(VdiId vdi) throws IOException {
        attachments
                .get(vdi)
                .orElseThrow(() -> new ChangedMeanwhileException("the disk was detached meanwhile"))
                .disk()
                .flush();
    }

    private void finish(VdiId vdi, LiveFill live, GcStep step) throws IOException {
        live.checkNotEnded();
        tree.lookOutside(List.of(step.node(), step.lower()));
        Tree now = tree.now();
        String leaf = step.node().name();
        if (now.node(leaf).filter(node -> MergeRules.isAbsorbable(now, node)).isEmpty()) {
            throw new ChangedMeanwhileException("the disk was changed meanwhile");
        }
        Node baseCopy = step.lower();
        LiveSteps steps = attachments.leaves().finishFill(vdi, live, baseCopy.name());
        tree.lookAside(() -> Unlinking.ofInUse(storage, baseCopy, ChainFile.read(storage, leaf)))
                .run(tree, steps);
        tree.refresh(List.of(baseCopy.name(), leaf));
    }
}
