package io.catena.agent.cli.text;

import io.catena.agent.remedy.CommandWords;
import io.catena.api.GcSettings;
import io.catena.api.GcStatus;
import java.util.Locale;
import java.util.stream.Collector;

/** Tells how garbage collection stands, for humans. */
public final class GcStatusText {
    private GcStatusText() {}

    /** Returns the state, what is planned for each chain, and what cannot be done, each with its line end. */
    public static String of(GcStatus status, Screen screen) {
        return text(status, screen, GcChain.of(status.plan()).stream().collect(chains()));
    }

    /** Returns the same, with every step of the plan in its order. */
    public static String withSteps(GcStatus status, Screen screen) {
        return text(status, screen, steps(status));
    }

    private static String text(GcStatus status, Screen screen, Table plan) {
        StringBuilder text = new StringBuilder(facts(status));
        if (!status.plan().isEmpty()) {
            text.append('\n').append(plan.on(screen));
        }
        if (!status.debts().isEmpty()) {
            text.append('\n').append(debts(status).on(screen));
        }
        refusals(text, status, screen);
        return text.toString();
    }

    private static Collector<GcChain, Table, Table> chains() {
        return Collector.of(
                () -> new Table("CHAIN OVER", "STEPS", ">MOVES", ">NEEDS", ">FREES", "FIRST"),
                (table, chain) -> table.row(
                        chain.bottom(),
                        chain.ways(),
                        Size.format(chain.bytesToMove()),
                        Size.format(chain.bytesNeeded()),
                        size(chain.bytesFreed()),
                        chain.first().reason() + (chain.isRunning() ? " (running)" : "")),
                (one, other) -> one);
    }

    private static Table steps(GcStatus status) {
        Table table = new Table("STEP", "NODE", "INTO", ">MOVES", ">NEEDS", ">FREES", "WHY");
        for (GcStatus.Step step : status.plan()) {
            table.row(
                    GcChain.name(step.way()) + (step.running() ? " (running)" : ""),
                    step.node(),
                    step.parent() == null ? "" : step.parent(),
                    Size.format(step.bytesToMove()),
                    Size.format(step.bytesNeeded()),
                    size(step.bytesFreed()),
                    step.reason());
        }
        return table;
    }

    private static Table debts(GcStatus status) {
        Table table = new Table("VDI", "NAME", ">NODES LESS", ">MOVES", ">FREES");
        for (GcStatus.Debt debt : status.debts()) {
            table.row(debt.vdi(), debt.name(), debt.steps(), Size.format(debt.bytesToMove()), size(debt.bytesFreed()));
        }
        return table;
    }

    private static void refusals(StringBuilder text, GcStatus status, Screen screen) {
        if (status.setAside().isEmpty() && status.refused().isEmpty()) {
            return;
        }
        Table table = new Table("NOT DONE", "WHY");
        status.refused().forEach(refusal -> table.row(refusal.node(), CommandWords.of(refusal.reason())));
        status.setAside().stream()
                .filter(failed -> status.refused().stream()
                        .noneMatch(refusal -> refusal.node().equals(failed.node())))
                .forEach(failed -> table.row(failed.node(), "failed before: " + failed.reason()));
        text.append('\n').append(table.on(screen));
    }

    private static String facts(GcStatus status) {
        GcSettings settings = status.settings();
        return new Facts()
                .add("sr", status.sr())
                .add("state", status.state().name().toLowerCase(Locale.ROOT))
                .add("job", status.job())
                .add("next run", Facts.time(status.nextRun()))
                .add("free", Size.format(status.freeBytes()) + ", reserve " + Size.format(settings.reserveBytes()))
                .add(
                        "rate",
                        settings.bytesPerSecond() == 0 ? "no limit" : Size.format(settings.bytesPerSecond()) + "/s")
                .add("workers", settings.workers())
                .add("window", settings.window() == null ? "always" : settings.window())
                .add("off", off(settings))
                .toString();
    }

    private static String off(GcSettings settings) {
        return (settings.gc() ? "" : "gc ")
                + (settings.coalesce() ? "" : "coalesce ")
                + (settings.leafCoalesce() ? "" : "leaf-coalesce");
    }

    private static String size(long bytes) {
        return bytes < 0 ? "-" + Size.format(-bytes) : Size.format(bytes);
    }
}
