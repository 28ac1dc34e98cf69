package io.catena.sr.tree;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The ways from the nodes of a tree to their roots. Each node is met once, however many ask: to go from every node to its root costs
 * the square of a chain, or of a circle, that somebody made of tens of thousands of files.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class WaysUp {
    private final Function<String, @Nullable Node> nodes;
    private final Map<String, Way> known = new ConcurrentHashMap<>();

    /**
     * What is known of the way from one node to its root.
     *
     * @param depth number of nodes on it; a parent outside the SR counts as one
     * @param root name of its last node; in a circle, of one of those
     * @param problem why the node's chain cannot be used
     * @param ownProblem what is wrong with the node itself; that its parents lead back to it is
     */
    record Way(
            int depth,
            String root,
            @Nullable String problem,
            @Nullable String ownProblem) {}

    /**
     * @param nodes those of the tree, by their names
     */
    WaysUp(Function<String, @Nullable Node> nodes) {
        this.nodes = nodes;
    }

    /** Returns the way of a node of the tree. */
    Way of(Node node) {
        Way way = known.get(node.name());
        return way == null ? find(node) : way;
    }

    /** Goes up until a way is known or the root is reached, and down again. */
    private Way find(Node start) {
        Map<String, Node> path = new LinkedHashMap<>();
        @Nullable Node at = Objects.requireNonNullElse(nodes.apply(start.name()), start);
        while (at != null && !known.containsKey(at.name()) && path.putIfAbsent(at.name(), at) == null) {
            at = at.parent() == null ? null : nodes.apply(at.parent());
        }
        List<Node> up = new ArrayList<>(path.values());
        if (at != null && path.containsKey(at.name())) {
            List<Node> circle = up.subList(up.indexOf(at), up.size());
            addCircle(List.copyOf(circle));
            circle.clear();
        }
        @Nullable Way below = at == null ? null : known.get(at.name());
        for (int i = up.size() - 1; i >= 0; i--) {
            below = way(up.get(i), below);
            known.put(up.get(i).name(), below);
        }
        return Objects.requireNonNull(known.get(start.name()));
    }

    private static Way way(Node node, @Nullable Way parent) {
        String own = node.problem();
        if (parent == null) {
            return new Way(node.parent() == null ? 1 : 2, node.name(), own, own);
        }
        return new Way(parent.depth + 1, parent.root, own == null ? parent.problem : own, own);
    }

    private void addCircle(List<Node> circle) {
        Optional<String> broken =
                circle.stream().map(Node::problem).filter(Objects::nonNull).findFirst();
        String root = circle.get(0).name();
        for (Node node : circle) {
            String own = node.problem() == null
                    ? broken.orElse(node.name() + ": its parents lead in a circle through " + node.name())
                    : node.problem();
            known.put(node.name(), new Way(circle.size() + 1, root, own, own));
        }
    }
}
