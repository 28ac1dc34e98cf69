package io.catena.sr.gc.plan;

import io.catena.api.GcStatus;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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

    /** A step counts for all disks whose chains it shortens. */
    private static List<GcStatus.Debt> debts(Tree tree, GcPlan plan, GcPlans plans) {
        List<GcStatus.Debt> debts = new ArrayList<>();
        for (Node leaf : tree.nodes()) {
            if (leaf.hidden()) {
                continue;
            }
            List<GcStep> steps = stepsFor(tree, leaf, plan);
            if (!steps.isEmpty()) {
                debts.add(new GcStatus.Debt(
                        leaf.id(),
                        plans.name(leaf),
                        steps.stream().mapToInt(step -> step.pushed().size()).sum(),
                        steps.stream().mapToLong(GcStep::bytesToMove).sum(),
                        steps.stream().mapToLong(GcStep::bytesFreed).sum()));
            }
        }
        return debts;
    }

    private static List<GcStep> stepsFor(Tree tree, Node leaf, GcPlan plan) {
        Set<String> chain = new HashSet<>();
        tree.chain(leaf).forEach(node -> chain.add(node.name()));
        return plan.steps().stream()
                .filter(step ->
                        step.parent() != null && chain.contains(step.node().name()))
                .toList();
    }
}
