package io.catena.sr.tree;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.catena.api.VdiId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The nodes of an SR and which builds on which, as they were at one moment. It never changes: a change makes another tree,
 * which costs a copy of the maps, about a millisecond for 10,000 nodes. So whoever looks needs no lock.
 */
public final class Tree {
    private final SortedMap<String, Node> nodes = new TreeMap<>();
    private final Map<VdiId, Node> byId = new HashMap<>();

    /** By the names of the parent and of the child. */
    private final Map<String, SortedMap<String, Node>> children = new HashMap<>();

    /** The files of which it is not known for sure what they build on. */
    private final SortedMap<String, Node> damaged = new TreeMap<>();

    /**
     * @param all those that come first keep their ids if others claim the same
     */
    public Tree(Collection<Node> all) {
        all.forEach(this::add);
    }

    private Tree(Tree other) {
        nodes.putAll(other.nodes);
        byId.putAll(other.byId);
        other.children.forEach((parent, siblings) -> children.put(parent, new TreeMap<>(siblings)));
        damaged.putAll(other.damaged);
    }

    /** Returns this tree without the files {@code names}, and with what was found of them. */
    Tree with(Collection<String> names, Collection<Node> found) {
        if (names.isEmpty() && found.isEmpty()) {
            return this;
        }
        Tree changed = new Tree(this);
        names.forEach(changed::remove);
        found.forEach(changed::add);
        return changed;
    }

    /** A node that claims the id of another, a copy made by hand, gets an id of its own. */
    private void add(Node found) {
        Node node = byId.containsKey(found.id())
                ? found.withId(new VdiId(UUID.nameUUIDFromBytes(found.name().getBytes(UTF_8))))
                : found;
        nodes.put(node.name(), node);
        byId.put(node.id(), node);
        if (node.parent() != null) {
            children.computeIfAbsent(node.parent(), p -> new TreeMap<>()).put(node.name(), node);
        }
        if (!node.mayNeed().equals(Node.Doubt.NONE)) {
            damaged.put(node.name(), node);
        }
    }

    private void remove(String name) {
        Node node = nodes.remove(name);
        if (node == null) {
            return;
        }
        byId.remove(node.id());
        damaged.remove(name);
        String parent = node.parent();
        SortedMap<String, Node> siblings = parent == null ? null : children.get(parent);
        if (parent != null && siblings != null) {
            siblings.remove(name);
            if (siblings.isEmpty()) {
                children.remove(parent);
            }
        }
    }

    /** Returns all nodes, sorted by the names of their files. */
    public Collection<Node> nodes() {
        return Collections.unmodifiableCollection(nodes.values());
    }

    public Optional<Node> node(VdiId id) {
        return Optional.ofNullable(byId.get(id));
    }

    public Optional<Node> node(String name) {
        return Optional.ofNullable(nodes.get(name));
    }

    /** Returns the nodes that build directly on the file {@code name}. */
    public List<Node> children(String name) {
        SortedMap<String, Node> found = children.get(name);
        return found == null ? List.of() : List.copyOf(found.values());
    }

    /** Returns the nodes whose parent is not in this SR, sorted. */
    public List<Node> roots() {
        return nodes.values().stream().filter(node -> parent(node).isEmpty()).toList();
    }

    /** Returns the parent of a node, if that is in this SR. */
    public Optional<Node> parent(Node node) {
        return node.parent() == null ? Optional.empty() : node(node.parent());
    }

    /** Returns the number of nodes from {@code node} to its root; a parent outside the SR counts as one. */
    public int depth(Node node) {
        int depth = 1;
        Set<String> seen = new HashSet<>();
        @Nullable Node at = node;
        while (at != null && at.parent() != null && seen.add(at.name())) {
            depth++;
            at = nodes.get(at.parent());
        }
        return depth;
    }

    /** Returns a node and its ancestors in this SR, the node first. */
    public List<Node> chain(Node node) {
        List<Node> chain = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        @Nullable Node at = node;
        while (at != null && seen.add(at.name())) {
            chain.add(at);
            at = at.parent() == null ? null : nodes.get(at.parent());
        }
        return chain;
    }

    /** Returns why a node cannot be used: for a reason of its own, or of an ancestor. */
    public Optional<String> problem(Node node) {
        Set<String> seen = new HashSet<>();
        @Nullable Node at = node;
        while (at != null) {
            if (at.problem() != null) {
                return Optional.of(at.problem());
            }
            if (!seen.add(at.name())) {
                return Optional.of(node.name() + ": its parents lead in a circle through " + at.name());
            }
            at = at.parent() == null ? null : nodes.get(at.parent());
        }
        return Optional.empty();
    }

    /**
     * Whether it cannot be ruled out that a file whose headers are damaged builds on {@code node}, directly or through
     * others.
     */
    public boolean mayBeNeeded(Node node) {
        return damaged.values().stream().anyMatch(d -> d.mayNeed().any()) || isNamedByDamaged(node);
    }

    /** Whether a file whose headers are damaged names {@code node}, or one that builds on it, as its parent. */
    public boolean isNamedByDamaged(Node node) {
        return damaged.values().stream()
                .anyMatch(
                        d -> byUniqueId(d.mayNeed().uniqueId()).stream().anyMatch(parent -> isAncestor(node, parent)));
    }

    /** Whether a node's parents lead back to it. */
    public boolean isAncestorOfItself(Node node) {
        return parent(node).filter(parent -> isAncestor(node, parent)).isPresent();
    }

    private boolean isAncestor(Node ancestor, Node node) {
        Set<String> seen = new HashSet<>();
        @Nullable Node at = node;
        while (at != null && seen.add(at.name())) {
            if (at.name().equals(ancestor.name())) {
                return true;
            }
            at = at.parent() == null ? null : nodes.get(at.parent());
        }
        return false;
    }

    private List<Node> byUniqueId(@Nullable UUID id) {
        return nodes.values().stream().filter(node -> hasUniqueId(node, id)).toList();
    }

    private static boolean hasUniqueId(Node node, @Nullable UUID id) {
        return id != null && node.file() != null && node.file().uniqueId().equals(Optional.of(id));
    }
}
