package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.live.Fill;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.SectorCopier;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Copies into a base copy what its parent has and it lacks, and takes the parent out of the tree. The base copy's children
 * need not be touched. Readers see the same at every moment.
 *
 * <ol>
 *   <li>Keep the changes since snapshots whose data was given up, see {@link KeptRow}; durable.
 *   <li>Copy; sync. What was copied survives an interruption, and is not lacking any more then.
 *   <li>Record the operation with all bytes that it will write: see {@link SrTree#commit}.
 *   <li>Let the live disks go on without the parent; the base copy is opened anew, since it has grown.
 *   <li>Link the base copy to its grandparent, or make it a disk without parent.
 *   <li>Delete the parent and forget the operation.
 * </ol>
 */
record PullUpMerge(Storage storage, SrTree tree, Attachments attachments) implements Merge {
    @Override
    public Done merge(GcStep step, JobControl control) throws IOException {
        String node = step.node().name();
        KeptRow.pulledUp(storage, tree, step).save();
        SectorCopier copied = copyLacking(step, control);
        tree.changeOf(step.nodes(), () -> {
            step.checkIsStillThere(tree);
            if (attachments.leavesThatAreRead().contains(step.lower().name())) {
                throw new ChangedMeanwhileException("the base copy is being read");
            }
            ChainFile holder = tree.lookAside(() -> ChainFile.read(storage, node));
            tree.lookAside(() -> Unlinking.of(storage, step.lower(), holder))
                    .run(tree, new DroppedNodes(attachments, Set.of(step.lower().name()), holder));
            tree.refresh(List.of(node, step.lower().name()));
            return step;
        });
        return Done.merged(1, copied);
    }

    /** Durable when this returns, or is interrupted. */
    private SectorCopier copyLacking(GcStep step, JobControl control) throws IOException {
        try (Layer upper = Objects.requireNonNull(step.node().file()).openWritable(storage, null);
                Layer lower = Objects.requireNonNull(step.lower().file()).openSource(storage)) {
            Fill fill = new Fill(upper, lower, null);
            control.addTotal(fill.lackingBytes());
            while (fill.round(control)) {
                control.giveWay();
            }
            return fill.copied();
        }
    }
}
