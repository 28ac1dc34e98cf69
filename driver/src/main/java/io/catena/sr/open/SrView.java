package io.catena.sr.open;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.NodeProblem;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.TreeNode;
import io.catena.api.Uuids;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.live.Holds;
import io.catena.sr.record.Errors;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.SrRecord;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.ChainBudget;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Shows an SR's nodes as disks and trees of disks. */
public final class SrView {
    private final Storage storage;
    private final SrId sr;
    private final SrTree tree;
    private final VdiRecords records;
    private final Attachments attachments;
    private final Holds holds;
    private final FilesBehind behind;
    private final Function<Node, Optional<String>> garbageNote;

    /**
     * @param garbageNote what garbage collection says of a node
     */
    SrView(
            Storage storage,
            SrId sr,
            SrTree tree,
            VdiRecords records,
            Attachments attachments,
            Holds holds,
            FilesBehind behind,
            Function<Node, Optional<String>> garbageNote) {
        this.holds = holds;
        this.storage = storage;
        this.sr = sr;
        this.tree = tree;
        this.records = records;
        this.attachments = attachments;
        this.behind = behind;
        this.garbageNote = garbageNote;
    }

    /** Returns all disks, sorted by name, then id. */
    public List<Vdi> vdis() throws IOException {
        return tree.lockedIo(() -> {
            List<Vdi> vdis = new ArrayList<>();
            for (Node node : tree.now().nodes()) {
                if (!node.hidden()) {
                    vdis.add(vdi(node));
                }
            }
            vdis.sort(Comparator.comparing(Vdi::name).thenComparing(Vdi::vdi));
            return vdis;
        });
    }

    public Vdi vdi(VdiId id) throws IOException {
        return tree.lockedIo(() -> vdi(visible(id)));
    }

    /** Returns the node of a disk whose chain is whole and holds all that was written. To be called under the lock. */
    public Node usableVdi(VdiId id) {
        Node node = wholeVdi(id);
        catchUp(id, tree.now().chain(node));
        return node;
    }

    /** As {@link #usableVdi}, of a disk that is opened for writing next, and takes over what is in its redo log then. */
    public Node writableVdi(VdiId id) {
        Node node = wholeVdi(id);
        List<Node> chain = tree.now().chain(node);
        catchUp(id, chain.subList(1, chain.size()));
        return node;
    }

    private void catchUp(VdiId id, List<Node> chain) {
        try {
            behind.catchUp(chain);
        } catch (IOException e) {
            throw Errors.of("VDI " + id + " cannot be used before what was written to it last is in its file", e);
        }
    }

    private Node wholeVdi(VdiId id) {
        Node node = visible(id);
        Optional<String> problem = tree.now().problem(node);
        if (problem.isPresent()) {
            throw new SrException(SrError.VDI_UNAVAILABLE, "VDI " + id + " cannot be used: " + problem.get())
                    .correction("Look at the file with \"catena vhd check\"; other disks of the SR can be used.");
        }
        return node;
    }

    /** Returns the node of a disk. To be called under the lock. */
    public Node visible(VdiId id) {
        return tree.now()
                .node(id)
                .filter(node -> !node.hidden())
                .orElseThrow(() -> new SrException(SrError.VDI_MISSING, "SR " + sr + " has no VDI " + id)
                        .correction("See what there is: catena vdi ls " + sr));
    }

    public VdiRecord record(Node node) {
        String stem = SrFiles.stem(node.name());
        return records.get(node.id(), Uuids.isUuid(stem) ? "" : stem);
    }

    /** Whether a disk may not be written: it is a snapshot, or others build on it. */
    public boolean isReadOnly(Node node) {
        return record(node).snapshotOf() != null
                || !tree.now().children(node.name()).isEmpty();
    }

    /** Returns the warning for a disk's chain, if it comes near its limit. To be called under the lock. */
    public Optional<String> chainWarning(VdiId id, ChainBudget budget) {
        return tree.now().node(id).flatMap(node -> budget.warning(tree.now(), node));
    }

    public SrStat stat(Sr identity, SrRecord record, HealthCheck health) throws IOException {
        return tree.lockedIo(() -> {
            Storage.Space space = storage.space();
            List<NodeProblem> problems = new ArrayList<>();
            List<String> warnings = new ArrayList<>(tree.unfinished().stream().toList());
            ChainBudget budget = ChainBudget.of(record);
            long physical = 0;
            long virtual = 0;
            int vdis = 0;
            int depth = 0;
            for (Node node : tree.now().nodes()) {
                physical += physicalBytes(node);
                depth = Math.max(depth, tree.now().depth(node));
                if (!node.hidden()) {
                    vdis++;
                    budget.warning(tree.now(), node).ifPresent(warnings::add);
                    virtual += node.sizeBytes();
                }
                ownProblem(node).ifPresent(text -> problems.add(new NodeProblem(node.name(), text)));
            }
            int nodes = tree.now().nodes().size();
            return new SrStat(
                    identity,
                    record.text(),
                    space.totalBytes(),
                    space.freeBytes(),
                    physical,
                    virtual,
                    vdis,
                    nodes,
                    depth,
                    record.chainLimit(),
                    record.warnFrom(),
                    warnings,
                    problems,
                    health.of(problems, budget, space.freeBytes()));
        });
    }

    /** Returns what is wrong with a node itself; a circle of parents is wrong with each that is part of it. */
    Optional<String> ownProblem(Node node) {
        boolean inCircle = node.parent() != null && tree.now().isAncestorOfItself(node);
        return node.problem() == null && inCircle ? tree.now().problem(node) : Optional.ofNullable(node.problem());
    }

    public List<TreeNode> tree() throws IOException {
        return tree.lockedIo(() -> {
            List<TreeNode> roots = new ArrayList<>();
            for (Node root : tree.now().roots()) {
                roots.add(treeNode(root));
            }
            return roots;
        });
    }

    private TreeNode treeNode(Node node) throws IOException {
        List<TreeNode> children = new ArrayList<>();
        for (Node child : tree.now().children(node.name())) {
            children.add(treeNode(child));
        }
        return new TreeNode(
                node.id(),
                node.name(),
                node.hidden() ? "" : record(node).name(),
                node.sizeBytes(),
                physicalBytes(node),
                node.hidden(),
                note(node),
                children);
    }

    private String note(Node node) {
        if (node.problem() != null) {
            return "broken: " + node.problem();
        }
        List<String> notes = new ArrayList<>();
        boolean isGarbage = MergeRules.isGarbage(tree.now(), node);
        if (node.hidden()) {
            notes.add(isGarbage ? "garbage" : "base copy");
            if (!isGarbage && MergeRules.isMergeable(tree.now(), node)) {
                notes.add("mergeable");
            }
            garbageNote.apply(node).ifPresent(notes::add);
            return String.join(", ", notes);
        }
        if (record(node).snapshotOf() != null) {
            notes.add("snapshot");
        }
        export(node.id())
                .ifPresent(export -> notes.add(state(node.id()).name().toLowerCase(Locale.ROOT) + " "
                        + export.mode().symbol()));
        if (MergeRules.isAbsorbable(tree.now(), node)) {
            notes.add("mergeable");
        }
        garbageNote.apply(node).ifPresent(notes::add);
        return String.join(", ", notes);
    }

    private Vdi vdi(Node node) throws IOException {
        VdiRecord record = record(node);
        Optional<Export> export = export(node.id());
        Optional<String> problem = tree.now().problem(node);
        Vdi.State state = problem.isPresent() ? Vdi.State.BROKEN : state(node.id());
        boolean readOnly = isReadOnly(node)
                || export.filter(e -> e.mode() == AccessMode.READ_ONLY).isPresent();
        return new Vdi(
                node.id(),
                record.name(),
                record.description(),
                sr,
                node.sizeBytes(),
                physicalBytes(node),
                tree.now().parent(node).map(Node::id).orElse(null),
                tree.now().depth(node),
                readOnly,
                record.snapshotOfId(),
                record.allKeys(),
                record.isResetOnBoot(),
                record.createdAt(),
                state,
                holds.of(node.id()),
                export.orElse(null),
                problem.orElse(null));
    }

    private Vdi.State state(VdiId id) {
        if (attachments.get(id).isPresent()) {
            return Vdi.State.ACTIVE;
        }
        return holds.of(id).isEmpty() ? Vdi.State.DETACHED : Vdi.State.ATTACHED;
    }

    /** Returns where a disk is served or will be, in the mode that it has now. */
    private Optional<Export> export(VdiId id) {
        Optional<Export> active = attachments.get(id).map(Attachments.Attachment::export);
        return active.isPresent() ? active : holds.export(id);
    }

    private long physicalBytes(Node node) throws IOException {
        try {
            return storage.info(node.name()).allocatedBytes();
        } catch (NoSuchFileException e) {
            // Somebody deleted it; the next scan will tell.
            return 0;
        }
    }
}
