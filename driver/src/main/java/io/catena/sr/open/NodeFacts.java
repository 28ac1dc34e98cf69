package io.catena.sr.open;

import io.catena.api.VdiId;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a tree alone says of its nodes, found in one walk from the roots: to go from each node to its root costs the square of a
 * chain, or of a circle that somebody made. Never changes.
 */
final class NodeFacts {
    private final Tree tree;
    private final Map<String, Fact> byName = new HashMap<>();

    /** What is wrong with nodes whose parents lead back to them. */
    private final Map<String, String> inCircles = new HashMap<>();

    /**
     * What is known of one node.
     *
     * @param depth number of nodes in its chain
     * @param parent of a node of this SR
     * @param isParent whether others build on it
     * @param problem why its chain cannot be used
     */
    record Fact(
            int depth,
            @Nullable VdiId parent,
            boolean isParent,
            @Nullable String problem) {}

    private record Step(Node node, @Nullable Node parent) {}

    NodeFacts(Tree tree) {
        this.tree = tree;
        Deque<Step> open = new ArrayDeque<>();
        tree.roots().forEach(root -> open.add(new Step(root, null)));
        while (!open.isEmpty()) {
            Step step = open.pop();
            byName.put(step.node.name(), fact(step));
            tree.children(step.node.name()).forEach(child -> open.push(new Step(child, step.node)));
        }
        tree.nodes().forEach(this::addWithoutRoot);
    }

    /** Goes up from a node whose parents lead in a circle until one is known, and down again: each node is met once. */
    private void addWithoutRoot(Node start) {
        Map<String, Node> path = new LinkedHashMap<>();
        @Nullable Node at = start;
        while (at != null && !byName.containsKey(at.name()) && path.putIfAbsent(at.name(), at) == null) {
            at = tree.parent(at).orElse(null);
        }
        List<Node> up = new ArrayList<>(path.values());
        if (at != null && path.containsKey(at.name())) {
            List<Node> circle = up.subList(up.indexOf(at), up.size());
            addCircle(List.copyOf(circle));
            circle.clear();
        }
        for (int i = up.size() - 1; i >= 0; i--) {
            byName.put(
                    up.get(i).name(),
                    fact(new Step(up.get(i), tree.parent(up.get(i)).orElse(null))));
        }
    }

    private void addCircle(List<Node> circle) {
        Optional<String> broken =
                circle.stream().map(Node::problem).filter(Objects::nonNull).findFirst();
        for (Node node : circle) {
            String own = node.problem() == null
                    ? broken.orElse(node.name() + ": its parents lead in a circle through " + node.name())
                    : node.problem();
            inCircles.put(node.name(), own);
            VdiId parent = tree.parent(node).map(Node::id).orElse(null);
            byName.put(node.name(), new Fact(circle.size() + 1, parent, true, own));
        }
    }

    private Fact fact(Step step) {
        Fact above = step.parent == null ? null : byName.get(step.parent.name());
        if (above == null || step.parent == null) {
            return of(tree, step.node);
        }
        String own = step.node.problem();
        return new Fact(
                above.depth + 1,
                step.parent.id(),
                !tree.children(step.node.name()).isEmpty(),
                own == null ? above.problem : own);
    }

    /** Returns what a tree says of one node, without a look at the others. */
    static Fact of(Tree tree, Node node) {
        return new Fact(
                tree.depth(node),
                tree.parent(node).map(Node::id).orElse(null),
                !tree.children(node.name()).isEmpty(),
                tree.problem(node).orElse(null));
    }

    /** Whether these are of a tree. */
    boolean areOf(Tree other) {
        return tree == other;
    }

    /** Returns what is known of a node of the tree. */
    Fact of(Node node) {
        Fact known = byName.get(node.name());
        return known == null ? of(tree, node) : known;
    }

    /** Returns what is wrong with a node itself; a circle of parents is wrong with each that is part of it. */
    Optional<String> ownProblem(Node node) {
        return Optional.ofNullable(inCircles.getOrDefault(node.name(), node.problem()));
    }
}
