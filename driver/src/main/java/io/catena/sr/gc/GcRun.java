package io.catena.sr.gc;

import io.catena.api.GcStatus;
import io.catena.api.JobControl;
import io.catena.api.SrException;
import io.catena.log.LogLine;
import io.catena.sr.gc.plan.GcStep;
import io.catena.sr.job.StepInterrupted;
import io.catena.sr.live.ChangedMeanwhileException;
import io.catena.sr.tree.Node;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of garbage collection: takes steps until nothing is left to do. Several trees are worked on at a time, each by
 * one thread. A node that fails is set aside, and the rest goes on.
 *
 * <p><b>Threads.</b> The job's thread works itself; it starts others only while there are several trees to work on.
 */
final class GcRun {
    private static final Logger LOG = System.getLogger(GcRun.class.getName());

    private final Parts parts;
    private final JobControl job;

    /** The steps that are being taken, by the roots of their trees. Changed while this is locked, read at any time. */
    private final Map<String, GcStep> running = new ConcurrentHashMap<>();

    /** The nodes on which no step of this run succeeds any more; guarded by this, as is all below. */
    private final Set<String> failed = new HashSet<>();

    private final Map<String, String> reasons = new LinkedHashMap<>();
    private final Map<String, String> left = new LinkedHashMap<>();
    private long stepsEnded;
    private Merge.Done done = Merge.Done.NOTHING;
    private @Nullable RuntimeException end;

    /** Why the run ended before all was done; empty if it did not. */
    private volatile String stopped = "";

    /**
     * What a run works with.
     *
     * @param plan plans anew, as the trees are now; they and their roots at one instant, for a step may change its tree's root
     * @param control made for each step
     * @param stop why the run shall end; empty while it may go on
     * @param failures what failed in this run and in others
     * @param workers how many threads may work
     */
    record Parts(
            Supplier<List<Work>> plan,
            GarbageCollector collector,
            Function<JobControl, JobControl> control,
            Supplier<Optional<String>> stop,
            GcFailures failures,
            Supplier<Integer> workers) {}

    GcRun(Parts parts, JobControl job) {
        this.parts = parts;
        this.job = job;
    }

    /** Works until nothing is left to do; returns what was done, for humans. */
    String run() {
        List<Thread> helpers = new ArrayList<>();
        try {
            int trees =
                    (int) parts.plan().get().stream().map(Work::root).distinct().count();
            for (int i = 1; i < Math.min(trees, parts.workers().get()); i++) {
                Thread helper = new Thread(this::work, Thread.currentThread().getName() + "-" + i);
                helper.setDaemon(true);
                helper.start();
                helpers.add(helper);
            }
            work();
        } finally {
            helpers.forEach(GcRun::join);
        }
        return summary();
    }

    /** A helper ends with the job: it stops where the job does, and no step of it is left without a check for long. */
    private static void join(Thread helper) {
        boolean interrupted = false;
        while (helper.isAlive()) {
            try {
                helper.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        try {
            Optional<Work> next = next();
            while (next.isPresent()) {
                take(next.get());
                next = next();
            }
        } catch (RuntimeException e) {
            endWith(e);
        }
    }

    private synchronized void endWith(RuntimeException e) {
        if (end == null) {
            end = e;
        }
        notifyAll();
    }

    /**
     * A step and the tree that it is taken in.
     *
     * @param root the name of the lowest node below the step's
     */
    record Work(String root, GcStep step) {}

    /** Returns the next step in a tree that nobody works on; waits for one as long as others may leave some. */
    private Optional<Work> next() {
        while (!hasEnded()) {
            job.checkCancelled();
            Optional<String> stop = parts.stop().get();
            if (stop.isPresent()) {
                stopped = stop.get();
                return Optional.empty();
            }
            if (job.pauseWanted()) {
                // Those that still work are told to pause, too, and come here when they have.
                job.awaitResume();
                continue;
            }
            long seen = stepsEnded();
            List<Work> plan = parts.plan().get();
            synchronized (this) {
                if (seen != stepsEnded) {
                    // The plan may name what others have just done.
                    continue;
                }
                Optional<Work> work = choose(plan);
                if (work.isPresent() || running.isEmpty()) {
                    return work;
                }
                awaitOthers();
            }
        }
        return Optional.empty();
    }

    private synchronized boolean hasEnded() {
        return end != null;
    }

    /** Caller holds this. */
    private Optional<Work> choose(List<Work> plan) {
        for (Work work : plan) {
            if (!running.containsKey(work.root())
                    && !failed.contains(work.step().node().name())) {
                running.put(work.root(), work.step());
                return Optional.of(work);
            }
        }
        return Optional.empty();
    }

    private synchronized long stepsEnded() {
        return stepsEnded;
    }

    /** Caller holds this. Those who work end soon when the run shall end. */
    private void awaitOthers() {
        long seen = stepsEnded;
        try {
            while (seen == stepsEnded && end == null) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("a worker of garbage collection was interrupted", e);
        }
    }

    private void take(Work work) {
        GcStep step = work.step();
        try {
            Merge.Done did = parts.collector().take(step, parts.control().apply(job));
            parts.failures().succeeded(step.node().name());
            tell("gc-step-done", step, "copied", did.writtenBytes(), "shared", did.sharedBytes());
            ended(work, did);
        } catch (StepInterrupted e) {
            tell("gc-step-interrupted", step, "cause", e.getMessage());
            ended(work, Merge.Done.NOTHING);
        } catch (ChangedMeanwhileException | NoSuchFileException e) {
            leave(work, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            setAside(work, e.getMessage());
        } catch (SrException e) {
            if (GarbageCollector.isCancel(e)) {
                throw e;
            }
            setAside(work, e.getMessage());
        }
    }

    private static void tell(String event, GcStep step, @Nullable Object... more) {
        Node parent = step.parent();
        List<@Nullable Object> values =
                new ArrayList<>(List.of("way", step.way(), "node", step.node().name()));
        if (parent != null) {
            values.addAll(List.of("parent", parent.name()));
        }
        values.addAll(Arrays.asList(more));
        LOG.log(Level.INFO, LogLine.of(event, values.toArray()));
    }

    private synchronized void ended(Work work, Merge.Done did) {
        running.remove(work.root());
        stepsEnded++;
        done = done.plus(did);
        notifyAll();
    }

    private synchronized void setAside(Work work, @Nullable String cause) {
        String node = work.step().node().name();
        String reason = Objects.requireNonNullElse(cause, "unknown");
        GcStatus.SetAside failure = parts.failures().failed(node, reason);
        LOG.log(Level.WARNING, LogLine.of("gc-set-aside", "node", node, "try", failure.tries(), "cause", reason));
        failed.add(node);
        reasons.put(node, reason + " (try " + failure.tries() + " of " + GcFailures.MOST_TRIES + ")");
        running.remove(work.root());
        stepsEnded++;
        notifyAll();
    }

    /** Nothing is wrong with the node: it is left for the next run. */
    private synchronized void leave(Work work, String reason) {
        failed.add(work.step().node().name());
        left.put(work.step().node().name(), reason);
        tell("gc-step-left", work.step(), "cause=\"" + reason + "\"");
        ended(work, Merge.Done.NOTHING);
    }

    /** Whether something was left for the next run. */
    synchronized boolean hasLeft() {
        return !left.isEmpty();
    }

    /** Returns the steps that are being taken. */
    List<GcStep> running() {
        return List.copyOf(running.values());
    }

    private synchronized String summary() {
        if (end != null) {
            throw end;
        }
        StringBuilder text = new StringBuilder();
        text.append("deleted ").append(done.deleted()).append(", merged ").append(done.merged());
        text.append(" (").append(done.writtenBytes()).append(" bytes copied");
        if (done.sharedBytes() > 0) {
            text.append(", ").append(done.sharedBytes()).append(" shared");
        }
        text.append(')');
        reasons.forEach((node, reason) ->
                text.append("; set aside ").append(node).append(": ").append(reason));
        left.forEach((node, reason) ->
                text.append("; left for later ").append(node).append(": ").append(reason));
        if (!stopped.isEmpty()) {
            text.append("; stopped, since ").append(stopped);
        }
        return text.toString();
    }
}
