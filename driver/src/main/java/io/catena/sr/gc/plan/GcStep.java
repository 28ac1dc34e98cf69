package io.catena.sr.gc.plan;

import io.catena.api.GcStatus;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
public record GcStep(
        GcStatus.Way way,
        Node node,
        List<Node> between,
        @Nullable Node parent,
        long bytesToMove,
        long bytesNeeded,
        long bytesFreed,
        String reason) {
    public GcStep {
        between = List.copyOf(between);
    }

    /** Returns the parent of a step that merges. */
    public Node lower() {
        if (parent == null) {
            throw new IllegalStateException(node.name() + " is not merged, but deleted");
        }
        return parent;
    }

    /** Returns the nodes whose data is copied by a push down, the uppermost first. */
    public List<Node> pushed() {
        List<Node> nodes = new ArrayList<>(List.of(node));
        nodes.addAll(between);
        return nodes;
    }

    /** Returns the names of all files that it touches. */
    public List<String> files() {
        return nodes().stream().map(Node::name).toList();
    }

    /** Returns all nodes that it touches. */
    public List<Node> nodes() {
        List<Node> nodes = new ArrayList<>(pushed());
        if (parent != null) {
            nodes.add(parent);
        }
        return nodes;
    }

    /**
     * Makes sure that the base copies are still in a row, and needed by no others. Nothing that may be done with base copies
     * meanwhile changes that; to be called under the tree lock all the same, before one of them goes.
     */
    public void checkIsStillThere(SrTree tree) throws IOException {
        tree.lookOutside(nodes());
        Tree now = tree.now();
        Optional<String> needer = now.mayNeed(lower());
        if (needer.isPresent()) {
            throw new ChangedMeanwhileException(
                    needer.get() + ", which was not seen before, may build on the base copies");
        }
        Node at = node;
        for (String below : files().subList(1, files().size())) {
            Optional<Node> parent = now.node(at.name()).flatMap(now::parent);
            if (parent.filter(found -> found.name().equals(below)).isEmpty()
                    || now.children(below).size() != 1) {
                throw new ChangedMeanwhileException("the base copies were changed meanwhile");
            }
            at = parent.get();
        }
    }

    public GcStatus.Step describe(boolean running) {
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
