package io.catena.sr.gc.plan;

import io.catena.api.GcStatus;
import io.catena.api.GcStatus.Way;
import io.catena.remedy.Advice;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides what garbage collection does next: a function of the tree and of what its nodes take, nothing else.
 *
 * <p>Garbage goes first, since deleting it gives space and needs none. Then base copies are merged, in the deepest chain
 * first, since that is the one that hits the limit first, and there from the root up, so that data is moved once; then
 * leaves, of which a chain has one only. Where space is short, what frees most for what it needs goes first.
 *
 * <p>Of the ways to merge two nodes the one that moves the fewest bytes is taken. Base copies in a row, each the only child
 * of the one below, are pushed down together: what several of them hold is moved once, and the links change once.
 */
final class GcPlanner {
    /** A leaf that drains gives its blocks back as it goes; so much it needs at a time. */
    private static final long DRAIN_BYTES = 8L << 20;

    private final Tree tree;
    private final GcCircumstances circumstances;
    private final List<GcStep> steps = new ArrayList<>();
    private final List<GcStatus.Refusal> refused = new ArrayList<>();
    private final Map<String, Integer> heights;

    private GcPlanner(Tree tree, GcCircumstances circumstances) {
        this.tree = tree;
        this.circumstances = circumstances;
        heights = heights(tree);
    }

    /** Returns all that can be done now; steps of one tree that have nodes in common one after another. */
    static GcPlan plan(Tree tree, GcCircumstances circumstances) {
        return new GcPlanner(tree, circumstances).plan();
    }

    private GcPlan plan() {
        List<GcStep> merges = new ArrayList<>();
        for (Node node : tree.nodes()) {
            if (MergeRules.isChildless(tree, node)) {
                delete(node);
            } else if (isUpperOfPair(node)) {
                merge(node).ifPresent(merges::add);
            }
        }
        boolean isShort = merges.stream().anyMatch(step -> step.bytesNeeded() > circumstances.freeBytes());
        merges.sort(isShort ? bySpace() : byDepth());
        merges.forEach(this::addIfItFits);
        return new GcPlan(steps, refused);
    }

    private void delete(Node node) {
        Optional<Advice> refusal = MergeRules.keptBecause(tree, node)
                .or(() -> circumstances.refusal(node).map(Advice::of));
        if (refusal.isPresent()) {
            refuse(node, refusal.get());
            return;
        }
        long bytes;
        try {
            bytes = circumstances.cost(node).allocatedBytes();
        } catch (IOException e) {
            bytes = 0;
        }
        steps.add(new GcStep(Way.DELETE, node, List.of(), null, 0, 0, bytes, "nothing builds on it"));
    }

    private Comparator<GcStep> byDepth() {
        return Comparator.<GcStep, Boolean>comparing(step -> !step.node().hidden())
                .thenComparing(step -> -chainLength(step.node()))
                .thenComparing(step -> tree.depth(step.lower()))
                .thenComparing(step -> step.node().name());
    }

    private Comparator<GcStep> bySpace() {
        return Comparator.<GcStep>comparingDouble(step -> -(double) step.bytesFreed() / Math.max(1, step.bytesNeeded()))
                .thenComparing(step -> step.node().name());
    }

    private void addIfItFits(GcStep step) {
        long missing = step.bytesNeeded() - circumstances.freeBytes();
        if (missing <= 0) {
            steps.add(step);
        } else {
            refuse(
                    step.node(),
                    "merging needs up to " + step.bytesNeeded() + " bytes, " + circumstances.freeBytes()
                            + " are free beyond the reserve; " + missing + " more are needed");
        }
    }

    private void refuse(Node node, String reason) {
        refuse(node, Advice.of(reason));
    }

    private void refuse(Node node, Advice reason) {
        refused.add(new GcStatus.Refusal(node.name(), reason));
    }

    /** Whether a node is the only child of a base copy, and no garbage. */
    private boolean isUpperOfPair(Node node) {
        return (!node.hidden() || !tree.children(node.name()).isEmpty())
                && tree.parent(node)
                        .filter(parent ->
                                parent.hidden() && tree.children(parent.name()).size() == 1)
                        .isPresent();
    }

    private Optional<GcStep> merge(Node node) {
        Optional<String> refusal = MergeRules.refusal(tree, node).or(() -> circumstances.refusal(node));
        if (refusal.isPresent()) {
            refuse(node, refusal.get());
            return Optional.empty();
        }
        if (isInsideOfRun(node)) {
            return Optional.empty();
        }
        try {
            return Optional.of(cheapest(node));
        } catch (IOException e) {
            refuse(node, "what it holds cannot be told: " + e.getMessage());
            return Optional.empty();
        }
    }

    private GcStep cheapest(Node node) throws IOException {
        Node parent = tree.parent(node).orElseThrow();
        List<GcStep> ways = new ArrayList<>();
        if (MergeRules.canDrain(tree, node)) {
            ways.add(drain(node, parent));
        }
        if (MergeRules.canPushDown(tree, node, parent)) {
            ways.add(pushDown(node, parent));
        }
        boolean fits = !ways.isEmpty() && ways.get(0).bytesNeeded() <= circumstances.freeBytes();
        if (MergeRules.canPullUp(tree, node, parent) && !(canBePushedDown(node) && fits)) {
            ways.add(pullUp(node, parent));
        }
        // The sort is stable: of equals, the first is taken. One that does not fit is the last resort.
        ways.sort(Comparator.<GcStep, Boolean>comparing(way -> way.bytesNeeded() > circumstances.freeBytes())
                .thenComparing(GcPlanner::weight));
        return explained(ways);
    }

    /** Pulling up has to be twice as good: what is pushed down or drained goes into the file that is the largest already. */
    private static long weight(GcStep way) {
        return way.way() == Way.PULL_UP ? 2 * way.bytesToMove() : way.bytesToMove();
    }

    private static GcStep explained(List<GcStep> ways) {
        GcStep best = ways.get(0);
        String reason = ways.size() == 1 ? "the only way" : "the cheapest way";
        for (GcStep other : ways.subList(1, ways.size())) {
            reason += ", " + name(other.way()) + " would move " + other.bytesToMove() + " and need "
                    + other.bytesNeeded();
        }
        return new GcStep(
                best.way(),
                best.node(),
                best.between(),
                best.parent(),
                best.bytesToMove(),
                best.bytesNeeded(),
                best.bytesFreed(),
                reason);
    }

    private static String name(Way way) {
        return switch (way) {
            case DELETE -> "deleting";
            case PUSH_DOWN -> "pushing down";
            case PULL_UP -> "pulling up";
            case DRAIN -> "draining";
        };
    }

    private GcStep drain(Node node, Node parent) throws IOException {
        NodeCost upper = circumstances.cost(node);
        NodeCost lower = circumstances.cost(parent);
        long grows = growth(lower, upper);
        return new GcStep(
                Way.DRAIN,
                node,
                List.of(),
                parent,
                upper.allocatedBytes(),
                Math.min(grows, DRAIN_BYTES),
                upper.allocatedBytes() - grows,
                "");
    }

    private GcStep pullUp(Node node, Node parent) throws IOException {
        NodeCost upper = circumstances.cost(node);
        NodeCost lower = circumstances.cost(parent);
        long grows = growth(upper, lower);
        return new GcStep(Way.PULL_UP, node, List.of(), parent, grows, grows, lower.allocatedBytes() - grows, "");
    }

    /** Pushes down a node, and those below it that are in a row with it. */
    private GcStep pushDown(Node node, Node bottom) throws IOException {
        List<Node> run = run(node);
        Node parent =
                run.isEmpty() ? bottom : tree.parent(run.get(run.size() - 1)).orElseThrow();
        NodeCost pushed = circumstances.cost(node);
        long freed = pushed.allocatedBytes();
        for (Node below : run) {
            freed += circumstances.cost(below).allocatedBytes();
            pushed = pushed.with(circumstances.cost(below));
        }
        long grows = growth(circumstances.cost(parent), pushed);
        return new GcStep(Way.PUSH_DOWN, node, run, parent, pushed.allocatedBytes(), grows, freed - grows, "");
    }

    /** Returns by how much a file grows at most that takes over what another holds. */
    private static long growth(NodeCost file, NodeCost other) {
        return Math.max(0, file.unionBytes(other) - file.allocatedBytes());
    }

    /** Returns the nodes below one that are pushed down together with it, from it down. */
    private List<Node> run(Node top) {
        List<Node> run = new ArrayList<>();
        Set<String> seen = new HashSet<>(Set.of(top.name()));
        Node at = top;
        while (true) {
            Optional<Node> below = tree.parent(at).filter(this::canBePushedDown);
            if (below.isEmpty()
                    || below.get().sizeBytes() != top.sizeBytes()
                    || !seen.add(below.get().name())) {
                return run;
            }
            at = below.get();
            run.add(at);
        }
    }

    /** Whether the node above takes this one along. */
    private boolean isInsideOfRun(Node node) {
        List<Node> children = tree.children(node.name());
        if (!node.hidden() || children.size() != 1 || !canBePushedDown(node)) {
            return false;
        }
        Node above = children.get(0);
        return canBePushedDown(above) && above.sizeBytes() == node.sizeBytes();
    }

    /** Pulling up is better where it moves much less: see {@link #weight}. */
    private boolean canBePushedDown(Node node) {
        if (!MergeRules.isMergeable(tree, node) || circumstances.refusal(node).isPresent()) {
            return false;
        }
        Node parent = tree.parent(node).orElseThrow();
        try {
            NodeCost upper = circumstances.cost(node);
            NodeCost lower = circumstances.cost(parent);
            boolean pullsUp =
                    MergeRules.canPullUp(tree, node, parent) && 2 * growth(upper, lower) < upper.allocatedBytes();
            return MergeRules.canPushDown(tree, node, parent) && !pullsUp;
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns the number of nodes of the longest chain that goes through a node. */
    private int chainLength(Node node) {
        return tree.depth(node) + heights.getOrDefault(node.name(), 0);
    }

    /** Returns the number of nodes on the longest way from each node to a leaf; a chain may be of any length. */
    private static Map<String, Integer> heights(Tree tree) {
        Map<String, Integer> heights = new HashMap<>();
        tree.nodes().stream()
                .sorted(Comparator.<Node>comparingInt(tree::depth).reversed())
                .forEach(node -> {
                    int next = 1 + heights.getOrDefault(node.name(), 0);
                    tree.parent(node).ifPresent(parent -> heights.merge(parent.name(), next, Math::max));
                });
        return heights;
    }
}
