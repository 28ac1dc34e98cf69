package io.catena.sr;

import io.catena.api.JobControl;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.format.DynamicHeader;
import io.catena.op.Journal;
import io.catena.op.Relink;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Deletes what nobody can reach, and merges base copies, until nothing is left to do. A node that fails is set aside, and
 * the rest goes on.
 *
 * <p><b>Threads.</b> Runs on a job's thread, one at a time per SR. Takes the SR's tree lock for moments only, never while
 * it copies.
 */
final class GarbageCollector {
    private static final Logger LOG = System.getLogger(GarbageCollector.class.getName());

    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;
    private final VdiRecords records;
    private final Journal journal;
    private final JobControl control;
    private final Map<String, String> setAside = new LinkedHashMap<>();
    private int deleted;
    private int merged;
    private long copiedBytes;

    GarbageCollector(Storage storage, SrTree tree, VdiRecords records, Attachments attachments, JobControl control) {
        this.records = records;
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.journal = new Journal(storage);
        this.control = control;
    }

    /** Works until nothing is left to do; returns what was done, for humans. */
    String run() {
        Optional<GcStep> step = next();
        while (step.isPresent()) {
            control.checkCancelled();
            take(step.get());
            step = next();
        }
        return summary();
    }

    /** Through a change, since the tree may not know yet of an operation that failed. */
    private Optional<GcStep> next() {
        return Errors.translate(
                "look for garbage",
                () -> tree.change(() -> {
                    Set<String> excluded = new HashSet<>(setAside.keySet());
                    excluded.addAll(attachments.leavesThatAreRead());
                    excluded.addAll(leavesToBeReset());
                    return GcPlanner.next(tree.now(), excluded);
                }));
    }

    /** Merged with what it builds on, such a disk would have nothing left to begin its next boot with. */
    private Set<String> leavesToBeReset() {
        return tree.now().nodes().stream()
                .filter(node -> !node.hidden() && records.get(node.id(), "").isResetOnBoot())
                .map(Node::name)
                .collect(Collectors.toSet());
    }

    private void take(GcStep step) {
        try {
            if (step instanceof GcStep.PushDown pushDown) {
                merge(pushDown);
            } else if (step instanceof GcStep.Absorb absorb) {
                merge(absorb);
            } else {
                delete(step.node());
            }
        } catch (IOException e) {
            setAside(step.node(), e.getMessage());
        } catch (SrException e) {
            if (e.error() == SrError.CANCELLED) {
                throw e;
            }
            setAside(step.node(), e.getMessage());
        }
    }

    private void setAside(Node node, @Nullable String reason) {
        LOG.log(Level.WARNING, "event=gc-set-aside node=" + node.name() + " cause=\"" + reason + "\"");
        setAside.put(node.name(), Objects.requireNonNullElse(reason, "unknown"));
    }

    private void delete(Node node) throws IOException {
        control.phase("deleting " + node.name());
        deleted += tree.change(() -> {
            boolean stillGarbage = tree.now()
                    .node(node.name())
                    .filter(n -> GcPlanner.isGarbage(tree.now(), n))
                    .isPresent();
            if (!stillGarbage) {
                return 0;
            }
            if (attachments.nodes().isOpen(node.name())) {
                throw new IOException("it is open");
            }
            storage.delete(node.name());
            storage.syncNames();
            if (node.rawBaseCopy()) {
                // Second, since without it the file would show as a disk.
                storage.delete(SrFiles.vdiRecord(node.id()));
                storage.syncNames();
            }
            tree.refresh(List.of(node.name()));
            return 1;
        });
    }

    private void merge(GcStep.PushDown step) throws IOException {
        ChainFile node = Objects.requireNonNull(step.node().file());
        ChainFile parent = ChainFile.read(storage, step.parent().name());
        checkSpace(node.name());
        control.phase("merging " + node.name() + " into " + parent.name());
        copiedBytes += new PushDown(storage, control).copy(node, parent);
        merged += tree.change(() -> {
            relink(node, ChainFile.read(storage, parent.name()));
            return 1;
        });
    }

    private void merge(GcStep.Absorb step) throws IOException {
        checkSpace(step.node().name());
        control.phase("merging " + step.node().name() + " into " + step.parent().name());
        boolean attached = tree.locked(() -> attachments.get(step.node().id()).isPresent());
        copiedBytes += attached
                ? new LiveLeafMerge(storage, tree, attachments).merge(step, control)
                : new LeafMerge(storage, tree, attachments).merge(step, control);
        merged++;
    }

    /** At worst all blocks of the node are new to its parent. */
    private void checkSpace(String node) throws IOException {
        long needed = storage.info(node).allocatedBytes();
        long free = storage.space().freeBytes();
        if (needed > free) {
            throw new IOException("merging needs up to " + needed + " bytes, " + free + " are free; " + (needed - free)
                    + " more are needed");
        }
    }

    /**
     * Takes a node out of the tree after its data was copied to its parent.
     *
     * <ol>
     *   <li>Record the operation with all bytes that it will write.
     *   <li>Link the node's children to the parent. Chains that are open do not look at links.
     *   <li>Let the live disks go on without the node; the parent is opened anew, since it has grown.
     *   <li>Delete the node and forget the operation.
     * </ol>
     */
    private void relink(ChainFile node, ChainFile parent) throws IOException {
        List<Relink.Child> children = new ArrayList<>();
        List<String> changed = new ArrayList<>(List.of(node.name(), parent.name()));
        for (Node child : tree.now().children(node.name())) {
            ParentLink link = ParentLink.of(
                    storage, child.name(), parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
            VhdHeaders headers =
                    Objects.requireNonNull(ChainFile.read(storage, child.name()).headers());
            children.add(Relink.Child.of(child.name(), link.replaceIn(headers, child.name())));
            changed.add(child.name());
        }
        Relink operation = new Relink(node.name(), children);
        // First of all: should a step fail, recovery completes the operation, and who opens the parent then must see it
        // as it has grown. Chains that are open still have the node itself.
        attachments.nodes().forget(parent.name());
        journal.record(operation);
        operation.link(storage);
        attachments.dropFromChains(node.name(), parent);
        operation.remove(storage);
        journal.forget();
        tree.refresh(changed);
    }

    private String summary() {
        StringBuilder text = new StringBuilder();
        text.append("deleted ").append(deleted).append(", merged ").append(merged);
        text.append(" (").append(copiedBytes).append(" bytes copied)");
        setAside.forEach((node, reason) ->
                text.append("; set aside ").append(node).append(": ").append(reason));
        List<String> kept = tree.locked(() -> tree.now().nodes().stream()
                .filter(node -> node.problem() != null)
                .map(Node::name)
                .toList());
        if (!kept.isEmpty()) {
            text.append("; base copies that damaged files may need were kept: ").append(String.join(", ", kept));
        }
        return text.toString();
    }
}
