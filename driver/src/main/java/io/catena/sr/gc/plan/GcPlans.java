package io.catena.sr.gc.plan;

import io.catena.api.GcSettings;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;

/** Plans what garbage collection may do in an SR, as it stands at the time. Safe for use by many threads. */
public final class GcPlans {
    private final GcInputs inputs;
    private final NodeCosts costs;

    public GcPlans(GcInputs inputs) {
        this.inputs = inputs;
        costs = new NodeCosts(inputs.storage());
    }

    /** Returns what may be done now in a tree. */
    public GcPlan of(Tree tree) throws IOException {
        return of(tree, freeBytes());
    }

    /**
     * As {@link #of(Tree)}.
     *
     * @param freeBytes how much is free on the file system, what is to be left free included
     */
    GcPlan of(Tree tree, long freeBytes) {
        GcSettings settings = inputs.settings().get();
        return GcPlanner.plan(
                tree, new PresentCircumstances(inputs, costs, tree, Math.max(0, freeBytes - settings.reserveBytes())));
    }

    /** Returns how much is free on the file system. */
    long freeBytes() throws IOException {
        return inputs.storage().space().freeBytes();
    }

    /** Returns what a node takes. */
    NodeCost cost(Node node) throws IOException {
        return costs.of(node);
    }

    /** Returns what a disk is called. */
    String name(Node disk) {
        return inputs.records().apply(disk).name();
    }
}
