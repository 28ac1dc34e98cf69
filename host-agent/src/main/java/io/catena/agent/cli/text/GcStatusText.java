package io.catena.agent.cli.text;

import io.catena.api.GcSettings;
import io.catena.api.GcStatus;
import java.util.Locale;

/** Tells how garbage collection stands, for humans. */
public final class GcStatusText {
    private GcStatusText() {}

    /** Returns the state, the plan, and what cannot be done, each with its line end. */
    public static String of(GcStatus status) {
        StringBuilder text = new StringBuilder(facts(status));
        if (!status.plan().isEmpty()) {
            Table table = new Table("STEP", "NODE", "INTO", ">MOVES", ">NEEDS", ">FREES", "WHY");
            for (GcStatus.Step step : status.plan()) {
                table.row(
                        name(step.way()) + (step.running() ? " (running)" : ""),
                        step.node(),
                        step.parent() == null ? "" : step.parent(),
                        Size.format(step.bytesToMove()),
                        Size.format(step.bytesNeeded()),
                        size(step.bytesFreed()),
                        step.reason());
            }
            text.append('\n').append(table);
        }
        if (!status.debts().isEmpty()) {
            Table table = new Table("VDI", "NAME", ">NODES LESS", ">MOVES", ">FREES");
            for (GcStatus.Debt debt : status.debts()) {
                table.row(
                        debt.vdi(),
                        debt.name(),
                        debt.steps(),
                        Size.format(debt.bytesToMove()),
                        size(debt.bytesFreed()));
            }
            text.append('\n').append(table);
        }
        refusals(text, status);
        return text.toString();
    }

    private static void refusals(StringBuilder text, GcStatus status) {
        if (status.setAside().isEmpty() && status.refused().isEmpty()) {
            return;
        }
        Table table = new Table("NOT DONE", "WHY");
        status.refused().forEach(refusal -> table.row(refusal.node(), refusal.reason()));
        status.setAside().stream()
                .filter(failed -> status.refused().stream()
                        .noneMatch(refusal -> refusal.node().equals(failed.node())))
                .forEach(failed -> table.row(failed.node(), "failed before: " + failed.reason()));
        text.append('\n').append(table);
    }

    private static String facts(GcStatus status) {
        GcSettings settings = status.settings();
        return new Facts()
                .add("sr", status.sr())
                .add("state", status.state().name().toLowerCase(Locale.ROOT))
                .add("job", status.job())
                .add("next run", status.nextRun())
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

    private static String name(GcStatus.Way way) {
        return way.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
