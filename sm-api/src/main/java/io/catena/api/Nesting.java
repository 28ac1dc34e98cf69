package io.catena.api;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Makes trees of nodes that are no deeper than readers of JSON can take. */
final class Nesting {
    /** In JSON each takes two levels of nesting, of which many readers take 255. */
    static final int MOST_NESTED = 100;

    /** How many nodes are named that are shown apart. */
    private static final int MOST_NAMED = 3;

    private final List<ChainNode> nodes;

    /** How deep each file is nested; 1 for a root. */
    private final Map<String, Integer> levels = new HashMap<>();

    private final Map<String, List<ChainNode>> above = new HashMap<>();

    /** What is made, and is part of no other tree yet. */
    private final Map<String, TreeNode> made = new HashMap<>();

    private Nesting(List<ChainNode> nodes) {
        this.nodes = nodes;
    }

    static List<TreeNode> of(List<ChainNode> nodes) {
        return new Nesting(nodes).roots();
    }

    /** Goes up from the roots, and down again: nodes are made of those that build on them. */
    private List<TreeNode> roots() {
        nodes.forEach(this::place);
        for (int i = nodes.size() - 1; i >= 0; i--) {
            made.put(nodes.get(i).file(), nested(nodes.get(i)));
        }
        return nodes.stream()
                .filter(node -> level(node) == 1)
                .map(root -> Objects.requireNonNull(made.get(root.file())))
                .toList();
    }

    private void place(ChainNode node) {
        int below = node.parent() == null ? 0 : levels.getOrDefault(node.parent(), 0);
        levels.put(node.file(), below % MOST_NESTED + 1);
        if (below > 0) {
            above.computeIfAbsent(Objects.requireNonNull(node.parent()), p -> new ArrayList<>())
                    .add(node);
        }
    }

    private int level(ChainNode node) {
        return Objects.requireNonNull(levels.get(node.file()));
    }

    private TreeNode nested(ChainNode node) {
        List<ChainNode> on = above.getOrDefault(node.file(), List.of());
        if (level(node) == MOST_NESTED && !on.isEmpty()) {
            return tree(node, join(node.note(), "shown apart: " + named(on) + " on it"), List.of());
        }
        boolean isApart = level(node) == 1 && levels.containsKey(String.valueOf(node.parent()));
        List<TreeNode> children = on.stream()
                .map(child -> Objects.requireNonNull(made.remove(child.file())))
                .toList();
        return tree(node, join(isApart ? "builds on " + node.parent() : "", node.note()), children);
    }

    private static String named(List<ChainNode> nodes) {
        List<String> names =
                nodes.stream().limit(MOST_NAMED).map(ChainNode::file).toList();
        int more = nodes.size() - names.size();
        return String.join(", ", names) + (more > 0 ? " and " + more + " more" : "");
    }

    private static String join(String first, String second) {
        return first.isEmpty() || second.isEmpty() ? first + second : first + ", " + second;
    }

    private static TreeNode tree(ChainNode node, String note, List<TreeNode> children) {
        return new TreeNode(
                node.id(),
                node.file(),
                node.name(),
                node.virtualSizeBytes(),
                node.physicalBytes(),
                node.hidden(),
                note,
                children);
    }
}
