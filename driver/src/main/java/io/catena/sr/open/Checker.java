package io.catena.sr.open;

import io.catena.api.SrCheck;
import io.catena.api.SrCheck.Finding;
import io.catena.api.SrCheck.Kind;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.op.Journal;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.JobIntentFiles;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.TreeScanner;
import io.catena.sr.xen.SmLeftover;
import io.catena.sr.xen.SmRecovery;
import io.catena.sr.xen.SmStep;
import io.catena.store.Storage;
import io.catena.vhd.PendingRewrite;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Compares what an SR's records, nodes and journals say. A repair takes away what means nothing, and writes down what is not
 * written down; it touches no node.
 *
 * <p>A check without repair looks while other disks are attached and detached: those change no record but whole, and no name but of
 * files that are being written, which it asks for again at its end. A repair goes on under the tree lock: it deletes what is being
 * prepared by nobody, and writes records, and so must know that nobody begins.
 *
 * <p><b>Threads.</b> By who has the SR's turn and its tree lock.
 */
public final class Checker {
    /** Whoever makes files in the directory can make any number of findings. */
    private static final int MOST_OF_A_KIND = 1000;

    private final Storage storage;
    private final SrTree tree;
    private final SrView view;
    private final VdiRecords records;
    private final boolean repair;
    private final List<Finding> findings = new ArrayList<>();

    /** How many of each kind there are, also those that are not listed. */
    private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);

    public Checker(Storage storage, SrTree tree, SrView view, VdiRecords records, boolean repair) {
        this.storage = storage;
        this.tree = tree;
        this.view = view;
        this.records = records;
        this.repair = repair;
    }

    /** Does something about a finding. */
    @FunctionalInterface
    private interface Repair {
        void run() throws IOException;
    }

    /**
     * Checks all; repairs as it goes on.
     *
     * @param preparing returns the temporary files that are in use
     * @param aside of the change; not used for repairs
     */
    public SrCheck check(SrId sr, Supplier<Set<String>> preparing, Aside aside) throws IOException {
        Aside looking = repair ? Aside.Step::take : aside;
        Set<String> temporary = looking.get(this::look);
        temporary.removeAll(preparing.get());
        if (!temporary.isEmpty()) {
            tree.awaitOpenings();
        }
        leftovers(temporary);
        if (repair) {
            storage.syncNames();
            records.forget();
        }
        tellHowManyMore();
        return new SrCheck(sr, repair, findings);
    }

    /** Returns the temporary files. */
    private Set<String> look() throws IOException {
        nodes();
        records();
        Set<String> temporary = files();
        jobs();
        return temporary;
    }

    private void nodes() throws IOException {
        for (Node node : tree.now().nodes()) {
            Optional<String> problem = tree.now().ownProblem(node);
            if (problem.isPresent()) {
                tell(
                        Kind.BROKEN_NODE,
                        node.name(),
                        node.id(),
                        problem.get(),
                        Advice.of("Look at it, and repair it, while the SR is detached: ")
                                .then(Remedy.of(Verb.VHD_CHECK, node.name())));
            }
            Optional<String> contradiction = tree.now().contradiction(node);
            if (contradiction.isPresent()) {
                Kind kind = tree.now().replacement(node).isPresent() ? Kind.REPLACED : Kind.TWIN;
                tell(kind, node.name(), node.id(), contradiction.get(), Contradictions.cure("SR"));
            }
            if (MergeRules.isGarbage(tree.now(), node)) {
                tell(
                        Kind.GARBAGE,
                        node.name(),
                        node.id(),
                        "a base copy that nothing builds on",
                        Advice.of("Run: ").then(Remedy.of(Verb.GC_RUN)));
            }
            if (!node.hidden() && !storage.exists(SrFiles.vdiRecord(node.id()))) {
                act(
                        Kind.MISSING_RECORD,
                        node.name(),
                        node.id(),
                        "the disk has no record",
                        "A record with the name \"" + view.record(node).name() + "\" is written.",
                        () -> records.write(node.id(), view.record(node)));
            }
        }
    }

    /** While a file cannot be read, a record may be that of a disk whose id only this file knows. */
    private void records() throws IOException {
        boolean idsAreKnown = tree.now().nodes().stream().noneMatch(node -> node.file() == null);
        for (VdiId id : records.ids()) {
            if (tree.kept().has(id)) {
                continue;
            }
            String file = SrFiles.vdiRecord(id);
            @Nullable Node node = tree.now().node(id).orElse(null);
            if (node == null && idsAreKnown) {
                act(Kind.ORPHAN_RECORD, file, id, "no file holds this disk", "The record is deleted.", () -> {
                    records.delete(id);
                });
            } else if (node == null) {
                tell(
                        Kind.ORPHAN_RECORD,
                        file,
                        id,
                        "no file is known to hold this disk; it may be one of those that cannot be read",
                        "Repair or remove the files that cannot be read first.");
            } else if (node.hidden() && !node.rawBaseCopy()) {
                act(Kind.STALE_RECORD, file, id, "it is a base copy's", "The record is deleted.", () -> {
                    records.delete(id);
                });
            } else if (!records.isReadable(id)) {
                act(
                        Kind.BAD_RECORD,
                        file,
                        id,
                        "it cannot be read",
                        "A new one with the name \"" + view.record(node).name() + "\" is written.",
                        () -> records.write(id, view.record(node)));
            }
        }
    }

    /** Returns those that are temporary, and written by nobody but who has the turn, or tells. */
    private Set<String> files() throws IOException {
        Set<String> temporary = SrFiles.temporary(storage);
        temporary.removeIf(SrFiles::isWrittenAtAnyTime);
        Set<String> foreign = new HashSet<>();
        for (SmStep step : new SmRecovery(storage).steps()) {
            foreign.add(step.file());
            tell(
                    Kind.FOREIGN_WORK,
                    step.file(),
                    null,
                    step.found(),
                    step.verdict() == SmStep.Verdict.POSSIBLE
                            ? Advice.of("Detach the SR and attach it again; then: ")
                                    .then(step.action())
                            : step.action());
        }
        for (String name : storage.list("", name -> !TreeScanner.isNode(name))) {
            if (name.endsWith(PendingRewrite.SUFFIX)) {
                tell(
                        Kind.UNFINISHED,
                        name,
                        null,
                        "a resize that could not be completed",
                        "Detach the SR and attach it again; the log says what is in the way.");
            } else if (!temporary.contains(name) && !foreign.contains(name) && !SmLeftover.isKept(name)) {
                tell(Kind.UNKNOWN_FILE, name, null, "it is no part of an SR", "Move it elsewhere.");
            }
        }
        if (storage.exists(Journal.FILE)) {
            tell(
                    Kind.UNFINISHED,
                    Journal.FILE,
                    null,
                    "an operation that could not be completed",
                    "Detach the SR and attach it again; the log says what is in the way.");
        }
        return temporary;
    }

    /** Under the tree lock, and while no disk is being opened: what is still there now is nobody's. */
    private void leftovers(Set<String> temporary) throws IOException {
        for (String name : temporary) {
            if (!storage.exists(name)) {
                continue;
            }
            act(
                    Kind.LEFTOVER,
                    name,
                    null,
                    "it was being prepared when that was interrupted",
                    "The file is deleted.",
                    () -> storage.delete(name));
        }
    }

    private void jobs() throws IOException {
        for (String name : JobIntentFiles.setAside(storage)) {
            act(
                    Kind.LEFTOVER,
                    name,
                    null,
                    "a job that could not be begun again",
                    "The file is deleted.",
                    () -> storage.delete(name));
        }
    }

    private void tell(Kind kind, String file, @Nullable VdiId vdi, String problem, String correction) {
        tell(kind, file, vdi, problem, Advice.of(correction));
    }

    private void tell(Kind kind, String file, @Nullable VdiId vdi, String problem, Advice correction) {
        add(new Finding(kind, file, vdi, problem, correction, false, false));
    }

    private void add(Finding finding) {
        if (counts.merge(finding.kind(), 1, Integer::sum) <= MOST_OF_A_KIND) {
            findings.add(finding);
        }
    }

    private void tellHowManyMore() {
        counts.forEach((kind, count) -> {
            if (count > MOST_OF_A_KIND) {
                findings.add(new Finding(
                        kind,
                        "",
                        null,
                        (count - MOST_OF_A_KIND) + " more are not listed",
                        Advice.of("Deal with those that are listed, then check again."),
                        false,
                        false));
            }
        });
    }

    private void act(Kind kind, String file, @Nullable VdiId vdi, String problem, String correction, Repair action)
            throws IOException {
        if (repair) {
            action.run();
        }
        add(new Finding(kind, file, vdi, problem, Advice.of(correction), true, repair));
    }
}
