package io.catena.sr.gc;

import io.catena.api.GcStatus;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.disk.LiveDisk;
import io.catena.format.DynamicHeader;
import io.catena.op.Journal;
import io.catena.op.Orphans;
import io.catena.op.Relink;
import io.catena.op.Remove;
import io.catena.sr.job.StepInterrupted;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.live.Fill;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SectorCopier;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Takes the steps of garbage collection.
 *
 * <p><b>Threads.</b> Used by many threads, each with a step of another tree. Takes the SR's tree lock for moments only, never
 * while it copies.
 */
final class GarbageCollector {
    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;
    private final Journal journal;
    private final GcProgress progress;

    GarbageCollector(Storage storage, SrTree tree, Attachments attachments, GcProgress progress) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.journal = new Journal(storage);
        this.progress = progress;
    }

    /**
     * What a step did.
     *
     * @param writtenBytes how much was written to copy data
     * @param sharedBytes how much data changed its file without being written
     */
    record Done(int deleted, int merged, long writtenBytes, long sharedBytes) {
        static final Done NOTHING = new Done(0, 0, 0, 0);

        static Done merged(int nodes, SectorCopier copied) {
            return new Done(0, nodes, copied.writtenBytes(), copied.sharedBytes());
        }

        Done plus(Done other) {
            return new Done(
                    deleted + other.deleted,
                    merged + other.merged,
                    writtenBytes + other.writtenBytes,
                    sharedBytes + other.sharedBytes);
        }
    }

    /**
     * Takes a step.
     *
     * @throws StepInterrupted if it was stopped, to be continued later
     */
    Done take(GcStep step, JobControl control) throws IOException {
        long from = progress.begin(step);
        if (step.way() == GcStatus.Way.DELETE) {
            control.phase("deleting " + step.node().name());
            return delete(step.node());
        }
        checkSpace(step);
        control.phase("merging " + step.node().name() + " into " + step.lower().name());
        Done done = switch (step.way()) {
            case DELETE -> Done.NOTHING;
            case PUSH_DOWN -> pushDown(step, from, control);
            case PULL_UP -> step.node().hidden() ? pullUp(step, control) : mergeLeaf(step, control);
            case DRAIN -> mergeLeaf(step, control);
        };
        progress.done(step);
        return done;
    }

    private Done delete(Node node) throws IOException {
        return tree.change(() -> {
            tree.lookOutside();
            boolean stillGarbage = tree.now()
                    .node(node.name())
                    .filter(n -> MergeRules.isGarbage(tree.now(), n))
                    .isPresent();
            if (!stillGarbage) {
                return Done.NOTHING;
            }
            if (attachments.nodes().isOpen(node.name())) {
                throw new IOException("it is open");
            }
            List<String> records = node.rawBaseCopy() ? List.of(SrFiles.vdiRecord(node.id())) : List.of();
            tree.remove(new Remove(node.name(), MergeRules.orphanOf(tree.now(), node), records));
            tree.refresh(List.of(node.name()));
            return new Done(1, 0, 0, 0);
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

    private Done mergeLeaf(GcStep step, JobControl control) throws IOException {
        boolean attached = tree.locked(() -> attachments.get(step.node().id()).isPresent());
        SectorCopier copied;
        if (!attached) {
            copied = new LeafMerge(storage, tree, attachments).merge(step, control);
        } else if (step.way() == GcStatus.Way.DRAIN) {
            copied = new LiveLeafMerge(storage, tree, attachments).merge(step, control);
        } else {
            copied = new LivePullUp(storage, tree, attachments).merge(step, control);
        }
        return Done.merged(1, copied);
    }

    private Done pushDown(GcStep step, long from, JobControl control) throws IOException {
        List<ChainFile> nodes = new ArrayList<>();
        for (Node node : step.pushed()) {
            nodes.add(Objects.requireNonNull(node.file()));
        }
        ChainFile parent = ChainFile.read(storage, step.lower().name());
        PushDown pushDown = new PushDown(storage, control);
        try {
            pushDown.copy(nodes, storage, parent, from, progress.milestones(step));
        } catch (IOException | RuntimeException e) {
            progress.rest(step);
            throw e;
        }
        tree.change(() -> {
            checkIsStillThere(step);
            relink(step, ChainFile.read(storage, parent.name()));
            return step;
        });
        return Done.merged(nodes.size(), pushDown.copied());
    }

    /** Nothing that the tree allows to be done with base copies meanwhile changes them; this makes sure of it. */
    private void checkIsStillThere(GcStep step) throws IOException {
        tree.lookOutside();
        Tree now = tree.now();
        Node at = step.node();
        Optional<String> needer = now.mayNeed(step.lower());
        if (needer.isPresent()) {
            throw new ChangedMeanwhileException(
                    needer.get() + ", which was not seen before, may build on the base copies");
        }
        for (String below : step.files().subList(1, step.files().size())) {
            Node node = now.node(at.name()).orElse(null);
            Node parent = node == null ? null : now.parent(node).orElse(null);
            if (parent == null
                    || !parent.name().equals(below)
                    || now.children(below).size() != 1) {
                throw new ChangedMeanwhileException("the base copies were changed meanwhile");
            }
            at = parent;
        }
    }

    /**
     * Takes nodes out of the tree after their data was copied to the parent of the lowest.
     *
     * <ol>
     *   <li>Record the operation with all bytes that it will write.
     *   <li>Link the uppermost node's children to the parent. Chains that are open do not look at links.
     *   <li>Let the live disks go on without the nodes; the parent is opened anew, since it has grown.
     *   <li>Note that the others are garbage from now on, delete the uppermost node and forget the operation.
     *   <li>Delete them, the uppermost first.
     * </ol>
     */
    private void relink(GcStep step, ChainFile parent) throws IOException {
        Node node = step.node();
        List<Relink.Child> children = new ArrayList<>();
        List<String> changed = new ArrayList<>(step.files());
        for (Node child : tree.now().children(node.name())) {
            ParentLink link = ParentLink.of(
                    storage, child.name(), parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
            VhdHeaders headers =
                    Objects.requireNonNull(ChainFile.read(storage, child.name()).headers());
            children.add(Relink.Child.of(child.name(), link.replaceIn(headers, child.name())));
            changed.add(child.name());
        }
        Set<String> gone = new HashSet<>(step.pushed().stream().map(Node::name).toList());
        List<Orphans.Orphan> orphans = step.between().stream()
                .map(below -> Orphans.Orphan.of(Objects.requireNonNull(below.file())))
                .toList();
        unlink(new Relink(node.name(), children, orphans), gone, parent);
        for (Node below : step.between()) {
            storage.delete(below.name());
            storage.syncNames();
        }
        Orphans.forget(storage, step.between().stream().map(Node::name).toList());
        tree.refresh(changed);
    }

    /**
     * @param holder has grown, and holds all of what the nodes that are gone held
     */
    private void unlink(Relink operation, Set<String> gone, ChainFile holder) throws IOException {
        // First of all: should a step fail, recovery completes the operation, and who opens the holder then must see it
        // as it has grown. Chains that are open still have the nodes themselves.
        attachments.nodes().forget(holder.name());
        journal.record(operation);
        operation.link(storage);
        attachments.dropFromChains(gone, holder);
        operation.remove(storage);
        journal.forget();
    }

    /**
     * Copies into a base copy what its parent has and it lacks, and takes the parent out of the tree. The base copy's
     * children need not be touched. Readers see the same at every moment.
     *
     * <ol>
     *   <li>Copy; sync. What was copied survives an interruption, and is not lacking any more then.
     *   <li>Record the operation with all bytes that it will write.
     *   <li>Link the base copy to its grandparent, or make it a disk without parent.
     *   <li>Let the live disks go on without the parent; the base copy is opened anew, since it has grown.
     *   <li>Delete the parent and forget the operation.
     * </ol>
     */
    private Done pullUp(GcStep step, JobControl control) throws IOException {
        String node = step.node().name();
        SectorCopier copied = copyLacking(step, control);
        tree.change(() -> {
            checkIsStillThere(step);
            Unlinking unlinking = Unlinking.of(storage, step.lower(), ChainFile.read(storage, node));
            unlink(unlinking.operation(), Set.of(step.lower().name()), ChainFile.read(storage, node));
            unlinking.deleteRecord();
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

    /** Returns how many requests guests have made so far. */
    static long requests(List<LiveDisk> disks) {
        return disks.stream().mapToLong(LiveDisk::requests).sum();
    }

    /** Whether a failure of a step is that the job was cancelled. */
    static boolean isCancel(SrException e) {
        return e.error() == SrError.CANCELLED;
    }
}
