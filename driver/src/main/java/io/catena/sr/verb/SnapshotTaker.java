package io.catena.sr.verb;

import io.catena.api.SnapshotResult;
import io.catena.api.VdiId;
import io.catena.op.Snapshot;
import io.catena.sr.job.Environment;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.LiveCut;
import io.catena.sr.live.RedoStore;
import io.catena.sr.tree.SrTree;
import io.catena.sr.tree.StuckException;
import io.catena.store.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes snapshots and clones of several disks at one instant, attached or not.
 *
 * <ol>
 *   <li>Lay the new, empty files ready, and make them and their names durable.
 *   <li>Open the new leaves of attached disks, so that they can be written at once.
 *   <li>Record the operation, see {@link SrTree#commit}: from here on it is completed by recovery if it is interrupted.
 *   <li>Give the attached disks their new leaves, in memory: see {@link LiveCut}.
 *   <li>Make the base copies of attached disks complete.
 *   <li>Take the operation's own steps, see {@link Snapshot}: names, hidden flags, records.
 *   <li>Forget the operation.
 * </ol>
 *
 * <p>If anything fails up to the fourth, nothing has happened, and the disks go on as they were. What fails later is completed
 * later, by the next change or at the next attach.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class SnapshotTaker {
    private final Storage storage;
    private final Attachments attachments;
    private final RedoStore redo;
    private final SrTree tree;
    private final CutPreparation preparation;

    SnapshotTaker(Storage storage, Attachments attachments, RedoStore redo, Environment environment, SrTree tree) {
        this.tree = tree;
        this.storage = storage;
        this.attachments = attachments;
        this.redo = redo;
        this.preparation = new CutPreparation(storage, attachments, environment, tree);
    }

    /**
     * What came of it.
     *
     * @param changed names of the files that were made or renamed
     */
    record Outcome(List<SnapshotResult> results, List<String> changed) {}

    /** Makes sure that the chains may get longer where they would; changes nothing. */
    void check(List<CutRequest> requests) throws IOException {
        for (CutRequest request : requests) {
            preparation.checkDepth(request);
        }
    }

    Outcome take(List<CutRequest> requests) throws IOException {
        try {
            return takeParts(preparation.prepareAll(requests, true));
        } catch (LiveCut.NoLongerEmptyException e) {
            return takeParts(preparation.prepareAll(requests, false));
        }
    }

    private Outcome takeParts(List<CutPart> parts) throws IOException {
        LiveCut live = new LiveCut(
                storage,
                attachments,
                redo,
                parts.stream().flatMap(part -> part.live().stream()).toList());
        try {
            tree.aside(live::open);
            tree.commit(CutPart.operation(parts), live);
        } catch (IOException | RuntimeException e) {
            if (!live.hasCut() && !(e instanceof StuckException)) {
                abandon(parts, live, e);
            }
            throw e;
        }
        return outcome(parts, live);
    }

    private void abandon(List<CutPart> parts, LiveCut live, Exception reason) {
        try {
            live.abandon();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
        preparation.discard(parts, reason);
    }

    private static Outcome outcome(List<CutPart> parts, LiveCut live) {
        List<SnapshotResult> results = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        for (CutPart part : parts) {
            VdiId source = part.request().source().id();
            results.add(new SnapshotResult(part.request().vdi(), source, live.pauseMicros(source), null));
            changed.addAll(part.files());
        }
        return new Outcome(results, changed);
    }
}
