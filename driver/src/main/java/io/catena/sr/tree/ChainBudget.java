package io.catena.sr.tree;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.SrRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How long the chains of an SR may be, and what makes one shorter.
 *
 * @param sr the SR's id, for commands
 */
public record ChainBudget(String sr, int limit, int warnFrom) {
    private static final int MOST_NAMED = 5;

    public static ChainBudget of(SrRecord record) {
        return new ChainBudget(record.id(), record.chainLimit(), record.warnFrom());
    }

    /**
     * Makes sure that a chain may have {@code depth} nodes.
     *
     * @throws SrException with {@link SrError#SNAPSHOT_CHAIN_TOO_LONG}, telling what would make it shorter
     */
    public void check(Tree tree, Node leaf, int depth) {
        if (depth > limit) {
            throw new SrException(
                            SrError.SNAPSHOT_CHAIN_TOO_LONG,
                            "The chain of VDI " + leaf.id() + " would have " + depth + " nodes; SR " + sr + " allows "
                                    + limit)
                    .correction(relief(tree, leaf));
        }
    }

    /** Returns what is to be said of a chain that comes near its limit; empty if it does not. */
    public Optional<Advice> warning(Tree tree, Node leaf) {
        return isNearLimit(tree, leaf)
                ? Optional.of(Advice.of(length(tree, leaf) + ". ").then(relief(tree, leaf)))
                : Optional.empty();
    }

    public boolean isNearLimit(Tree tree, Node leaf) {
        return tree.depth(leaf) >= warnFrom;
    }

    public String length(Tree tree, Node leaf) {
        return "The chain of VDI " + leaf.id() + " has " + tree.depth(leaf) + " of at most " + limit + " nodes";
    }

    /** Returns what makes a chain shorter, as a sentence. */
    public Advice relief(Tree tree, Node leaf) {
        long mergeable = tree.chain(leaf).stream()
                .filter(node -> MergeRules.isMergeable(tree, node))
                .count();
        Remedy collect = Remedy.of(Verb.GC_RUN, sr).with("wait");
        if (mergeable > 0) {
            return Advice.of("Garbage collection would merge " + mergeable + " of its base copies: ")
                    .then(collect);
        }
        List<Node> holders = holders(tree, leaf);
        if (holders.isEmpty()) {
            return Advice.of("Copy the disk to get one without a chain: ").then(Remedy.of(Verb.VDI_COPY, leaf.id()));
        }
        Advice text = Advice.of("Delete snapshots that keep its base copies apart (");
        for (int i = 0; i < Math.min(MOST_NAMED, holders.size()); i++) {
            text = text.then(i == 0 ? "" : "; ")
                    .then(Remedy.of(Verb.VDI_DESTROY, holders.get(i).id()));
        }
        int more = holders.size() - MOST_NAMED;
        return text.then((more > 0 ? "; or " + more + " others" : "") + "), then merge: ")
                .then(collect);
    }

    /** Returns the disks that nothing builds on and that are the second child of a base copy of the chain. */
    private static List<Node> holders(Tree tree, Node leaf) {
        List<Node> holders = new ArrayList<>();
        for (Node node : tree.chain(leaf)) {
            for (Node child : tree.children(node.name())) {
                boolean removable =
                        !child.hidden() && tree.children(child.name()).isEmpty();
                if (removable && !child.name().equals(leaf.name())) {
                    holders.add(child);
                }
            }
        }
        return holders;
    }
}
