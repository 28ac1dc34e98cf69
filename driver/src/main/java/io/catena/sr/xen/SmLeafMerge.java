package io.catena.sr.xen;

import io.catena.api.Uuids;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.Node;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What XenServer's storage manager leaves when the merge of a leaf C into its parent P is interrupted.
 *
 * <p>Its steps: 1 write the journal {@code leaf_C}, which names P; 2 take the hidden flag from P; 3 let P grow; 4 check both;
 * 5 copy C's data into P; 6 check P; 7 rename C to {@code OLD_C}; 8 rename P to C; 9 update records elsewhere; 10 hide
 * {@code OLD_C}; 11 update records; 12 delete {@code OLD_C} if space is short; 13 delete the journal; then delete
 * {@code OLD_C}. What is found after each:
 *
 * <pre>
 * steps   files               what is done
 * 1-6     C, P                undone: P is hidden again
 * 7       OLD_C, P            undone: OLD_C gets its name C back
 * 8-11    OLD_C, C (P's data) undone: C gets its name P back, then OLD_C its name C
 * 12      C                   finished: the journal is deleted
 * 13      C, OLD_C hidden     finished: OLD_C is deleted
 * </pre>
 *
 * <p>To undo is always right: what was copied into P is what C has too, and C covers it.
 */
final class SmLeafMerge {
    private static final int UUID_CHARS = 36;

    private final SmNodes nodes;
    private final Storage storage;

    SmLeafMerge(SmNodes nodes) {
        this.nodes = nodes;
        this.storage = nodes.storage();
    }

    /** Tells what is to be done about a journal. */
    SmStep journal(SmLeftover leftover) throws IOException {
        String leafId = leftover.id();
        Optional<Node> leaf = nodes.node(leafId);
        Optional<Node> old = nodes.tree().node(old(leafId));
        String parentId = parentId(leftover, leaf, old);
        if (!Uuids.isUuid(parentId)) {
            return SmStep.refused(
                    leftover.file(),
                    leftover.file() + " tells of a leaf that was being merged into its parent, but not which: found \""
                            + parentId + "\", expected a UUID",
                    "Find out which file " + leafId + " builds on, and write its UUID into " + leftover.file());
        }
        Optional<Node> parent = nodes.node(parentId);
        if (parent.isEmpty() && old.isEmpty()) {
            return finish(leftover, leaf);
        }
        return undo(leftover, parentId, parent.orElse(null), leaf.orElse(null), old.orElse(null));
    }

    /**
     * The journal's text; or if that was lost in a power cut, as long as nothing was renamed the parent that the leaf itself
     * names.
     */
    private String parentId(SmLeftover leftover, Optional<Node> leaf, Optional<Node> old) throws IOException {
        String text = firstLine(leftover.file());
        if (!text.isEmpty() || old.isPresent()) {
            return text;
        }
        return leaf.map(Node::parent).map(SrFiles::stem).orElse(text);
    }

    private String firstLine(String name) throws IOException {
        try (BlockFile file = storage.openReadOnly(name)) {
            ByteBuffer bytes = ByteBuffer.allocate(UUID_CHARS + 1);
            file.read(0, bytes);
            String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
            return text.lines().findFirst().orElse("").strip();
        }
    }

    /**
     * The parent has the leaf's name already.
     *
     * <ol>
     *   <li>Take the hidden flag from it, should it have one: else the disk would count as garbage once the journal is gone.
     *   <li>Delete the journal.
     * </ol>
     */
    private SmStep finish(SmLeftover leftover, Optional<Node> leaf) {
        String name = leaf.map(Node::name).orElse(leftover.vhd());
        if (leaf.isEmpty() || nodes.tree().problem(leaf.get()).isPresent()) {
            String why = leaf.flatMap(nodes.tree()::problem).orElse("it does not exist");
            return SmStep.refused(
                    leftover.file(),
                    leftover.file() + " tells that " + name + " was merged with its parent, but it cannot be used: "
                            + why,
                    "If the disk was destroyed on purpose, delete " + leftover.file() + "; else restore " + name
                            + " from a backup");
        }
        return SmStep.possible(
                leftover.file(),
                name + " was merged with its parent and has its name already",
                "finished: the journal " + leftover.file() + " is deleted",
                () -> {
                    new FooterRestore(storage).restore(name);
                    HiddenFlag.set(storage, name, false);
                    SmNodes.deleteDurably(storage, leftover.file());
                });
    }

    private SmStep undo(
            SmLeftover leftover, String parentId, @Nullable Node parent, @Nullable Node leaf, @Nullable Node old) {
        Node data = parent == null ? leaf : parent;
        Node top = parent == null || leaf == null ? old : leaf;
        boolean three = parent != null && leaf != null && old != null;
        if (data == null || top == null || three || !SmNodes.isChild(top, data)) {
            return SmStep.refused(
                    leftover.file(),
                    leftover.file() + " tells that " + leftover.id() + " was being merged into " + parentId + "; found "
                            + list(parent, leaf, old) + ", expected a child and its parent",
                    "Keep the file that holds the disk's data as " + leftover.vhd() + ", move " + old(leftover.id())
                            + " away if it is not that, and delete " + leftover.file());
        }
        String dataName = parentId + data.name().substring(data.name().lastIndexOf('.'));
        String topName = leftover.vhd();
        return SmStep.possible(
                leftover.file(),
                topName + " was being merged into its parent " + dataName + "; found " + list(parent, leaf, old),
                "undone: " + (parent == null ? data.name() + " becomes " + dataName + ", " : "")
                        + (leaf == null || parent == null ? top.name() + " becomes " + topName + ", " : "")
                        + dataName + " becomes a base copy",
                () -> undo(leftover, data, dataName, top, topName));
    }

    /**
     * Takes the merge back. Each step is durable before the next, and leaves one of the states of the class's table; so after
     * a cut this begins again with what is still to do.
     *
     * <ol>
     *   <li>Give the parent its name back. Until then no file of the leaf's name may be put in its place.
     *   <li>Give the leaf its name back. From here on it builds on a file that exists.
     *   <li>Give the parent its footers, if they were lost in the copying.
     *   <li>Take the hidden flag from the leaf: it is the disk.
     *   <li>Hide the parent: it is a base copy again.
     *   <li>Delete the journal, only now that both are what they were.
     * </ol>
     */
    private void undo(SmLeftover leftover, Node data, String dataName, Node top, String topName) throws IOException {
        if (!data.name().equals(dataName)) {
            SmNodes.renameDurably(storage, data.name(), dataName);
        }
        if (!top.name().equals(topName)) {
            SmNodes.renameDurably(storage, top.name(), topName);
        }
        new FooterRestore(storage).restore(dataName);
        HiddenFlag.set(storage, topName, false);
        HiddenFlag.set(storage, dataName, true);
        SmNodes.deleteDurably(storage, leftover.file());
    }

    /** Tells what is to be done about an old leaf whose journal is gone. */
    SmStep oldLeaf(SmLeftover leftover) {
        Node old = nodes.tree().node(leftover.file()).orElseThrow();
        Optional<Node> leaf = nodes.node(leftover.id());
        boolean whole = leaf.isPresent()
                && nodes.tree().problem(leaf.get()).isEmpty()
                && !leaf.get().hidden();
        boolean needed =
                !nodes.tree().children(old.name()).isEmpty() || nodes.tree().mayBeNeeded(old);
        if (old.file() == null || !old.hidden() || needed || (leaf.isPresent() && !whole) || isStrayed(old, leaf)) {
            return SmStep.refused(
                    leftover.file(),
                    leftover.file() + " is the old file of disk " + leftover.id() + ", but it is not sure that "
                            + leftover.vhd() + " holds its data: " + reason(old, needed, leaf),
                    Advice.of("Look at both (")
                            .then(Remedy.of(Verb.VHD_DIGEST))
                            .then("); keep the one that holds the disk's data as " + leftover.vhd()
                                    + ", and move the other away"));
        }
        if (leaf.isEmpty()) {
            return SmStep.left(
                    leftover.file(),
                    leftover.file() + " is the old file of disk " + leftover.id() + ", which was destroyed since",
                    Advice.of("It counts as garbage: ").then(Remedy.of(Verb.GC_RUN)));
        }
        return SmStep.possible(
                leftover.file(),
                leftover.file() + " is the old file of " + leaf.get().name() + ", which holds its data",
                "finished: the old file is deleted",
                () -> SmNodes.deleteDurably(storage, old.name()));
    }

    /** Whether the parent that the old leaf was merged into still has its own name. */
    private static boolean isStrayed(Node old, Optional<Node> leaf) {
        return leaf.isEmpty() && old.parent() != null;
    }

    private static String reason(Node old, boolean needed, Optional<Node> leaf) {
        if (old.file() == null) {
            return String.valueOf(old.problem());
        }
        if (!old.hidden()) {
            return "it is not hidden";
        }
        if (needed) {
            return "others build on it";
        }
        return leaf.map(node -> node.name() + " cannot be used").orElse("its parent " + old.parent() + " still exists");
    }

    private static String old(String id) {
        return "OLD_" + id + ".vhd";
    }

    private static String list(@Nullable Node parent, @Nullable Node leaf, @Nullable Node old) {
        StringBuilder text = new StringBuilder();
        for (Node node : new Node[] {parent, leaf, old}) {
            if (node != null) {
                text.append(text.isEmpty() ? "" : ", ").append(node.name());
                text.append(node.file() == null ? " (" + node.problem() + ")" : "");
            }
        }
        return text.isEmpty() ? "no file" : text.toString();
    }
}
