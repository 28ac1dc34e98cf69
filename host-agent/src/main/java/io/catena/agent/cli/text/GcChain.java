package io.catena.agent.cli.text;

import io.catena.api.GcStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** The steps of a plan that have nodes in common: one line for people, where the steps themselves may be hundreds. */
record GcChain(List<GcStatus.Step> steps) {
    /** What is deleted is told in one line, whichever chain it was part of. */
    private static final String DELETED = "";

    GcChain {
        steps = List.copyOf(steps);
    }

    /** Returns the chains of a plan, in the order of their first steps. */
    static List<GcChain> of(List<GcStatus.Step> plan) {
        Map<String, List<GcStatus.Step>> chainOfNode = new LinkedHashMap<>();
        List<List<GcStatus.Step>> chains = new ArrayList<>();
        for (GcStatus.Step step : plan) {
            String key = step.way() == GcStatus.Way.DELETE ? DELETED : step.node();
            List<GcStatus.Step> chain = chainOfNode.computeIfAbsent(key, node -> new ArrayList<>());
            if (chain.isEmpty()) {
                chains.add(chain);
            }
            chain.add(step);
            if (step.parent() != null) {
                List<GcStatus.Step> below = chainOfNode.put(step.parent(), chain);
                if (below != null && below != chain) {
                    chain.addAll(below);
                    chainOfNode.replaceAll((node, known) -> known == below ? chain : known);
                    chains.removeIf(known -> known == below);
                }
            }
        }
        return chains.stream().map(GcChain::new).toList();
    }

    GcStatus.Step first() {
        return steps.get(0);
    }

    /** Returns the node that all others are merged into, or what is deleted. */
    String bottom() {
        if (first().way() == GcStatus.Way.DELETE && steps.size() > 1) {
            return steps.size() + " base copies";
        }
        Set<String> moved = steps.stream().map(GcStatus.Step::node).collect(Collectors.toSet());
        return steps.stream()
                .map(step -> step.parent() == null ? step.node() : step.parent())
                .filter(node -> !moved.contains(node))
                .findFirst()
                .orElse(first().node());
    }

    /** Returns how many steps of each way there are: "3 push down, 1 drain". */
    String ways() {
        Map<String, Long> counts = steps.stream()
                .collect(Collectors.groupingBy(step -> name(step.way()), LinkedHashMap::new, Collectors.counting()));
        return counts.entrySet().stream()
                .map(count -> count.getValue() + " " + count.getKey())
                .collect(Collectors.joining(", "));
    }

    long bytesToMove() {
        return steps.stream().mapToLong(GcStatus.Step::bytesToMove).sum();
    }

    /** Returns what must be free at a time: the steps come one after another. */
    long bytesNeeded() {
        return steps.stream().mapToLong(GcStatus.Step::bytesNeeded).max().orElse(0);
    }

    long bytesFreed() {
        return steps.stream().mapToLong(GcStatus.Step::bytesFreed).sum();
    }

    boolean isRunning() {
        return steps.stream().anyMatch(GcStatus.Step::running);
    }

    static String name(GcStatus.Way way) {
        return way.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
