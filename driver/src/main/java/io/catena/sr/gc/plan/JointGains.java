package io.catena.sr.gc.plan;

import io.catena.api.JointGain;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells what would come back if several disks were deleted. The trees that they are in are compared as collection would leave them
 * without the deletions, and with them; only groups of nodes that differ are looked into.
 */
final class JointGains {
    private final Tree tree;
    private final DeletionGains.Costs costs;

    /** The names of the nodes. */
    private final Map<String, Node> deleted = new HashMap<>();

    JointGains(Tree tree, DeletionGains.Costs costs, Collection<Node> disks) {
        this.tree = tree;
        this.costs = costs;
        disks.forEach(disk -> deleted.put(disk.name(), disk));
    }

    JointGain gain() throws IOException {
        Set<String> gone = gone();
        long atOnce = 0;
        long freed = 0;
        for (String name : gone) {
            Node node = tree.node(name).orElseThrow();
            long bytes = costs.of(node).allocatedBytes();
            freed += bytes;
            atOnce += deleted.containsKey(name) && tree.children(name).isEmpty() ? bytes : 0;
        }
        Set<List<Node>> before = groups(Set.of(), Map.of(), gone);
        Set<List<Node>> after = groups(gone, deleted, gone);
        Set<List<Node>> same = new HashSet<>(before);
        same.retainAll(after);
        before.removeAll(same);
        after.removeAll(same);
        long merged = bytes(before) - bytes(after);
        return new JointGain(atOnce, Math.max(0, freed + merged - atOnce));
    }

    /** Disks on which nothing is left, and base copies that served only these. */
    private Set<String> gone() {
        Set<String> gone = new LinkedHashSet<>();
        for (Node disk : deleted.values()) {
            Optional<Node> next = Optional.of(disk);
            while (next.filter(node -> goes(node, gone)).isPresent()) {
                gone.add(next.get().name());
                next = tree.parent(next.get());
            }
        }
        return gone;
    }

    private boolean goes(Node node, Set<String> gone) {
        boolean mayGo =
                deleted.containsKey(node.name()) || (node.hidden() && node.file() != null && !tree.mayBeNeeded(node));
        return mayGo && !gone.contains(node.name()) && left(node, gone).isEmpty();
    }

    private List<Node> left(Node node, Set<String> gone) {
        return tree.children(node.name()).stream()
                .filter(child -> !gone.contains(child.name()))
                .toList();
    }

    /**
     * Returns the nodes that collection makes one of, the lowest first, of all trees that have deleted disks.
     *
     * @param gone those that are not there any more
     * @param hidden the disks that are base copies then
     * @param ignored those that are in no group
     */
    private Set<List<Node>> groups(Set<String> gone, Map<String, Node> hidden, Set<String> ignored) {
        Set<List<Node>> groups = new LinkedHashSet<>();
        Deque<Node> open = new ArrayDeque<>(roots());
        while (!open.isEmpty()) {
            Node node = open.pop();
            List<Node> group = new ArrayList<>(List.of(node));
            Optional<Node> next = joined(node, gone, hidden);
            while (next.isPresent()) {
                node = next.get();
                group.add(node);
                next = joined(node, gone, hidden);
            }
            open.addAll(left(node, gone));
            group.removeIf(member -> ignored.contains(member.name()));
            if (!group.isEmpty()) {
                groups.add(group);
            }
        }
        return groups;
    }

    private Set<Node> roots() {
        Set<Node> roots = new LinkedHashSet<>();
        for (Node disk : deleted.values()) {
            List<Node> chain = tree.chain(disk);
            roots.add(chain.get(chain.size() - 1));
        }
        return roots;
    }

    /** Returns the only child of a base copy, if the two become one. */
    private Optional<Node> joined(Node parent, Set<String> gone, Map<String, Node> hidden) {
        List<Node> children = left(parent, gone);
        Node base = asHidden(parent, hidden);
        return children.size() == 1 && base.hidden() && MergeRules.fits(tree, asHidden(children.get(0), hidden), base)
                ? Optional.of(children.get(0))
                : Optional.empty();
    }

    private static Node asHidden(Node node, Map<String, Node> hidden) {
        return hidden.containsKey(node.name())
                ? new Node(node.id(), node.name(), node.file(), node.parent(), node.mayNeed(), node.problem(), true)
                : node;
    }

    private long bytes(Set<List<Node>> groups) throws IOException {
        long bytes = 0;
        for (List<Node> group : groups) {
            NodeCost cost = costs.of(group.get(0));
            for (Node node : group.subList(1, group.size())) {
                cost = cost.with(costs.of(node));
            }
            bytes += cost.allocatedBytes();
        }
        return bytes;
    }
}
