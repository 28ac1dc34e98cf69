package io.catena.sr.gc;

import io.catena.api.VdiId;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.kept.KeptChanges;
import io.catena.sr.kept.KeptFiles;
import io.catena.sr.live.NodeRow;
import io.catena.sr.record.Errors;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Keeps the changes since snapshots whose data was given up, when nodes that tell them become one.
 *
 * <p>In this order: first the side file says what both the nodes as they are and the one that will be left need to say, and it
 * names the anchor as it is, then the one that will be left; durably. Only then data is moved and nodes go. So it is right
 * whenever that is interrupted, and says too much at most.
 */
final class KeptRow {
    private final Storage storage;
    private final SrTree tree;
    private final List<Node> row;
    private final Node survivor;
    private final Map<String, BitSet> above = new HashMap<>();

    private KeptRow(Storage storage, SrTree tree, List<Node> row, Node survivor) {
        this.storage = storage;
        this.tree = tree;
        this.row = row;
        this.survivor = survivor;
    }

    /** The nodes of a step that pushes down. */
    static KeptRow pushedDown(Storage storage, SrTree tree, GcStep step) {
        return new KeptRow(storage, tree, row(step), step.lower());
    }

    /** The nodes of a step that pulls up. */
    static KeptRow pulledUp(Storage storage, SrTree tree, GcStep step) {
        return new KeptRow(storage, tree, row(step), step.node());
    }

    /** The uppermost first. */
    private static List<Node> row(GcStep step) {
        List<Node> row = new ArrayList<>(step.pushed());
        row.add(step.lower());
        return row;
    }

    /** To be called before anything is copied, without the tree lock: what nodes hold takes time to tell. */
    void save() throws IOException {
        for (String anchor : tree.locked(this::anchorsNow)) {
            above(anchor);
        }
        tree.change(() -> {
            saveAgain();
            return this;
        });
    }

    /** To be called under the tree lock before nodes go, for the snapshots whose data was given up since {@link #save}. */
    void saveAgain() throws IOException {
        tree.concern(row);
        tree.aside(this::write);
        tree.refresh(List.of());
    }

    private void write() throws IOException {
        Tree now = tree.now();
        Set<String> names = names();
        KeptFiles files = tree.kept();
        for (VdiId id : List.copyOf(files.ids())) {
            List<KeptChanges.Anchor> anchors = files.anchors(id);
            if (anchors.stream().noneMatch(anchor -> names.contains(anchor.node()))) {
                continue;
            }
            Optional<Node> anchor = now.anchor(anchors);
            KeptChanges changes = files.read(id);
            files.write(anchor.isPresent() ? moved(changes, anchor.get()) : changes.unknown());
        }
    }

    private KeptChanges moved(KeptChanges changes, Node anchor) throws IOException {
        KeptChanges.Anchor first = Tree.anchorOf(anchor);
        if (!names().contains(anchor.name())) {
            return changes.movedTo(List.of(first), new BitSet());
        }
        KeptChanges.Anchor last = Tree.anchorOf(survivor);
        return changes.movedTo(first.equals(last) ? List.of(first) : List.of(first, last), above(anchor.name()));
    }

    private Set<String> anchorsNow() {
        Set<String> found = new TreeSet<>();
        for (VdiId id : tree.kept().ids()) {
            tree.now()
                    .anchor(tree.kept().anchors(id))
                    .map(Node::name)
                    .filter(names()::contains)
                    .ifPresent(found::add);
        }
        return found;
    }

    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        row.forEach(node -> names.add(node.name()));
        return names;
    }

    /** Returns what the nodes above one hold. */
    private BitSet above(String anchor) throws IOException {
        BitSet told = above.get(anchor);
        if (told == null) {
            List<ChainFile> files = row.stream()
                    .takeWhile(node -> !node.name().equals(anchor))
                    .map(node -> Objects.requireNonNull(node.file()))
                    .toList();
            told = files.isEmpty() ? new BitSet() : held(storage, files);
            above.put(anchor, told);
        }
        return told;
    }

    /** Returns what nodes in a row hold, the uppermost first. */
    private static BitSet held(Storage storage, List<ChainFile> files) throws IOException {
        BitSet grains = new BitSet();
        for (ChainFile file : files) {
            try (NodeRow node = NodeRow.open(storage, List.of(file))) {
                node.addTo(grains);
            }
        }
        return grains;
    }

    /**
     * Keeps the changes that a base copy tells which is about to be deleted; by what it builds on from then on. To be called
     * under the tree lock.
     */
    static void saveDeleted(Storage storage, SrTree tree, Node node) throws IOException {
        tree.concern(List.of(node));
        tree.aside(() -> writeDeleted(storage, tree, node));
        tree.refresh(List.of());
    }

    private static void writeDeleted(Storage storage, SrTree tree, Node node) throws IOException {
        KeptFiles files = tree.kept();
        for (VdiId id : List.copyOf(files.ids())) {
            Optional<Node> anchor = tree.now().anchor(files.anchors(id));
            if (anchor.filter(found -> found.name().equals(node.name())).isPresent()) {
                List<KeptChanges.Anchor> anchors = new ArrayList<>(List.of(Tree.anchorOf(node)));
                tree.now()
                        .parent(node)
                        .filter(parent -> parent.hidden() && parent.file() != null)
                        .ifPresent(parent -> anchors.add(Tree.anchorOf(parent)));
                KeptChanges changes = files.read(id);
                List<ChainFile> file = List.of(Objects.requireNonNull(node.file()));
                writeIfThereIsRoom(files, changes, changes.movedTo(anchors, held(storage, file)));
            }
        }
    }

    /** Deleting makes room, and an anchor that is gone says that nothing is known. */
    private static void writeIfThereIsRoom(KeptFiles files, KeptChanges before, KeptChanges after) throws IOException {
        try {
            files.write(after);
        } catch (IOException e) {
            if (!Errors.isNoSpace(e) || before.anchors().size() > 1) {
                throw e;
            }
        }
    }
}
