package io.catena.sr.gc;

import io.catena.api.GcStatus;
import io.catena.sr.tree.Node;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One thing that garbage collection may do next.
 *
 * @param node what is to be deleted, or the upper of the nodes that become one
 * @param between of a run of base copies that are pushed down together, those below {@code node}, from it down
 * @param parent the lowest of the nodes that become one; null if {@code node} is deleted
 * @param bytesToMove how much is copied, at most
 * @param bytesNeeded how much more space is taken before any is given back, at most
 * @param bytesFreed how much less space is taken afterwards, at least
 * @param reason why, for humans
 */
record GcStep(
        GcStatus.Way way,
        Node node,
        List<Node> between,
        @Nullable Node parent,
        long bytesToMove,
        long bytesNeeded,
        long bytesFreed,
        String reason) {
    GcStep {
        between = List.copyOf(between);
    }

    /** Returns the parent of a step that merges. */
    Node lower() {
        if (parent == null) {
            throw new IllegalStateException(node.name() + " is not merged, but deleted");
        }
        return parent;
    }

    /** Returns the nodes whose data is copied by a push down, the uppermost first. */
    List<Node> pushed() {
        List<Node> nodes = new ArrayList<>(List.of(node));
        nodes.addAll(between);
        return nodes;
    }

    /** Returns the names of all files that it touches. */
    List<String> files() {
        List<Node> nodes = new ArrayList<>(pushed());
        if (parent != null) {
            nodes.add(parent);
        }
        return nodes.stream().map(Node::name).toList();
    }

    GcStatus.Step describe(boolean running) {
        return new GcStatus.Step(
                way,
                node.name(),
                parent == null ? null : parent.name(),
                bytesToMove,
                bytesNeeded,
                bytesFreed,
                reason,
                running);
    }
}
