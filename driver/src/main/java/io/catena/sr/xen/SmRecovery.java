package io.catena.sr.xen;

import io.catena.api.SrException;
import io.catena.check.InterruptedResize;
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.sr.tree.TreeScanner;
import io.catena.store.Storage;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finishes or undoes, by its own rules, what XenServer's storage manager (sm) left unfinished in a directory.
 *
 * <ol>
 *   <li>Undo interrupted resizes by vhd-util: until then those disks cannot be read, and nothing can be said about the others.
 *   <li>Look at all that is left, and refuse if anything contradicts the rules. Nothing else was changed until here.
 *   <li>Do it, one after the other: interrupted merges of leaves, then of base copies, then what is only to be cleared away.
 *       After each look again. The file that tells of it goes last each time, so that whoever is interrupted begins again.
 * </ol>
 *
 * <p>Source: xapi-project/sm, {@code cleanup.py}, {@code FileSR.py}, restated. The rules rely on what sm itself relies on:
 * vhd-util syncs a file when it closes it, and renames become durable in their order.
 */
public final class SmRecovery {
    private static final Logger LOG = System.getLogger(SmRecovery.class.getName());

    private final Storage storage;

    public SmRecovery(Storage storage) {
        this.storage = storage;
    }

    /** Whether sm left anything; cheap. */
    boolean isNeeded() throws IOException {
        return !SmLeftover.find(storage).isEmpty() || !SmTwins.find(storage).isEmpty();
    }

    /** Tells what {@link #run} would do, and changes nothing. What is behind an interrupted resize may change with it. */
    public List<SmStep> steps() throws IOException {
        if (!isNeeded()) {
            return List.of();
        }
        List<SmStep> steps = new ArrayList<>();
        SmNodes nodes = new SmNodes(storage, new TreeScanner(storage).scan());
        for (SmLeftover leftover : SmLeftover.find(storage)) {
            steps.add(step(leftover, nodes));
        }
        steps.addAll(new SmSnapshot(nodes).twins());
        return steps;
    }

    /**
     * Does all there is to do; nothing if there is nothing.
     *
     * @throws SrException if something contradicts sm's rules
     */
    public void run() throws IOException {
        if (!isNeeded()) {
            return;
        }
        for (SmLeftover leftover : SmLeftover.find(storage)) {
            if (isResize(leftover)) {
                run(resize(leftover), new HashSet<>());
            }
        }
        refuse(steps());
        Set<String> done = new HashSet<>();
        for (Optional<SmStep> next = next(); next.isPresent(); next = next()) {
            run(next.get(), done);
        }
    }

    private Optional<SmStep> next() throws IOException {
        return steps().stream()
                .filter(step -> step.verdict() == SmStep.Verdict.POSSIBLE)
                .findFirst();
    }

    private static void run(SmStep step, Set<String> done) throws IOException {
        if (!done.add(step.file())) {
            throw new IOException(step.file() + " is still there after it was dealt with: " + step.found());
        }
        step.work().run();
        LOG.log(
                Level.INFO,
                LogLine.of("foreign-work-ended", "file", step.file(), "found", step.found(), "done", step.action()));
    }

    private static void refuse(List<SmStep> steps) {
        List<SmStep> refused = steps.stream()
                .filter(step -> step.verdict() == SmStep.Verdict.REFUSED)
                .toList();
        if (!refused.isEmpty()) {
            throw SmRefusal.of(
                    String.join("; ", refused.stream().map(SmStep::found).toList()),
                    refused.stream()
                            .map(SmStep::action)
                            .distinct()
                            .reduce((one, next) -> one.then(". ").then(next))
                            .orElseThrow());
        }
    }

    private SmStep step(SmLeftover leftover, SmNodes nodes) throws IOException {
        return switch (leftover.kind()) {
            case RESIZE, GROWTH -> resize(leftover);
            case LEAF -> new SmLeafMerge(nodes).journal(leftover);
            case RELINK -> new SmNodeMerge(nodes).relink(leftover);
            case COALESCE -> new SmNodeMerge(nodes).coalesce(leftover);
            case OLD_LEAF -> new SmLeafMerge(nodes).oldLeaf(leftover);
            case NEW_LEAF -> new SmSnapshot(nodes).newLeaf(leftover);
        };
    }

    private static boolean isResize(SmLeftover leftover) {
        return leftover.kind() == SmLeftover.Kind.RESIZE || leftover.kind() == SmLeftover.Kind.GROWTH;
    }

    /** {@link InterruptedResize#end} has the order of steps. */
    private SmStep resize(SmLeftover leftover) throws IOException {
        String disk = leftover.vhd();
        String journal = leftover.file();
        if (!storage.exists(disk)) {
            return SmStep.possible(
                    journal,
                    journal + " is the journal of a resize of " + disk + ", which does not exist any more",
                    "the journal is deleted",
                    () -> SmNodes.deleteDurably(storage, journal));
        }
        InterruptedResize resize = new InterruptedResize(storage, disk, journal);
        return switch (resize.state()) {
            case ENDED ->
                SmStep.possible(
                        journal,
                        journal + " is the journal of a resize of " + disk + " that had not begun, or had ended",
                        "the journal is deleted",
                        resize::end);
            case POISONED ->
                SmStep.possible(
                        journal,
                        "a resize of " + disk + " was interrupted before its first change or after its last",
                        "the disk is made readable again, and the journal " + journal + " deleted",
                        resize::end);
            case HALF_DONE ->
                SmStep.possible(
                        journal,
                        "a resize of " + disk + " was interrupted half-way",
                        "the disk is put back to what it was, from the journal " + journal,
                        resize::end);
            case LOST ->
                SmStep.left(
                        journal,
                        "a resize of " + disk + " was interrupted half-way, and its journal " + journal + " is damaged",
                        Advice.of("The disk cannot be used: restore it from a backup"));
        };
    }
}
