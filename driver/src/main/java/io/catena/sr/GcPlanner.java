package io.catena.sr;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides what garbage collection does next: a function of the tree, nothing else.
 *
 * <p>Garbage goes first, since deleting it gives space and needs none; then base copies are merged into their parents, in
 * the deepest chain first, since that is the one that hits the limit first.
 */
final class GcPlanner {
    private GcPlanner() {}

    /**
     * Returns the next step; empty if nothing is left to do.
     *
     * @param setAside names of nodes that are not to be tried again
     */
    static Optional<GcStep> next(Tree tree, Set<String> setAside) {
        return garbage(tree, setAside).or(() -> mergeable(tree, setAside));
    }

    /** Whether a node is a base copy that nothing builds on, and nothing damaged may build on. */
    static boolean isGarbage(Tree tree, Node node) {
        return node.hidden() && tree.children(node.name()).isEmpty() && !tree.mayBeNeeded(node);
    }

    private static Optional<GcStep> garbage(Tree tree, Set<String> setAside) {
        return tree.nodes().stream()
                .filter(node -> isGarbage(tree, node) && !setAside.contains(node.name()))
                .findFirst()
                .map(GcStep.Delete::new);
    }

    private static Optional<GcStep> mergeable(Tree tree, Set<String> setAside) {
        return tree.nodes().stream()
                .filter(node -> isMergeable(tree, node) && !setAside.contains(node.name()))
                .max(Comparator.comparingInt(node -> height(tree, node) + tree.depth(node)))
                .flatMap(node -> tree.parent(node).map(parent -> new GcStep.PushDown(node, parent)));
    }

    /** Whether a node is a base copy, the only child of another, so that the two can become one. */
    static boolean isMergeable(Tree tree, Node node) {
        Optional<Node> parent = tree.parent(node);
        return parent.isPresent()
                && node.hidden()
                && parent.get().hidden()
                && tree.children(parent.get().name()).size() == 1
                && !tree.children(node.name()).isEmpty()
                && node.sizeBytes() <= parent.get().sizeBytes()
                && tree.problem(node).isEmpty()
                && !tree.mayBeNeeded(node);
    }

    /** Returns the number of nodes on the longest way from a node to a leaf. */
    private static int height(Tree tree, Node node) {
        List<Node> children = tree.children(node.name());
        return children.stream()
                .mapToInt(child -> 1 + height(tree, child))
                .max()
                .orElse(0);
    }
}
