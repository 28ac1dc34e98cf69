package io.catena.harness.cluster;

import io.catena.harness.cluster.ClusterPlan.Fence;
import io.catena.harness.cluster.ClusterPlan.Omission;
import io.catena.harness.cluster.ClusterPlan.StoreKind;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Many schedules of each kind of simulated cluster: {@code ClusterCampaign FIRST SCHEDULES [omissions] [FENCE-STORE...]}. With omissions each
 * plan ends at the first schedule that shows what was left out, and one that none shows is a failure.
 */
final class ClusterCampaign {
    private static final long MILLIS = 150_000;

    private ClusterCampaign() {}

    public static void main(String[] arguments) throws IOException {
        long first = Long.parseLong(arguments[0]);
        int schedules = Integer.parseInt(arguments[1]);
        boolean failed = false;
        List<String> words = List.of(arguments).subList(2, arguments.length);
        for (ClusterPlan plan : plans(words.contains("omissions"))) {
            if (words.stream().noneMatch(word -> word.contains("-")) || words.contains(kind(plan))) {
                failed |= run(plan, first, schedules, System.out) == plan.left().isEmpty();
            }
        }
        System.exit(failed ? 1 : 0);
    }

    private static String kind(ClusterPlan plan) {
        return plan.fence() + "-" + plan.store();
    }

    private static List<ClusterPlan> plans(boolean withOmissions) {
        List<ClusterPlan> plans = new ArrayList<>();
        for (Fence fence : Fence.values()) {
            for (StoreKind store : StoreKind.values()) {
                ClusterPlan sound = ClusterPlan.sound(fence, store);
                if (withOmissions) {
                    for (Omission omission : Omission.values()) {
                        plans.add(sound.without(omission));
                    }
                } else {
                    plans.add(sound);
                }
            }
        }
        return plans;
    }

    /** Returns whether something went wrong. */
    private static boolean run(ClusterPlan plan, long firstSeed, int schedules, PrintStream out) throws IOException {
        long began = System.nanoTime();
        int run = 0;
        int violations = 0;
        int takeovers = 0;
        int answers = 0;
        String first = "";
        for (long seed = firstSeed; seed < firstSeed + schedules && !isShown(plan, violations); seed++) {
            run++;
            ClusterRun.Outcome outcome = ClusterRun.run(plan, seed, MILLIS);
            takeovers += outcome.takeovers();
            answers += outcome.answers();
            if (outcome.violation() != null) {
                violations++;
                first = first.isEmpty() ? "first: seed " + seed + " " + outcome.violation() : first;
            }
        }
        out.printf(
                Locale.ROOT,
                "%s %s without %s: %d violations in %d schedules, %d takeovers, %d answers, %.1f s %s%n",
                plan.fence(),
                plan.store(),
                plan.left(),
                violations,
                run,
                takeovers,
                answers,
                (System.nanoTime() - began) / 1e9,
                first);
        return violations > 0;
    }

    private static boolean isShown(ClusterPlan plan, int violations) {
        return violations > 0 && !plan.left().isEmpty();
    }
}
