package io.catena.sr.gc;

import io.catena.api.DeletionGain;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.GcSettings;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.JointGain;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.gc.plan.DeletionGainLook;
import io.catena.sr.gc.plan.GcInputs;
import io.catena.sr.gc.plan.GcOutlook;
import io.catena.sr.gc.plan.GcPlans;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.job.Looks;
import io.catena.sr.job.Told;
import io.catena.sr.record.Errors;
import io.catena.sr.tree.Node;
import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Garbage collection of one SR: what can be asked of it, and how it stands.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Who looks or changes settings takes neither the tree lock nor any lock that
 * work holds.
 */
public final class GarbageCollection implements GarbageControl, Closeable {
    private final GcParts parts;
    private final GcFailures failures;
    private final KeptSettings settings;
    private final GcRunner runner;
    private final Told<GcOutlook> outlook;
    private final DeletionGainLook gains;

    /**
     * @throws IOException if the file system does not tell how much room it has
     */
    public GarbageCollection(GcParts parts) throws IOException {
        this.parts = parts;
        failures = new GcFailures(parts.environment().clock());
        settings = new KeptSettings(parts.storage());
        GcPlans plans = new GcPlans(new GcInputs(
                parts.storage(),
                parts.attachments(),
                parts.records(),
                parts.behind(),
                settings::now,
                failures::refusal));
        Looks looks = parts.environment().looks();
        outlook = new Told<>(
                looks,
                GcOutlook.unknown(parts.storage().space().freeBytes()),
                () -> GcOutlook.of(parts.tree().seen(), plans));
        gains = new DeletionGainLook(parts.storage(), parts.tree(), plans, looks);
        runner = new GcRunner(
                parts.sr(), parts.environment(), settings, failures, new GcWork(parts, settings, plans, failures));
    }

    @Override
    public Job run(Collection<String> deleted) {
        checkAgreed();
        failures.forget();
        if (!deleted.isEmpty()) {
            Errors.translate("delete " + String.join(", ", deleted), () -> {
                new UnneededCopies(parts.sr(), parts.storage(), parts.tree()).declare(deleted);
                return deleted;
            });
        }
        return runner.start(false);
    }

    /** Whether somebody still has to agree to any change of nodes that were there before the SR. */
    private boolean isAgreementMissing() {
        return parts.adopted() && !settings.now().gc();
    }

    private void checkAgreed() {
        if (isAgreementMissing()) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "SR " + parts.sr()
                                    + " was adopted, and nothing of it is deleted or merged before somebody agrees")
                    .correction(Advice.of("See what would be done: ")
                            .then(Remedy.of(Verb.GC_STATUS, parts.sr()))
                            .then("; then agree: ")
                            .then(Remedy.of(Verb.GC_SET, parts.sr()).with("gc", "on")));
        }
    }

    /** Returns what failed, and is left alone. */
    public List<GcStatus.SetAside> setAside() {
        return failures.all();
    }

    /** Returns how much of the file system is left free. */
    public long reserveBytes() {
        return settings.now().reserveBytes();
    }

    @Override
    public GcStatus status() {
        return Errors.translate("tell the state of garbage collection", () -> status(runner.running()));
    }

    private GcStatus status(@Nullable Job running) throws IOException {
        GcOutlook now = outlook.now();
        Set<String> taken = new HashSet<>();
        runner.runningSteps().forEach(step -> taken.add(step.node().name()));
        return new GcStatus(
                parts.sr(),
                state(running),
                running == null ? null : running.id(),
                settings.now(),
                now.plan().steps().stream()
                        .map(step -> step.describe(taken.contains(step.node().name())))
                        .toList(),
                failures.all(),
                now.plan().refused(),
                now.debts(),
                now.freeBytes(),
                runner.due().orElse(null));
    }

    private GcStatus.State state(@Nullable Job running) {
        if (running != null) {
            return GcStatus.State.RUNNING;
        }
        return settings.now().paused() ? GcStatus.State.PAUSED : GcStatus.State.IDLE;
    }

    @Override
    public DeletionGain gain(VdiId vdi) {
        return Errors.translate("tell what VDI " + vdi + " takes alone", () -> gains.of(vdi));
    }

    @Override
    public JointGain gain(Collection<VdiId> vdis) {
        return Errors.translate("tell what " + vdis.size() + " disks take together", () -> gains.of(vdis));
    }

    /** Returns what the tree view says of a node. */
    public Optional<String> note(Node node) {
        for (GcStep step : runner.runningSteps()) {
            if (step.files().contains(node.name())) {
                return Optional.of(step.parent() == null ? "being deleted" : "merging");
            }
        }
        return failures.refusal(node.name());
    }

    @Override
    public GcStatus pause() {
        change(now -> now.withPaused(true));
        return status();
    }

    @Override
    public GcStatus resume() {
        change(now -> now.withPaused(false));
        failures.forget();
        if (!isAgreementMissing()) {
            runner.start(false);
        }
        return status();
    }

    @Override
    public GcStatus cancel() {
        runner.cancel();
        return status();
    }

    @Override
    public GcStatus set(GcChange change) {
        try {
            change(now -> now.with(change));
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, "Garbage collection cannot be set so: " + e.getMessage(), e);
        }
        return status();
    }

    private void change(UnaryOperator<GcSettings> wanted) {
        Errors.translate("change garbage collection of SR " + parts.sr(), () -> settings.change(wanted));
        runner.setAlarm();
    }

    /** Notes that something can be deleted or merged now. */
    public void changed() {
        runner.changed();
    }

    /** Notes that a chain has come near its limit. */
    public void deepened() {
        runner.deepened();
    }

    /** Starts nothing any more; a run that is under way is for others to end. */
    @Override
    public void close() {
        runner.close();
    }
}
