package io.catena.sr.gc.plan;

import io.catena.api.GcStatus;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What is left to do, as far as looks at the files tell.
 *
 * @param debts what merging would do for each disk
 * @param freeBytes how much is free on the file system
 */
public record GcOutlook(GcPlan plan, List<GcStatus.Debt> debts, long freeBytes) {
    /** Returns what stands for it until somebody looked. */
    public static GcOutlook unknown(long freeBytes) {
        return new GcOutlook(new GcPlan(List.of(), List.of()), List.of(), freeBytes);
    }

    public GcOutlook {
        debts = List.copyOf(debts);
    }

    /** Looks at what is left to do in a tree. */
    public static GcOutlook of(Tree tree, GcPlans plans) throws IOException {
        long free = plans.freeBytes();
        GcPlan plan = plans.of(tree, free);
        return new GcOutlook(plan, debts(tree, plan, plans), free);
    }

    /** What the steps of a chain would do. */
    private record Work(int merges, long bytesToMove, long bytesFreed) {
        static final Work NONE = new Work(0, 0, 0);

        Work and(GcStep step) {
            return new Work(
                    merges + step.pushed().size(), bytesToMove + step.bytesToMove(), bytesFreed + step.bytesFreed());
        }
    }

    /** A step counts for all disks whose chains it shortens: each node has to do what its parent has, and its own. */
    private static List<GcStatus.Debt> debts(Tree tree, GcPlan plan, GcPlans plans) {
        Map<String, List<GcStep>> steps = plan.steps().stream()
                .filter(step -> step.parent() != null)
                .collect(Collectors.groupingBy(step -> step.node().name()));
        if (steps.isEmpty()) {
            return List.of();
        }
        Map<String, Work> works = new HashMap<>();
        List<Node> parentsFirst = tree.nodes().stream()
                .sorted(Comparator.comparingInt(tree::depth))
                .toList();
        for (Node node : parentsFirst) {
            Work work = tree.parent(node)
                    .map(parent -> works.getOrDefault(parent.name(), Work.NONE))
                    .orElse(Work.NONE);
            for (GcStep step : steps.getOrDefault(node.name(), List.of())) {
                work = work.and(step);
            }
            works.put(node.name(), work);
        }
        return tree.nodes().stream()
                .filter(node -> !node.hidden() && works.getOrDefault(node.name(), Work.NONE).merges > 0)
                .map(leaf -> debt(leaf, works.getOrDefault(leaf.name(), Work.NONE), plans))
                .toList();
    }

    private static GcStatus.Debt debt(Node leaf, Work work, GcPlans plans) {
        return new GcStatus.Debt(leaf.id(), plans.name(leaf), work.merges, work.bytesToMove, work.bytesFreed);
    }
}
