package io.catena.sr.xen;

import io.catena.format.DynamicHeader;
import io.catena.op.Journal;
import io.catena.op.Relink;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.tree.Node;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What XenServer's storage manager leaves when the merge of a base copy N into its parent P is interrupted.
 *
 * <p>Its steps: write the journal {@code coalesce_N}; let P grow; copy N's data into P; delete that journal and write
 * {@code relink_N}; link N's children to P; delete {@code relink_N}; delete N. What is found after each:
 *
 * <pre>
 * coalesce_N             forgotten: N covers what was copied, and garbage collection copies it again
 * relink_N, N            finished: the other children are linked to P, N is deleted
 * relink_N, no N         finished: the journal is deleted
 * N hidden, no children  garbage
 * </pre>
 */
final class SmNodeMerge {
    private static final int PIECE_BYTES = 2 << 20;

    private final SmNodes nodes;
    private final Storage storage;

    SmNodeMerge(SmNodes nodes) {
        this.nodes = nodes;
        this.storage = nodes.storage();
    }

    /**
     * Tells what is to be done about a copy that was interrupted.
     *
     * <ol>
     *   <li>Give the parent its footers, if they were lost in the copying.
     *   <li>Delete the journal. Neither node changes what anybody sees.
     * </ol>
     */
    SmStep coalesce(SmLeftover leftover) {
        Optional<Node> parent = nodes.vhd(leftover.id()).flatMap(nodes.tree()::parent);
        String into = parent.map(Node::name).orElse("its parent");
        return SmStep.possible(
                leftover.file(),
                "the copying of " + leftover.vhd() + " into " + into + " was interrupted",
                "forgotten: the journal " + leftover.file()
                        + " is deleted; the next run of garbage collection merges the two",
                () -> {
                    parent.ifPresent(p -> new FooterRestore(storage).restore(p.name()));
                    SmNodes.deleteDurably(storage, leftover.file());
                });
    }

    /** Tells what is to be done about children that were being linked to another parent. */
    SmStep relink(SmLeftover leftover) {
        Optional<Node> found = nodes.node(leftover.id());
        if (found.isEmpty()) {
            return SmStep.possible(
                    leftover.file(),
                    leftover.vhd() + " was merged into its parent and deleted",
                    "finished: the journal " + leftover.file() + " is deleted",
                    () -> SmNodes.deleteDurably(storage, leftover.file()));
        }
        Node node = found.get();
        Optional<Node> parent = nodes.tree().parent(node);
        Optional<String> obstacle = obstacle(node, parent);
        if (obstacle.isPresent() || parent.isEmpty()) {
            return SmStep.refused(
                    leftover.file(),
                    leftover.file() + " tells that the data of " + node.name() + " is in its parent by now, but "
                            + obstacle.orElse("it has none"),
                    Advice.of("Make that right (")
                            .then(Remedy.of(Verb.VHD_REPAIR, node.name()))
                            .then("); or, if " + node.name() + " and all that builds on it can be read, delete "
                                    + leftover.file() + ": the chains are then used as they are"));
        }
        List<String> children =
                nodes.tree().children(node.name()).stream().map(Node::name).toList();
        return SmStep.possible(
                leftover.file(),
                node.name() + " was merged into " + parent.get().name() + ", its children were being linked to that",
                "finished: " + (children.isEmpty() ? "no child" : String.join(", ", children)) + " is linked to "
                        + parent.get().name() + ", " + node.name() + " is deleted",
                () -> finish(leftover, node, parent.get()));
    }

    /** Returns why not all is as it must be at that step. */
    private Optional<String> obstacle(Node node, Optional<Node> parent) {
        if (node.file() == null || node.file().headers() == null) {
            return Optional.of(node.name() + " cannot be read: " + node.problem());
        }
        if (!node.hidden()) {
            return Optional.of("that is a disk and no base copy");
        }
        Optional<String> problem = nodes.tree().problem(node);
        if (problem.isPresent() || parent.isEmpty()) {
            return Optional.of(problem.orElse("it has no parent in this directory"));
        }
        if (nodes.tree().mayBeNeeded(node)) {
            return Optional.of("a file whose headers are damaged may build on it");
        }
        return Optional.empty();
    }

    /**
     * Links all children that are left to the parent, and deletes the node.
     *
     * <ol>
     *   <li>Make sure, by reading both, that the parent holds all of the node's data. Nothing was changed until here.
     *   <li>Give the parent its footers, if they were lost.
     *   <li>Record the operation with all bytes that it will write, in the SR's own journal: a cut can leave a child's header
     *       half old, half new.
     *   <li>Link the children, delete the node: see {@link Relink}. Forget the operation.
     *   <li>Delete sm's journal. Without its node it means nothing.
     * </ol>
     */
    private void finish(SmLeftover leftover, Node node, Node parent) throws IOException {
        ChainFile from = ChainFile.read(storage, node.name());
        new FooterRestore(storage).restore(parent.name());
        ChainFile to = ChainFile.read(storage, parent.name());
        if (!holdsAll(from, to)) {
            throw SmRefusal.of(
                    leftover.file() + " tells that the data of " + from.name() + " is in its parent " + to.name()
                            + " by now, but it is not",
                    Advice.of("If no disk builds on " + to.name() + " but through " + from.name() + ", delete "
                            + leftover.file() + ": the chains are then used as they are"));
        }
        Journal journal = new Journal(storage);
        Relink relink = new Relink(from.name(), children(from, to));
        journal.record(relink);
        relink.apply(storage);
        journal.forget();
        SmNodes.deleteDurably(storage, leftover.file());
    }

    private List<Relink.Child> children(ChainFile node, ChainFile parent) throws IOException {
        List<Relink.Child> children = new ArrayList<>();
        for (Node child : nodes.tree().children(node.name())) {
            ParentLink link = ParentLink.of(
                    storage, child.name(), parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
            VhdHeaders headers =
                    Objects.requireNonNull(ChainFile.read(storage, child.name()).headers());
            children.add(Relink.Child.of(child.name(), link.replaceIn(headers, child.name())));
        }
        return children;
    }

    private boolean holdsAll(ChainFile node, ChainFile parent) throws IOException {
        try (Layer from = node.openReadOnly(storage);
                Layer to = parent.openReadOnly(storage)) {
            long offset = 0;
            while (offset < from.sizeBytes()) {
                long run = from.run(offset, Math.min(PIECE_BYTES, from.sizeBytes() - offset));
                if (run > 0 && !holds(from, to, offset, (int) run)) {
                    return false;
                }
                offset += Math.abs(run);
            }
            return true;
        }
    }

    private static boolean holds(Layer from, Layer to, long start, int length) throws IOException {
        if (start + length > to.sizeBytes()) {
            return false;
        }
        ByteBuffer wanted = ByteBuffer.allocate(length);
        ByteBuffer found = ByteBuffer.allocate(length);
        from.read(start, wanted);
        for (long at = start; at < start + length; ) {
            long run = to.run(at, start + length - at);
            if (run <= 0) {
                return false;
            }
            to.read(at, found.limit((int) (at - start + run)));
            at += run;
        }
        return wanted.flip().equals(found.flip());
    }
}
