package io.catena.sr.gc.plan;

import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.io.IOException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Who uses which disks of a tree now, what failed, and what is switched off. */
final class PresentCircumstances implements GcCircumstances {
    private final GcInputs inputs;
    private final NodeCosts costs;
    private final Tree tree;
    private final long freeBytes;
    private final Set<String> read;
    private final GcSwitches switches;

    PresentCircumstances(GcInputs inputs, NodeCosts costs, Tree tree, long freeBytes) {
        this.inputs = inputs;
        this.costs = costs;
        this.tree = tree;
        this.freeBytes = freeBytes;
        read = new HashSet<>(inputs.attachments().leavesThatAreRead());
        switches = new GcSwitches(node -> inputs.records().apply(node).allKeys(), inputs.behind());
    }

    @Override
    public NodeCost cost(Node node) throws IOException {
        return costs.of(node);
    }

    @Override
    public Optional<String> refusal(Node node) {
        if (read.contains(node.name())) {
            return Optional.of("the disk is attached read-only or being copied");
        }
        if (!node.hidden() && inputs.records().apply(node).isResetOnBoot()) {
            return Optional.of("the disk is reset when it boots, to what it builds on");
        }
        Optional<String> failure = inputs.setAside().apply(node.name());
        boolean isGarbage = MergeRules.isGarbage(tree, node);
        return failure.isPresent() || isGarbage
                ? failure
                : switches.refusal(inputs.settings().get(), tree, node);
    }

    @Override
    public long freeBytes() {
        return freeBytes;
    }
}
