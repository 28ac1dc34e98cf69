package io.catena.sr.gc.plan;

import io.catena.api.DeletionGain;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Tells what would come back if a disk were deleted: by the tree, the rules of merging, and which blocks nodes hold. */
final class DeletionGains {
    private final Tree tree;
    private final Costs costs;

    /** Tells what a node takes. */
    @FunctionalInterface
    interface Costs {
        NodeCost of(Node node) throws IOException;
    }

    DeletionGains(Tree tree, Costs costs) {
        this.tree = tree;
        this.costs = costs;
    }

    DeletionGain of(Node disk) throws IOException {
        if (!tree.children(disk.name()).isEmpty()) {
            return new DeletionGain(disk.id(), 0, becomesBaseCopy(disk));
        }
        return new DeletionGain(disk.id(), costs.of(disk).allocatedBytes(), goes(disk));
    }

    /** Base copies that served this disk only go after it; the one below them may be left with one child, and merge with it. */
    private long goes(Node disk) throws IOException {
        long bytes = 0;
        Node gone = disk;
        Optional<Node> below = tree.parent(gone);
        while (below.filter(this::isGarbageWithoutItsChild).isPresent()) {
            gone = below.get();
            bytes += costs.of(gone).allocatedBytes();
            below = tree.parent(gone);
        }
        if (below.filter(Node::hidden).isEmpty()) {
            return bytes;
        }
        Node base = below.get();
        List<Node> left = new ArrayList<>(tree.children(base.name()));
        left.remove(gone);
        boolean merges = left.size() == 1 && MergeRules.fits(tree, left.get(0), base);
        return merges ? bytes + joined(List.of(group(base), group(left.get(0)))) : bytes;
    }

    private boolean isGarbageWithoutItsChild(Node node) {
        return node.hidden()
                && node.file() != null
                && tree.children(node.name()).size() == 1
                && !tree.mayBeNeeded(node);
    }

    /** A disk that others build on is hidden, and may then become one with its parent or its child. */
    private long becomesBaseCopy(Node disk) throws IOException {
        Node hidden =
                new Node(disk.id(), disk.name(), disk.file(), disk.parent(), disk.mayNeed(), disk.problem(), true);
        List<List<Node>> groups = new ArrayList<>();
        Optional<Node> below = tree.parent(disk).filter(parent -> isBaseOfOne(parent) && fits(hidden, parent));
        if (below.isPresent()) {
            groups.add(group(below.get()));
        }
        groups.add(List.of(disk));
        List<Node> children = tree.children(disk.name());
        if (children.size() == 1 && fits(children.get(0), hidden)) {
            groups.add(group(children.get(0)));
        }
        return joined(groups);
    }

    private boolean isBaseOfOne(Node node) {
        return node.hidden() && tree.children(node.name()).size() == 1;
    }

    private boolean fits(Node node, Node parent) {
        return MergeRules.fits(tree, node, parent);
    }

    /** Returns the nodes that collection makes one of anyway, of which this is one; the lowest first. */
    private List<Node> group(Node node) {
        List<Node> group = new ArrayList<>(List.of(node));
        Optional<Node> below = tree.parent(node);
        while (below.filter(this::isBaseOfOne).isPresent() && fits(group.get(0), below.get())) {
            group.add(0, below.get());
            below = tree.parent(below.get());
        }
        Node top = node;
        while (isBaseOfOne(top) && fits(tree.children(top.name()).get(0), top)) {
            top = tree.children(top.name()).get(0);
            group.add(top);
        }
        return group;
    }

    /** Returns what groups take less if they become one. */
    private long joined(List<List<Node>> groups) throws IOException {
        long apart = 0;
        List<Node> all = new ArrayList<>();
        for (List<Node> group : groups) {
            apart += bytes(group);
            all.addAll(group);
        }
        return Math.max(0, apart - bytes(all));
    }

    private long bytes(List<Node> group) throws IOException {
        NodeCost cost = costs.of(group.get(0));
        for (Node node : group.subList(1, group.size())) {
            cost = cost.with(costs.of(node));
        }
        return cost.allocatedBytes();
    }
}
