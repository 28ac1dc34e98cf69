package io.catena.sr.open;

import io.catena.api.TreeNode;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Makes of the nodes of an SR trees for people to look at, that are no deeper than readers of JSON can take: where a chain is longer,
 * what builds on its last node that is shown there is a root of its own.
 */
final class TreeLook {
    /** In JSON each takes two levels of nesting, of which many readers take 255. */
    static final int MOST_NESTED = 100;

    private final Tree tree;
    private final Describe describe;
    private final List<Place> places = new ArrayList<>();

    /** Shows one node. */
    @FunctionalInterface
    interface Describe {
        TreeNode shown(Node node, String note, List<TreeNode> children);
    }

    private record Place(Node node, int level) {
        boolean isLast() {
            return level == MOST_NESTED;
        }
    }

    private TreeLook(Tree tree, Describe describe) {
        this.tree = tree;
        this.describe = describe;
    }

    /**
     * Returns the roots of all trees.
     *
     * @param note what is to be said of a node
     */
    static List<TreeNode> of(Tree tree, Function<Node, String> note, Describe describe) {
        return new TreeLook(tree, describe).roots(note);
    }

    /** Goes up from the roots, and down again: nodes are made of those that build on them. */
    private List<TreeNode> roots(Function<Node, String> note) {
        tree.roots().forEach(root -> places.add(new Place(root, 1)));
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            int next = place.isLast() ? 1 : place.level + 1;
            tree.children(place.node.name()).forEach(child -> places.add(new Place(child, next)));
        }
        Map<String, TreeNode> shown = new HashMap<>();
        for (int i = places.size() - 1; i >= 0; i--) {
            Place place = places.get(i);
            shown.put(place.node.name(), shown(place, note.apply(place.node), shown));
        }
        return places.stream()
                .filter(place -> place.level == 1)
                .map(root -> Objects.requireNonNull(shown.get(root.node.name())))
                .toList();
    }

    private TreeNode shown(Place place, String note, Map<String, TreeNode> shown) {
        List<Node> above = tree.children(place.node.name());
        if (place.isLast() && !above.isEmpty()) {
            String more = "what builds on it is shown apart";
            return describe.shown(place.node, join(note, more), List.of());
        }
        String below = place.level == 1
                ? tree.parent(place.node).map(p -> "builds on " + p.name()).orElse("")
                : "";
        List<TreeNode> children = above.stream()
                .map(child -> Objects.requireNonNull(shown.remove(child.name())))
                .toList();
        return describe.shown(place.node, join(below, note), children);
    }

    private static String join(String first, String second) {
        return first.isEmpty() || second.isEmpty() ? first + second : first + ", " + second;
    }
}
