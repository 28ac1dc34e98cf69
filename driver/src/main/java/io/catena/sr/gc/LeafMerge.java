package io.catena.sr.gc;

import io.catena.api.GcStatus;
import io.catena.api.JobControl;
import io.catena.api.VdiId;
import io.catena.op.Absorb;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ChainSwaps;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.live.Fill;
import io.catena.sr.live.LeafCopy;
import io.catena.sr.live.OpenNodes;
import io.catena.sr.tree.LiveSteps;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.SectorCopier;
import java.io.IOException;
import java.util.List;

/**
 * Merges a disk that is not attached with its base copy.
 *
 * <ol>
 *   <li>Move what the leaf holds to the base copy ({@link DetachedDrain}), or copy into the leaf what it lacks ({@link
 *       Fill}). The chain is right at every moment; this ends if the disk is attached meanwhile.
 *   <li>If it was not, record that one of the two files goes: from here on recovery completes the operation.
 *   <li>Take the steps of {@link Absorb}, or those of {@link Unlinking}, and forget it.
 * </ol>
 */
final class LeafMerge implements Merge {
    private final Storage storage;
    private final SrTree tree;
    private final OpenNodes openNodes;
    private final Attachments attachments;

    LeafMerge(Storage storage, SrTree tree, Attachments attachments) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.openNodes = attachments.nodes();
    }

    @Override
    public Done merge(GcStep step, JobControl control) throws IOException {
        return Done.merged(1, step.way() == GcStatus.Way.DRAIN ? drain(step, control) : fill(step, control));
    }

    private SectorCopier drain(GcStep step, JobControl control) throws IOException {
        VdiId vdi = step.node().id();
        DetachedDrain[] drain = new DetachedDrain[1];
        LeafCopy copy = tree.changeOf(List.of(step.node(), step.lower()), () -> {
            checkIsStillThere(step);
            attachments.nodes().settle(step.node().name(), tree::aside);
            tree.aside(() -> drain[0] = DetachedDrain.open(
                    storage,
                    ChainFile.read(storage, step.node().name()),
                    ChainFile.read(storage, step.lower().name())));
            return attachments.leaves().beginCopy(vdi, new LeafCopy(drain[0]));
        });
        run(
                step,
                copy,
                control,
                () -> takePlace(new Absorb(step.lower().name(), step.node().name())));
        return drain[0].copied();
    }

    private SectorCopier fill(GcStep step, JobControl control) throws IOException {
        Fill[] fill = new Fill[1];
        LeafCopy copy = tree.changeOf(List.of(step.node(), step.lower()), () -> {
            checkIsStillThere(step);
            attachments.nodes().settle(step.node().name(), tree::aside);
            tree.aside(() -> fill[0] = open(step));
            return attachments.leaves().beginCopy(step.node().id(), new LeafCopy(new LeafCopy.Rounds() {
                @Override
                public boolean round(JobControl c) throws IOException {
                    return fill[0].round(c);
                }

                @Override
                public void close() throws IOException {
                    fill[0].close();
                }
            }));
        });
        control.addTotal(fill[0].lackingBytes());
        run(step, copy, control, () -> {
            Unlinking unlinking = tree.lookAside(() -> Unlinking.of(
                    storage, step.lower(), ChainFile.read(storage, step.node().name())));
            unlinking.run(tree, LiveSteps.NONE);
            tree.refresh(List.of(step.lower().name(), step.node().name()));
        });
        return fill[0].copied();
    }

    private Fill open(GcStep step) throws IOException {
        Layer upper = ChainFile.read(storage, step.node().name()).openWritable(storage, null);
        try {
            return new Fill(upper, ChainFile.read(storage, step.lower().name()).openSource(storage), null);
        } catch (IOException | RuntimeException e) {
            upper.close();
            throw e;
        }
    }

    private void run(GcStep step, LeafCopy copy, JobControl control, ChainSwaps.Change commit) throws IOException {
        VdiId vdi = step.node().id();
        try {
            while (copy.round(control)) {
                control.giveWay();
            }
            tree.changeOf(List.of(step.node(), step.lower()), () -> {
                if (!attachments.leaves().isCopying(vdi, copy)) {
                    throw new ChangedMeanwhileException("the disk was used meanwhile");
                }
                stop(copy, step);
                checkIsStillThere(step);
                commit.make();
                return vdi;
            });
        } finally {
            tree.lockedIo(() -> {
                if (attachments.leaves().endCopy(vdi, copy)) {
                    stop(copy, step);
                }
                return vdi;
            });
        }
    }

    /** Who opens the disk waits for that, and others do not. */
    private void stop(LeafCopy copy, GcStep step) throws IOException {
        tree.concern(List.of(step.node(), step.lower()));
        tree.aside(copy::stop);
    }

    private void checkIsStillThere(GcStep step) throws IOException {
        tree.lookOutside(List.of(step.node(), step.lower()));
        Tree now = tree.now();
        String leaf = step.node().name();
        boolean isThere = !openNodes.isOpen(leaf)
                && !openNodes.isOpen(step.lower().name())
                && now.node(leaf)
                        .filter(node -> MergeRules.isAbsorbable(now, node))
                        .flatMap(now::parent)
                        .filter(parent -> parent.name().equals(step.lower().name()))
                        .isPresent();
        if (!isThere) {
            throw new ChangedMeanwhileException("the disk was used meanwhile");
        }
    }

    private void takePlace(Absorb operation) throws IOException {
        tree.run(operation);
        tree.refresh(List.of(operation.baseCopy(), operation.leaf()));
    }
}
