package io.catena.sr.gc;

import io.catena.api.GcSettings;
import io.catena.api.JobControl;
import io.catena.disk.LiveDisk;
import io.catena.sr.gc.plan.GcPlans;
import io.catena.sr.job.RateLimit;
import io.catena.sr.job.StepControl;
import io.catena.sr.record.Errors;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a run works with: what it is to do as the trees are now, how fast, and until when.
 *
 * <p><b>Threads.</b> Safe for use by many threads; who holds a lock of garbage collection must not call what a run calls.
 */
final class GcWork {
    private final GcParts parts;
    private final KeptSettings settings;
    private final GcPlans plans;
    private final GcFailures failures;
    private final GarbageCollector collector;
    private final RateLimit rate;

    GcWork(GcParts parts, KeptSettings settings, GcPlans plans, GcFailures failures) {
        this.parts = parts;
        this.settings = settings;
        this.plans = plans;
        this.failures = failures;
        GcProgress progress =
                new GcProgress(parts.storage(), parts.environment().nanoTime());
        collector = new GarbageCollector(parts.storage(), parts.tree(), parts.attachments(), progress);
        rate = new RateLimit(
                () -> settings.now().bytesPerSecond(), parts.environment().nanoTime());
    }

    /**
     * Returns what one run works with.
     *
     * @param automatic whether nobody asked for it
     */
    GcRun.Parts ofRun(boolean automatic) {
        return new GcRun.Parts(
                this::steps,
                collector,
                control -> stepControl(control, automatic),
                () -> stopReason(automatic),
                failures,
                () -> settings.now().workers());
    }

    /** After a change of nothing, since the tree may not know yet of an operation that failed. Steps are checked when taken. */
    private List<GcRun.Work> steps() {
        return Errors.translate("look for garbage", () -> {
            Tree tree = parts.tree().change(() -> {
                parts.tree().lookOutside(List.of());
                parts.tree().forgetRefutedOrphans();
                return parts.tree().now();
            });
            return plans.of(tree).steps().stream()
                    .map(step -> new GcRun.Work(tree.root(step.node()), step))
                    .toList();
        });
    }

    private Optional<String> stopReason(boolean automatic) {
        GcSettings now = settings.now();
        if (now.paused()) {
            return Optional.of("garbage collection is paused, and goes on when it is resumed");
        }
        LocalTime time = LocalTime.ofInstant(parts.environment().clock().instant(), ZoneOffset.UTC);
        if (automatic && !now.isOpenAt(time)) {
            return Optional.of("the window " + now.window() + " is over");
        }
        return Optional.empty();
    }

    private JobControl stepControl(JobControl control, boolean automatic) {
        return new StepControl(
                control,
                () -> stopReason(automatic),
                rate,
                new WorkingGuests(parts.attachments().liveDisks()),
                parts.environment().nanoTime(),
                isUrgent());
    }

    /** Guests of disks that are attached. */
    private record WorkingGuests(List<LiveDisk> disks) implements StepControl.Guests {
        @Override
        public long requests() {
            return disks.stream().mapToLong(LiveDisk::requests).sum();
        }

        @Override
        public boolean flush() {
            return disks.stream().anyMatch(LiveDisk::isFlushing);
        }
    }

    private boolean isUrgent() {
        Tree tree = parts.tree().seen();
        return tree.nodes().stream()
                .anyMatch(node ->
                        !node.hidden() && tree.depth(node) >= parts.warnFrom().getAsInt());
    }

    /** Returns what a run says of base copies that it left, for humans; empty if there are none. */
    String kept() {
        String kept = parts.tree().seen().nodes().stream()
                .filter(node -> node.problem() != null)
                .map(Node::name)
                .collect(Collectors.joining(", "));
        return kept.isEmpty() ? "" : "; base copies that damaged files may need were kept: " + kept;
    }
}
