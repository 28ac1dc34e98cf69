package io.catena.sr;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides what garbage collection does next: a function of the tree, nothing else.
 *
 * <p>Garbage goes first, since deleting it gives space and needs none; then base copies are merged into their parents, in
 * the deepest chain first, since that is the one that hits the limit first; then leaves, of which a chain has one only.
 */
final class GcPlanner {
    private GcPlanner() {}

    /**
     * Returns the next step; empty if nothing is left to do.
     *
     * @param excluded names of nodes that are not to be taken
     */
    static Optional<GcStep> next(Tree tree, Set<String> excluded) {
        return garbage(tree, excluded).or(() -> mergeable(tree, excluded)).or(() -> absorbable(tree, excluded));
    }

    /** Whether a node is a base copy that nothing builds on, and nothing damaged may build on. */
    static boolean isGarbage(Tree tree, Node node) {
        return node.hidden() && tree.children(node.name()).isEmpty() && !tree.mayBeNeeded(node);
    }

    private static Optional<GcStep> garbage(Tree tree, Set<String> excluded) {
        return tree.nodes().stream()
                .filter(node -> isGarbage(tree, node) && !excluded.contains(node.name()))
                .findFirst()
                .map(GcStep.Delete::new);
    }

    private static Optional<GcStep> mergeable(Tree tree, Set<String> excluded) {
        return tree.nodes().stream()
                .filter(node -> isMergeable(tree, node) && !excluded.contains(node.name()))
                .max(Comparator.comparingInt(node -> height(tree, node) + tree.depth(node)))
                .flatMap(node -> tree.parent(node).map(parent -> new GcStep.PushDown(node, parent)));
    }

    private static Optional<GcStep> absorbable(Tree tree, Set<String> excluded) {
        return tree.nodes().stream()
                .filter(node -> isAbsorbable(tree, node) && !excluded.contains(node.name()))
                .findFirst()
                .flatMap(node -> tree.parent(node).map(parent -> new GcStep.Absorb(node, parent)));
    }

    /** Whether a node is a base copy, the only child of another, so that the two can become one. */
    static boolean isMergeable(Tree tree, Node node) {
        return node.hidden()
                && !tree.children(node.name()).isEmpty()
                && isOnlyChildOfBaseCopy(tree, node)
                && tree.parent(node)
                        .filter(parent -> node.sizeBytes() <= parent.sizeBytes())
                        .isPresent();
    }

    /**
     * Whether a node is a leaf, the only child of a base copy that can take its place. The name has to tell the disk's id:
     * the unique id in the footer changes.
     */
    static boolean isAbsorbable(Tree tree, Node node) {
        return !node.hidden()
                && tree.children(node.name()).isEmpty()
                && node.name().equals(node.id() + ".vhd")
                && isOnlyChildOfBaseCopy(tree, node)
                && tree.parent(node)
                        .filter(parent -> node.sizeBytes() == parent.sizeBytes() && isSparse(parent))
                        .isPresent();
    }

    private static boolean isOnlyChildOfBaseCopy(Tree tree, Node node) {
        Optional<Node> parent = tree.parent(node);
        return parent.isPresent()
                && parent.get().hidden()
                && tree.children(parent.get().name()).size() == 1
                && tree.problem(node).isEmpty()
                && !tree.mayBeNeeded(parent.get());
    }

    private static boolean isSparse(Node node) {
        return node.file() != null && node.file().isSparse();
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
