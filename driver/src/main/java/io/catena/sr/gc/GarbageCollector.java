package io.catena.sr.gc;

import io.catena.api.GcStatus;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.op.Remove;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.job.StepInterrupted;
import io.catena.sr.live.Attachments;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Takes the steps of garbage collection.
 *
 * <p><b>Threads.</b> Used by many threads, each with a step of another tree. Takes the SR's tree lock for moments only, never
 * while it copies.
 */
final class GarbageCollector {
    /** What requests use still that began before the end of a step, and take longer, is closed after a later one. */
    private static final Duration REQUEST_PATIENCE = Duration.ofSeconds(1);

    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;
    private final GcProgress progress;

    GarbageCollector(Storage storage, SrTree tree, Attachments attachments, GcProgress progress) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.progress = progress;
    }

    /**
     * Takes a step.
     *
     * @throws StepInterrupted if it was stopped, to be continued later
     */
    Merge.Done take(GcStep step, JobControl control) throws IOException {
        try {
            return takeNow(step, control);
        } finally {
            attachments.closeLeft(REQUEST_PATIENCE);
        }
    }

    private Merge.Done takeNow(GcStep step, JobControl control) throws IOException {
        long from = progress.begin(step);
        if (step.way() == GcStatus.Way.DELETE) {
            control.phase("deleting " + step.node().name());
            return delete(step.node());
        }
        checkSpace(step);
        control.phase("merging " + step.node().name() + " into " + step.lower().name());
        Merge.Done done = way(step, from).merge(step, control);
        progress.done(step);
        return done;
    }

    private Merge way(GcStep step, long from) {
        if (step.way() == GcStatus.Way.PUSH_DOWN) {
            return new PushDownMerge(storage, tree, attachments, progress, from);
        }
        if (step.node().hidden()) {
            return new PullUpMerge(storage, tree, attachments);
        }
        boolean attached = tree.locked(() -> attachments.get(step.node().id()).isPresent());
        if (!attached) {
            return new LeafMerge(storage, tree, attachments);
        }
        return step.way() == GcStatus.Way.DRAIN
                ? new LiveLeafMerge(storage, tree, attachments)
                : new LivePullUp(storage, tree, attachments);
    }

    private Merge.Done delete(Node node) throws IOException {
        return tree.changeOf(List.of(node), () -> {
            tree.lookOutside(List.of(node));
            boolean stillGarbage = tree.now()
                    .node(node.name())
                    .filter(n -> MergeRules.isGarbage(tree.now(), n))
                    .isPresent();
            if (!stillGarbage) {
                return Merge.Done.NOTHING;
            }
            if (attachments.nodes().isOpen(node.name())) {
                throw new IOException("it is open");
            }
            KeptRow.saveDeleted(storage, tree, node);
            List<String> records = node.rawBaseCopy() ? List.of(SrFiles.vdiRecord(node.id())) : List.of();
            tree.remove(new Remove(node.name(), MergeRules.orphanOf(tree.now(), node), records));
            tree.refresh(List.of(node.name()));
            return new Merge.Done(1, 0, 0, 0);
        });
    }

    /** The plan was made a moment ago, and others write, too. */
    private void checkSpace(GcStep step) throws IOException {
        long free = storage.space().freeBytes();
        if (step.bytesNeeded() > free) {
            throw new IOException("merging needs up to " + step.bytesNeeded() + " bytes, " + free + " are free; "
                    + (step.bytesNeeded() - free) + " more are needed");
        }
    }

    /** Whether a failure of a step is that the job was cancelled. */
    static boolean isCancel(SrException e) {
        return e.error() == SrError.CANCELLED;
    }
}
