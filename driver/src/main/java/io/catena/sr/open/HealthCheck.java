package io.catena.sr.open;

import io.catena.api.GcStatus;
import io.catena.api.NodeProblem;
import io.catena.api.SrHealth;
import io.catena.api.SrHealth.Kind;
import io.catena.api.SrHealth.Reason;
import io.catena.api.SrId;
import io.catena.disk.Fence;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.gc.GarbageCollection;
import io.catena.sr.live.FilesBehind;
import io.catena.sr.tree.ChainBudget;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says what keeps an SR from being healthy, the worst first, and what to do about it.
 *
 * <p><b>Threads.</b> Safe for use by many threads.
 */
final class HealthCheck {
    /** Whoever makes files in the directory can make any number of reasons. */
    private static final int MOST_OF_A_KIND = 100;

    private final SrId sr;
    private final SrTree tree;
    private final GarbageCollection garbage;
    private final FilesBehind behind;
    private final Fence fence;
    private final Crowding crowding;

    /**
     * @param behind knows which files are behind their redo logs
     * @param fence ends the service when the lock of the SR is lost
     * @param crowding tells whether the directory can be looked through
     */
    HealthCheck(SrId sr, SrTree tree, GarbageCollection garbage, FilesBehind behind, Fence fence, Crowding crowding) {
        this.fence = fence;
        this.crowding = crowding;
        this.sr = sr;
        this.tree = tree;
        this.garbage = garbage;
        this.behind = behind;
    }

    /**
     * @param now the tree that is looked at
     * @param budget knows which chains are too long
     */
    SrHealth of(Tree now, List<NodeProblem> problems, ChainBudget budget, long freeBytes) {
        List<Reason> reasons = new ArrayList<>();
        addLostLock(reasons);
        behind.lostIn(now)
                .forEach((file, why) -> reasons.add(new Reason(
                        Kind.LOST_REDO_LOG,
                        file + " lacks writes that were answered: " + why,
                        Advice.of(
                                        "Stop the agent and start it with the run directory that it had, or put the file back that"
                                                + " was there, and attach the SR again. If what was written is lost, say so, and go on"
                                                + " with the file as it is: ")
                                .then(SrView.acceptLoss(sr.toString())))));
        for (String file : behind.in(now)) {
            reasons.add(new Reason(
                    Kind.KEPT_REDO_LOG,
                    "What was written to " + file
                            + " last may be in a redo log only, since the file could not be read or written",
                    Advice.of(
                            "Make room on the file system, then attach the disk, before this host is started anew: the log"
                                    + " does not outlive that. If the file is damaged, put back what it was and attach the SR again;"
                                    + " a repair, which wants the SR detached, brings back what was flushed.")));
        }
        tree.unfinished()
                .ifPresent(what -> reasons.add(new Reason(
                        Kind.UNFINISHED_OPERATION,
                        what,
                        Advice.of("Detach the SR and attach it again; the log says what is in the way."))));
        crowding.reason().ifPresent(what -> reasons.add(new Reason(Kind.TOO_MANY_FILES, what, Crowding.CURE)));
        addProblems(reasons, problems);
        addContradictions(reasons, now);
        addSpace(reasons, freeBytes);
        addSetAside(reasons);
        addChains(reasons, now, budget);
        return SrHealth.of(reasons);
    }

    private static void addProblems(List<Reason> reasons, List<NodeProblem> problems) {
        for (NodeProblem problem : problems.subList(0, Math.min(problems.size(), MOST_OF_A_KIND))) {
            reasons.add(new Reason(
                    Kind.UNREADABLE_NODE,
                    problem.file() + ": " + problem.problem(),
                    Advice.of("Look at it, and repair it, while the SR is detached: ")
                            .then(Remedy.of(Verb.VHD_CHECK, problem.file()))));
        }
        addMore(reasons, Kind.UNREADABLE_NODE, problems.size());
    }

    private void addContradictions(List<Reason> reasons, Tree now) {
        int count = 0;
        for (Node node : now.nodes()) {
            Optional<String> contradiction = now.contradiction(node);
            if (contradiction.isPresent() && ++count <= MOST_OF_A_KIND) {
                reasons.add(new Reason(Kind.CONTRADICTION, contradiction.get(), Contradictions.cure(sr.toString())));
            }
        }
        addMore(reasons, Kind.CONTRADICTION, count);
    }

    private static void addMore(List<Reason> reasons, Kind kind, int count) {
        if (count > MOST_OF_A_KIND) {
            reasons.add(new Reason(
                    kind,
                    "The same is wrong with " + (count - MOST_OF_A_KIND) + " more files",
                    Advice.of("Deal with those that are told.")));
        }
    }

    /** By what is known, for a look waits for no file system; every change and every flush asks anew. */
    private void addLostLock(List<Reason> reasons) {
        fence.reason()
                .ifPresent(why -> reasons.add(new Reason(
                        Kind.LOST_LOCK,
                        why,
                        Advice.of(
                                        "All disks fail until then, lest two agents write them. Make sure that no other agent has"
                                                + " the SR, then detach it (")
                                .then(Remedy.of(Verb.SR_DETACH, sr).with("force"))
                                .then(") and attach it again."))));
    }

    private void addSpace(List<Reason> reasons, long freeBytes) {
        long reserveBytes = garbage.reserveBytes();
        if (freeBytes < reserveBytes) {
            reasons.add(new Reason(
                    Kind.LOW_SPACE,
                    freeBytes + " bytes are free, less than the reserve of " + reserveBytes,
                    Advice.of("Destroy disks or snapshots, then run: ")
                            .then(Remedy.of(Verb.GC_RUN, sr))
                            .then("; or give the file system more room.")));
        }
    }

    private void addSetAside(List<Reason> reasons) {
        for (GcStatus.SetAside node : garbage.setAside()) {
            String next = node.nextTry() == null ? "" : " (that happens by itself at " + node.nextTry() + ")";
            reasons.add(new Reason(
                    Kind.SET_ASIDE_NODE,
                    node.node() + " could not be merged, and was set aside after try " + node.tries() + ": "
                            + node.reason(),
                    Advice.of("Put that right, then have it tried again: ")
                            .then(Remedy.of(Verb.GC_RUN, sr))
                            .then(next)));
        }
    }

    private static void addChains(List<Reason> reasons, Tree now, ChainBudget budget) {
        int count = 0;
        for (Node node : now.nodes()) {
            if (!node.hidden() && now.depth(node) >= budget.warnFrom() && ++count <= MOST_OF_A_KIND) {
                reasons.add(new Reason(Kind.LONG_CHAIN, budget.length(now, node), budget.relief(now, node)));
            }
        }
        addMore(reasons, Kind.LONG_CHAIN, count);
    }
}
