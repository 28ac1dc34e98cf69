package io.catena.sr.open;

import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The nodes of an SR from the roots of chains upwards. One node of a circle of parents, which has no root, counts as its root. */
final class Upwards {
    private final Tree tree;

    Upwards(Tree tree) {
        this.tree = tree;
    }

    /** Returns all nodes, each after the one that it builds on. */
    List<Node> nodes() {
        List<Node> found =
                new ArrayList<>(tree.nodes().stream().filter(this::isRoot).toList());
        for (int i = 0; i < found.size(); i++) {
            found.addAll(children(found.get(i)));
        }
        return found;
    }

    private boolean isRoot(Node node) {
        return tree.root(node).equals(node.name());
    }

    List<Node> children(Node node) {
        return tree.children(node.name()).stream()
                .filter(child -> !isRoot(child))
                .toList();
    }

    Optional<Node> parent(Node node) {
        return isRoot(node) ? Optional.empty() : tree.parent(node);
    }
}
