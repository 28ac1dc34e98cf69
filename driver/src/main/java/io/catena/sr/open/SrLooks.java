package io.catena.sr.open;

import io.catena.api.ChainNode;
import io.catena.api.NodeProblem;
import io.catena.api.Sr;
import io.catena.api.SrId;
import io.catena.api.SrQuotas;
import io.catena.api.SrStat;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Told;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.Holds;
import io.catena.sr.record.SrRecord;
import io.catena.sr.tree.ChainBudget;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Shows an SR's nodes as disks and trees of disks, as the last operation that ended left them.
 *
 * <p><b>Threads.</b> Safe for use by many threads, which wait for no lock that work holds, and for the disk for a moment only.
 */
public final class SrLooks {
    /** Of chains that are long: whoever makes files in the directory can make any number of them. */
    private static final int MOST_WARNINGS = 100;

    private final Looks looks;
    private final SrTree tree;
    private final SrView view;
    private final Function<Node, Optional<String>> garbageNote;
    private final NodeSizes sizes;
    private final VdiViews vdis;
    private final Told<Storage.Space> space;

    /**
     * @param garbageNote what garbage collection says of a node
     * @throws IOException if the file system does not tell how much room it has
     */
    SrLooks(
            Storage storage,
            SrId sr,
            SrTree tree,
            SrView view,
            Attachments attachments,
            Holds holds,
            Function<Node, Optional<String>> garbageNote,
            Looks looks,
            LongSupplier nanoTime)
            throws IOException {
        this.looks = looks;
        this.tree = tree;
        this.view = view;
        this.garbageNote = garbageNote;
        this.sizes = new NodeSizes(storage, looks, nanoTime);
        this.vdis = new VdiViews(sr, view, attachments, holds, sizes);
        this.space = new Told<>(looks, storage.space(), storage::space);
    }

    /** Returns all disks, sorted by name, then id. */
    public List<Vdi> vdis() {
        Tree now = tree.seen();
        sizes.ask(now);
        List<VdiId> withoutData = withoutData(now);
        List<Vdi> all = vdis.all(now);
        if (withoutData.isEmpty()) {
            return all;
        }
        List<Vdi> both = new ArrayList<>(all);
        withoutData.forEach(id -> both.add(vdis.withoutData(id, tree.kept().sizeBytes(id))));
        both.sort(VdiViews.ORDER);
        return both;
    }

    public Vdi vdi(VdiId id) {
        Tree now = tree.seen();
        if (view.hasNoData(now, id)) {
            return vdis.withoutData(id, tree.kept().sizeBytes(id));
        }
        Node node = view.visible(now, id);
        sizes.ask(List.of(node.name()));
        return vdis.vdi(now, node);
    }

    /** Returns what the SR may promise, and has promised. */
    public SrQuotas quotas(Admission admission) throws IOException {
        return admission.quotas(tree.seen(), space.now());
    }

    /** Makes sure that a disk would be made. */
    public void admit(Admission admission, Admission.Growth growth) throws IOException {
        admission.check(tree.seen(), List.of(growth));
    }

    private List<VdiId> withoutData(Tree now) {
        return tree.kept().ids().stream().filter(id -> view.hasNoData(now, id)).toList();
    }

    public SrStat stat(Sr identity, SrRecord record, HealthCheck health) throws IOException {
        Tree now = tree.seen();
        looks.ask(space.question(), sizes.question(now));
        Storage.Space free = space.last();
        List<NodeProblem> problems = new ArrayList<>();
        List<Advice> warnings =
                new ArrayList<>(tree.unfinished().map(Advice::of).stream().toList());
        ChainBudget budget = ChainBudget.of(record);
        long physical = 0;
        long virtual = 0;
        int count = withoutData(now).size();
        int depth = 0;
        int near = 0;
        for (Node node : now.nodes()) {
            physical += sizes.known(node.name());
            int own = now.depth(node);
            depth = Math.max(depth, own);
            if (!node.hidden()) {
                count++;
                if (own >= budget.warnFrom() && ++near <= MOST_WARNINGS) {
                    budget.warning(now, node).ifPresent(warnings::add);
                }
                virtual += node.sizeBytes();
            }
            now.ownProblem(node).ifPresent(text -> problems.add(new NodeProblem(node.name(), text)));
        }
        if (near > MOST_WARNINGS) {
            warnings.add(Advice.of((near - MOST_WARNINGS) + " more chains come near the limit."));
        }
        return new SrStat(
                identity,
                record.text(),
                free.totalBytes(),
                free.freeBytes(),
                physical,
                virtual,
                count,
                now.nodes().size(),
                depth,
                record.chainLimit(),
                record.warnFrom(),
                warnings,
                problems,
                health.of(now, problems, budget, free.freeBytes()));
    }

    /** Returns all nodes, each after the one that it builds on. */
    public List<ChainNode> nodes() {
        Tree now = tree.seen();
        sizes.ask(now);
        Upwards upwards = new Upwards(now);
        return upwards.nodes().stream()
                .map(node -> chainNode(now, upwards, node))
                .toList();
    }

    private ChainNode chainNode(Tree now, Upwards upwards, Node node) {
        return new ChainNode(
                node.id(),
                node.name(),
                upwards.parent(node).map(Node::name).orElse(null),
                now.depth(node),
                upwards.children(node).size(),
                node.hidden() ? "" : view.record(node).name(),
                node.sizeBytes(),
                sizes.known(node.name()),
                node.hidden(),
                note(now, node));
    }

    private String note(Tree now, Node node) {
        Optional<String> problem = now.ownProblem(node);
        if (problem.isPresent()) {
            return "broken: " + problem.get();
        }
        List<String> notes = new ArrayList<>();
        boolean isGarbage = MergeRules.isGarbage(now, node);
        if (node.hidden()) {
            notes.add(isGarbage ? "garbage" : "base copy");
            if (!isGarbage && MergeRules.isMergeable(now, node)) {
                notes.add("mergeable");
            }
            garbageNote.apply(node).ifPresent(notes::add);
            return String.join(", ", notes);
        }
        if (view.record(node).snapshotOf() != null) {
            notes.add("snapshot");
        }
        vdis.export(node.id())
                .ifPresent(export -> notes.add(vdis.state(node.id()).name().toLowerCase(Locale.ROOT) + " "
                        + export.mode().symbol()));
        if (MergeRules.isAbsorbable(now, node)) {
            notes.add("mergeable");
        }
        garbageNote.apply(node).ifPresent(notes::add);
        return String.join(", ", notes);
    }
}
