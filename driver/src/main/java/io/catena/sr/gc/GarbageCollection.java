package io.catena.sr.gc;

import io.catena.api.DeletionGain;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.GcSettings;
import io.catena.api.GcStatus;
import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.disk.LiveDisk;
import io.catena.log.LogLine;
import io.catena.op.Orphans;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.job.Environment;
import io.catena.sr.job.RateLimit;
import io.catena.sr.job.StepControl;
import io.catena.sr.job.Told;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.record.Errors;
import io.catena.sr.record.GcSettingsFile;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Garbage collection of one SR: starts runs when somebody asks or it is time, and tells how it stands.
 *
 * <p><b>Threads.</b> Safe for use by many threads. Who has locked this never takes the tree lock; who looks or changes settings
 * takes neither that nor any lock that work holds.
 */
public final class GarbageCollection implements GarbageControl, Closeable {
    private static final Logger LOG = System.getLogger(GarbageCollection.class.getName());

    /** Who asks what a deletion gives back waits so long for the disk. */
    private static final Duration GAIN_PATIENCE = Duration.ofMillis(500);

    private final Parts parts;
    private final GcFailures failures;
    private final GcTrigger trigger;
    private final GcProgress progress;
    private final NodeCosts costs;
    private final RateLimit rate;
    private final Told<Outlook> outlook;
    private volatile GcSettings settings;

    /** Held by whoever changes {@link #settings}. */
    private final Object changing = new Object();

    /** Guarded by this, as is all below. */
    private @Nullable Job job;

    private volatile @Nullable GcRun run;
    private Runnable alarm = () -> {};
    private boolean closed;

    /**
     * What it works with.
     *
     * @param warnFrom number of nodes of a chain from which on there is no time to lose
     * @param adopted whether nodes were there before the SR
     */
    public record Parts(
            SrId sr,
            Storage storage,
            SrTree tree,
            Attachments attachments,
            RecordView records,
            Environment environment,
            FilesBehind behind,
            IntSupplier warnFrom,
            boolean adopted) {}

    /** Tells what is kept with a node's disk. */
    @FunctionalInterface
    public interface RecordView {
        VdiRecord of(Node node);
    }

    public GarbageCollection(Parts parts) {
        this.parts = parts;
        this.settings = GcSettingsFile.read(parts.storage());
        this.failures = new GcFailures(parts.environment().clock());
        this.trigger = new GcTrigger(now());
        this.progress = new GcProgress(parts.storage(), parts.environment().nanoTime());
        this.costs = new NodeCosts(parts.storage());
        this.rate = new RateLimit(
                () -> settings.bytesPerSecond(), parts.environment().nanoTime());
        this.outlook = new Told<>(
                parts.environment().looks(),
                new Outlook(new GcPlan(List.of(), List.of()), List.of(), 0),
                this::outlook);
        synchronized (this) {
            setAlarm();
        }
    }

    /** What is left to do, as far as looks at the files tell. */
    private record Outlook(GcPlan plan, List<GcStatus.Debt> debts, long freeBytes) {}

    @Override
    public Job run(Collection<String> deleted) {
        checkAgreed();
        failures.forget();
        if (!deleted.isEmpty()) {
            Errors.translate(
                    "delete " + String.join(", ", deleted), () -> parts.tree().change(() -> declare(deleted)));
        }
        return start(false);
    }

    /** Whether somebody still has to agree to any change of nodes that were there before the SR. */
    private boolean isAgreementMissing() {
        return parts.adopted() && !settings.gc();
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

    /** Notes that nobody needs some base copies, for somebody says so; all or none. */
    private Collection<String> declare(Collection<String> names) throws IOException {
        parts.tree().lookOutside();
        Tree tree = parts.tree().now();
        List<Orphans.Orphan> orphans = new ArrayList<>();
        for (String name : names) {
            Optional<Node> node = tree.node(name).filter(n -> MergeRules.isChildless(tree, n) && n.file() != null);
            if (node.isEmpty() || tree.mayBeNeeded(node.get())) {
                String why = node.flatMap(tree::mayNeed)
                        .map(needer -> name + " may be needed: " + needer + " may build on it")
                        .orElse(name + " is no base copy that nothing builds on");
                throw new SrException(SrError.BAD_REQUEST, why)
                        .correction("See which are: ", Remedy.of(Verb.GC_STATUS, parts.sr()));
            }
            orphans.add(Orphans.Orphan.of(Objects.requireNonNull(node.get().file())));
        }
        Orphans.add(parts.storage(), orphans);
        parts.tree().lookOutside();
        return names;
    }

    /** One at a time: two could merge the same pair of nodes. */
    private synchronized Job start(boolean automatic) {
        if (closed) {
            throw new SrException(SrError.SR_UNAVAILABLE, "SR " + parts.sr() + " is being detached");
        }
        Job known = running();
        if (known != null) {
            return known;
        }
        Job started = parts.environment().jobs().start("gc", parts.sr(), control -> {
            trigger.begun();
            GcRun now = new GcRun(runParts(automatic), control);
            run = now;
            try {
                return now.run() + kept();
            } finally {
                run = null;
                if (now.hasLeft()) {
                    trigger.changed(now());
                }
                trigger.ended(now());
                runEnded();
            }
        });
        job = started;
        return started;
    }

    /** The job goes on for a moment, but touches nothing any more. */
    private synchronized void runEnded() {
        job = null;
        setAlarm();
    }

    /** Caller holds this. Returns the run that has not ended; null if there is none. */
    private @Nullable Job running() {
        Job last = job;
        if (last == null) {
            return null;
        }
        Job now = parts.environment().jobs().jobs().stream()
                .filter(j -> j.id() == last.id())
                .findFirst()
                .orElse(null);
        return now == null || now.state().ended() ? null : now;
    }

    private GcRun.Parts runParts(boolean automatic) {
        return new GcRun.Parts(
                this::work,
                new GarbageCollector(parts.storage(), parts.tree(), parts.attachments(), progress),
                control -> stepControl(control, automatic),
                () -> stopReason(automatic),
                failures,
                () -> settings.workers());
    }

    private Optional<String> stopReason(boolean automatic) {
        if (settings.paused()) {
            return Optional.of("garbage collection is paused, and goes on when it is resumed");
        }
        LocalTime time = LocalTime.ofInstant(now(), ZoneOffset.UTC);
        if (automatic && !settings.isOpenAt(time)) {
            return Optional.of("the window " + settings.window() + " is over");
        }
        return Optional.empty();
    }

    private JobControl stepControl(JobControl control, boolean automatic) {
        List<LiveDisk> disks = parts.attachments().liveDisks();
        return new StepControl(
                control,
                () -> stopReason(automatic),
                rate,
                () -> GarbageCollector.requests(disks),
                parts.environment().nanoTime(),
                isUrgent());
    }

    private boolean isUrgent() {
        Tree tree = parts.tree().seen();
        return tree.nodes().stream()
                .anyMatch(node ->
                        !node.hidden() && tree.depth(node) >= parts.warnFrom().getAsInt());
    }

    /** After a change of nothing, since the tree may not know yet of an operation that failed. Steps are checked when taken. */
    private List<GcRun.Work> work() {
        return Errors.translate("look for garbage", () -> {
            Tree tree = parts.tree().change(() -> {
                parts.tree().lookOutside();
                parts.tree().forgetRefutedOrphans();
                return parts.tree().now();
            });
            return plan(tree, freeBytes()).steps().stream()
                    .map(step -> new GcRun.Work(rootName(tree, step.node()), step))
                    .toList();
        });
    }

    private long freeBytes() throws IOException {
        return parts.storage().space().freeBytes();
    }

    private GcPlan plan(Tree tree, long freeBytes) {
        return GcPlanner.plan(tree, new Now(tree, Math.max(0, freeBytes - settings.reserveBytes())));
    }

    private static String rootName(Tree tree, Node node) {
        List<Node> chain = tree.chain(node);
        return chain.get(chain.size() - 1).name();
    }

    private final class Now implements GcCircumstances {
        private final Tree tree;
        private final long freeBytes;
        private final Set<String> read;
        private final GcSwitches switches =
                new GcSwitches(node -> parts.records().of(node).allKeys(), parts.behind());

        Now(Tree tree, long freeBytes) {
            this.tree = tree;
            this.freeBytes = freeBytes;
            this.read = new HashSet<>(parts.attachments().leavesThatAreRead());
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
            if (!node.hidden() && parts.records().of(node).isResetOnBoot()) {
                return Optional.of("the disk is reset when it boots, to what it builds on");
            }
            Optional<String> failure = failures.refusal(node.name());
            boolean isGarbage = MergeRules.isGarbage(tree, node);
            return failure.isPresent() || isGarbage ? failure : switches.refusal(settings, tree, node);
        }

        @Override
        public long freeBytes() {
            return freeBytes;
        }
    }

    /** Returns what failed, and is left alone. */
    public List<GcStatus.SetAside> setAside() {
        return failures.all();
    }

    /** Returns how much of the file system is left free. */
    public long reserveBytes() {
        return settings.reserveBytes();
    }

    @Override
    public GcStatus status() {
        return Errors.translate("tell the state of garbage collection", () -> {
            Long current;
            synchronized (this) {
                Job known = running();
                current = known == null ? null : known.id();
            }
            return status(current);
        });
    }

    private GcStatus status(@Nullable Long current) throws IOException {
        Outlook now = outlook.now();
        Set<String> taken = new HashSet<>();
        runningSteps().forEach(step -> taken.add(step.node().name()));
        GcStatus.State state = current != null
                ? GcStatus.State.RUNNING
                : settings.paused() ? GcStatus.State.PAUSED : GcStatus.State.IDLE;
        return new GcStatus(
                parts.sr(),
                state,
                current,
                settings,
                now.plan().steps().stream()
                        .map(step -> step.describe(taken.contains(step.node().name())))
                        .toList(),
                failures.all(),
                now.plan().refused(),
                now.debts(),
                now.freeBytes(),
                due().orElse(null));
    }

    @Override
    public DeletionGain gain(VdiId vdi) {
        return Errors.translate("tell what VDI " + vdi + " takes alone", () -> {
            Tree tree = parts.tree().seen();
            if (tree.node(vdi).isEmpty() && parts.tree().kept().has(vdi)) {
                return new DeletionGain(vdi, 0, 0);
            }
            Node node = tree.node(vdi)
                    .filter(found -> !found.hidden())
                    .orElseThrow(() -> new SrException(SrError.VDI_MISSING, "There is no VDI " + vdi));
            return toldInTime(vdi, () -> gain(tree, node));
        });
    }

    private DeletionGain gain(Tree tree, Node node) throws IOException {
        if (tree.problem(node).isPresent()) {
            boolean goes = tree.children(node.name()).isEmpty();
            return new DeletionGain(
                    node.id(), goes ? parts.storage().info(node.name()).allocatedBytes() : 0, 0);
        }
        return new DeletionGains(tree, costs::of).of(node);
    }

    /** What files hold is read from them the first time: a disk that hangs must not keep who asks. */
    private DeletionGain toldInTime(VdiId vdi, Told.Question<DeletionGain> question) throws IOException {
        Told<Optional<DeletionGain>> told =
                new Told<>(parts.environment().looks(), Optional.empty(), () -> Optional.of(question.ask()));
        return told.now(GAIN_PATIENCE)
                .orElseThrow(
                        () -> new SrException(SrError.TRY_AGAIN, "The files of VDI " + vdi + " were not read in time")
                                .correction("Ask again; what was read is remembered."));
    }

    private Outlook outlook() throws IOException {
        Tree tree = parts.tree().seen();
        long free = freeBytes();
        GcPlan plan = plan(tree, free);
        return new Outlook(plan, debts(tree, plan), free);
    }

    /** Returns what merging would do for each disk: a step counts for all disks whose chains it shortens. */
    private List<GcStatus.Debt> debts(Tree tree, GcPlan plan) {
        List<GcStatus.Debt> debts = new ArrayList<>();
        for (Node leaf : tree.nodes()) {
            if (leaf.hidden()) {
                continue;
            }
            Set<String> chain = new HashSet<>();
            tree.chain(leaf).forEach(node -> chain.add(node.name()));
            List<GcStep> steps = plan.steps().stream()
                    .filter(step ->
                            step.parent() != null && chain.contains(step.node().name()))
                    .toList();
            if (!steps.isEmpty()) {
                debts.add(new GcStatus.Debt(
                        leaf.id(),
                        parts.records().of(leaf).name(),
                        steps.stream().mapToInt(step -> step.pushed().size()).sum(),
                        steps.stream().mapToLong(GcStep::bytesToMove).sum(),
                        steps.stream().mapToLong(GcStep::bytesFreed).sum()));
            }
        }
        return debts;
    }

    private List<GcStep> runningSteps() {
        GcRun now = run;
        return now == null ? List.of() : now.running();
    }

    /** Returns what the tree view says of a node. */
    public Optional<String> note(Node node) {
        for (GcStep step : runningSteps()) {
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
            start(false);
        }
        return status();
    }

    @Override
    public GcStatus cancel() {
        Job known;
        synchronized (this) {
            known = running();
        }
        if (known != null) {
            parts.environment().jobs().cancel(known.id());
        }
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
        Errors.translate("change garbage collection of SR " + parts.sr(), () -> {
            synchronized (changing) {
                GcSettings changed = wanted.apply(settings);
                GcSettingsFile.write(parts.storage(), changed);
                settings = changed;
                return changed;
            }
        });
        synchronized (this) {
            setAlarm();
        }
    }

    /** Notes that something can be deleted or merged now. */
    public void changed() {
        trigger.changed(now());
        synchronized (this) {
            setAlarm();
        }
    }

    /** Notes that a chain has come near its limit. */
    public void deepened() {
        trigger.deepened(now());
        synchronized (this) {
            setAlarm();
        }
    }

    private Optional<Instant> due() {
        return trigger.due(settings, failures.nextTry());
    }

    /** Caller holds this. */
    private void setAlarm() {
        alarm.run();
        alarm = () -> {};
        if (closed || running() != null) {
            return;
        }
        due().ifPresent(due -> {
            Duration delay = Duration.between(now(), due);
            alarm = parts.environment().timer().after(delay.isNegative() ? Duration.ZERO : delay, this::startIfDue);
        });
    }

    /** The time may have changed, or the settings. */
    private void startIfDue() {
        try {
            boolean isDue = due().filter(due -> !due.isAfter(now())).isPresent();
            if (isDue) {
                start(true);
            } else {
                synchronized (this) {
                    setAlarm();
                }
            }
        } catch (SrException e) {
            LOG.log(Level.WARNING, LogLine.of("gc-not-started", "sr", parts.sr(), "cause", e.getMessage()));
            trigger.ended(now());
        }
    }

    private String kept() {
        List<String> kept = parts.tree().seen().nodes().stream()
                .filter(node -> node.problem() != null)
                .map(Node::name)
                .toList();
        return kept.isEmpty() ? "" : "; base copies that damaged files may need were kept: " + String.join(", ", kept);
    }

    private Instant now() {
        return parts.environment().clock().instant();
    }

    /** Starts nothing any more; a run that is under way is for others to end. */
    @Override
    public synchronized void close() {
        closed = true;
        alarm.run();
    }
}
