package io.catena.sr.open;

import io.catena.api.VdiId;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a tree alone says of its nodes, found in one walk from the roots: to go from each node to its root costs the square of a
 * chain. Never changes.
 */
final class NodeFacts {
    private final Tree tree;
    private final Map<String, Fact> byName = new HashMap<>();

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

    /** Returns what is known of a node of the tree; those whose parents lead in a circle have no root. */
    Fact of(Node node) {
        Fact known = byName.get(node.name());
        return known == null ? of(tree, node) : known;
    }

    /** Returns what is wrong with a node itself, not with those that it builds on. */
    Optional<String> ownProblem(Node node) {
        return byName.containsKey(node.name()) ? Optional.ofNullable(node.problem()) : SrView.ownProblem(tree, node);
    }
}
