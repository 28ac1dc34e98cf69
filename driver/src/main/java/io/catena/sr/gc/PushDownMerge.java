package io.catena.sr.gc;

import io.catena.api.JobControl;
import io.catena.format.DynamicHeader;
import io.catena.op.Orphans;
import io.catena.op.Relink;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.live.Attachments;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Copies what base copies in a row hold into the parent of the lowest, and takes them out of the tree.
 *
 * <ol>
 *   <li>Keep the changes since snapshots whose data was given up, see {@link KeptRow}; durable.
 *   <li>Copy, see {@link PushDown}; durable.
 *   <li>Record the operation with all bytes that it will write: see {@link SrTree#commit}.
 *   <li>Let the live disks go on without the nodes; the parent is opened anew, since it has grown.
 *   <li>Link the uppermost node's children to the parent.
 *   <li>Note that the others are garbage from now on, delete the uppermost node and forget the operation.
 *   <li>Delete them, the uppermost first.
 * </ol>
 *
 * @param from the byte of the disk up to which all was copied before
 */
record PushDownMerge(Storage storage, SrTree tree, Attachments attachments, GcProgress progress, long from)
        implements Merge {
    @Override
    public Done merge(GcStep step, JobControl control) throws IOException {
        List<ChainFile> nodes = new ArrayList<>();
        for (Node node : step.pushed()) {
            nodes.add(Objects.requireNonNull(node.file()));
        }
        ChainFile parent = ChainFile.read(storage, step.lower().name());
        KeptRow kept = KeptRow.pushedDown(storage, tree, step);
        kept.save();
        PushDown pushDown = new PushDown(storage, control);
        try {
            pushDown.copy(nodes, storage, parent, from, progress.milestones(step));
        } catch (IOException | RuntimeException e) {
            progress.rest(step);
            throw e;
        }
        tree.changeOf(step.nodes(), () -> {
            step.checkIsStillThere(tree);
            kept.saveAgain();
            relink(step, tree.lookAside(() -> ChainFile.read(storage, parent.name())));
            return step;
        });
        return Done.merged(nodes.size(), pushDown.copied());
    }

    private void relink(GcStep step, ChainFile parent) throws IOException {
        Set<String> gone = new HashSet<>(step.pushed().stream().map(Node::name).toList());
        List<Node> children = tree.now().children(step.node().name());
        Relink operation = tree.lookAside(() -> operation(step, children, parent));
        tree.commit(operation, new DroppedNodes(attachments, gone, parent));
        for (Node below : step.between()) {
            tree.delete(below.name());
        }
        List<String> deleted = step.between().stream().map(Node::name).toList();
        tree.aside(() -> Orphans.forget(storage, deleted));
        List<String> changed = new ArrayList<>(step.files());
        children.forEach(child -> changed.add(child.name()));
        tree.refresh(changed);
    }

    private Relink operation(GcStep step, List<Node> children, ChainFile parent) throws IOException {
        List<Relink.Child> linked = new ArrayList<>();
        for (Node child : children) {
            ParentLink link = ParentLink.of(
                    storage, child.name(), parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
            VhdHeaders headers =
                    Objects.requireNonNull(ChainFile.read(storage, child.name()).headers());
            linked.add(Relink.Child.of(child.name(), link.replaceIn(headers, child.name())));
        }
        List<Orphans.Orphan> orphans = step.between().stream()
                .map(below -> Orphans.Orphan.of(Objects.requireNonNull(below.file())))
                .toList();
        return new Relink(step.node().name(), linked, orphans);
    }
}
