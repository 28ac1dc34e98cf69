package io.catena.sr.tree;

import io.catena.op.Orphans;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which nodes are garbage, and which can become one with their parent: functions of the tree alone. */
public final class MergeRules {
    private static final Advice UNKNOWN_ORIGIN = Advice.of(
                    "nothing in the SR's directory builds on it, but it was no operation of this SR that took away what did,"
                            + " so what does may lie elsewhere; if nothing does, delete it by its name: ")
            .then(Remedy.of(Verb.GC_RUN, "SR").with("deleteUnknown", "NAME"));

    private MergeRules() {}

    /** Whether a node is a base copy that nothing builds on, as far as can be seen. That alone proves nothing. */
    public static boolean isChildless(Tree tree, Node node) {
        return node.hidden() && tree.children(node.name()).isEmpty();
    }

    /** Whether a node is a base copy of which it is proven that nobody needs it: see {@link Orphans}. */
    public static boolean isGarbage(Tree tree, Node node) {
        return isChildless(tree, node) && keptBecause(tree, node).isEmpty();
    }

    /** Returns why a base copy that nothing builds on is no garbage; empty if it is. */
    public static Optional<Advice> keptBecause(Tree tree, Node node) {
        Optional<String> needer = tree.mayNeed(node);
        if (needer.isPresent()) {
            return Optional.of(Advice.of(needer.get() + " may build on it"));
        }
        return tree.isOrphan(node) ? Optional.empty() : Optional.of(UNKNOWN_ORIGIN);
    }

    /** Returns what a base copy would become that loses its last child with {@code child}; null if it has others. */
    public static Orphans.@Nullable Orphan orphanOf(Tree tree, Node child) {
        return tree.parent(child)
                .filter(Node::hidden)
                .filter(parent -> tree.children(parent.name()).size() == 1)
                .map(Node::file)
                .map(Orphans.Orphan::of)
                .orElse(null);
    }

    /** Whether a node is a base copy, the only child of another, so that the two can become one. */
    public static boolean isMergeable(Tree tree, Node node) {
        return node.hidden()
                && !tree.children(node.name()).isEmpty()
                && refusal(tree, node).isEmpty();
    }

    /** Whether a node is a leaf, the only child of a base copy that it can become one with. */
    public static boolean isAbsorbable(Tree tree, Node node) {
        return !node.hidden() && refusal(tree, node).isEmpty();
    }

    /** Whether a leaf's base copy can take its place. The name has to tell the disk's id: the one in the footer changes. */
    public static boolean canDrain(Tree tree, Node node) {
        return !node.hidden()
                && node.name().equals(node.id() + ".vhd")
                && tree.parent(node)
                        .filter(parent -> parent.sizeBytes() == node.sizeBytes() && isSparse(parent))
                        .isPresent();
    }

    /** Returns why a node cannot become one with its parent, as far as the tree tells; empty if it can. */
    public static Optional<String> refusal(Tree tree, Node node) {
        Optional<Node> lower = tree.parent(node);
        if (lower.isEmpty() || !lower.get().hidden()) {
            return Optional.of("its parent is no base copy");
        }
        Node parent = lower.get();
        int children = tree.children(parent.name()).size();
        if (children != 1) {
            return Optional.of(parent.name() + " has " + children + " children");
        }
        return unfit(tree, node, parent);
    }

    /** Whether a node could become one with a base copy that it builds on, if it were its only child. */
    public static boolean fits(Tree tree, Node node, Node parent) {
        return unfit(tree, node, parent).isEmpty();
    }

    private static Optional<String> unfit(Tree tree, Node node, Node parent) {
        if (!node.hidden() && tree.isAnchor(parent)) {
            return Optional.of(
                    parent.name() + " and the disk tell what changed since a snapshot whose data was given up;"
                            + " they can become one after the next snapshot of the disk, or when that one is destroyed");
        }
        if (!node.hidden() && !tree.children(node.name()).isEmpty()) {
            return Optional.of("it is a disk that others build on");
        }
        Optional<String> contradiction = tree.contradiction(node);
        if (contradiction.isPresent()) {
            return contradiction;
        }
        Optional<String> needer = tree.mayNeed(parent);
        if (needer.isPresent()) {
            return Optional.of(needer.get() + " may build on " + parent.name());
        }
        Optional<String> problem = tree.problem(node);
        if (problem.isPresent()) {
            return problem;
        }
        return canPushDown(tree, node, parent) || canPullUp(tree, node, parent) || canDrain(tree, node)
                ? Optional.empty()
                : Optional.of("its size or format and those of " + parent.name() + " leave no way: " + node.sizeBytes()
                        + " and " + parent.sizeBytes() + " bytes");
    }

    /** What the parent has beyond the node's end must not show in children that are larger than the node. */
    public static boolean canPushDown(Tree tree, Node node, Node parent) {
        return node.hidden()
                && node.sizeBytes() <= parent.sizeBytes()
                && (node.sizeBytes() == parent.sizeBytes()
                        || tree.children(node.name()).stream()
                                .allMatch(child -> child.sizeBytes() <= node.sizeBytes()));
    }

    /** What the grandparent has beyond the parent's end must not show in a node that is larger than the parent. */
    public static boolean canPullUp(Tree tree, Node node, Node parent) {
        return isSparse(node)
                && (node.sizeBytes() <= parent.sizeBytes()
                        || parent.parent() == null
                        || tree.parent(parent)
                                .filter(grandparent -> grandparent.sizeBytes() <= parent.sizeBytes())
                                .isPresent());
    }

    private static boolean isSparse(Node node) {
        return node.file() != null && node.file().isSparse();
    }
}
