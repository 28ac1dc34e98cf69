package io.catena.sr.verb;

import io.catena.api.SnapshotResult;
import io.catena.api.VdiId;
import io.catena.disk.Chain;
import io.catena.disk.LiveDisk;
import io.catena.format.DynamicHeader;
import io.catena.format.VhdTime;
import io.catena.op.Journal;
import io.catena.op.Snapshot;
import io.catena.sr.job.Environment;
import io.catena.sr.live.Attachments;
import io.catena.sr.live.RedoStore;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.record.VdiRecords;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.SrTree;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentFinder;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Takes snapshots and clones of several disks at one instant, attached or not.
 *
 * <ol>
 *   <li>Lay the new, empty files ready, and make them durable.
 *   <li>Record the operation: from here on it is completed by recovery if it is interrupted. If a disk that holds nothing
 *       shares its parent with its copy, this waits until its requests are held back.
 *   <li>Flush the attached disks, so that little is left to do in the next step.
 *   <li>Hold back the requests of all of them; flush what came since; cut; go on with the new chains.
 *   <li>Let the requests run again, complete the operation, and forget it.
 * </ol>
 *
 * <p>If the cut fails it is undone while the requests wait, so that the disks go on as if nothing had been.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class SnapshotTaker {
    private static final String VHD = ".vhd";

    private final Storage storage;
    private final Attachments attachments;
    private final RedoStore redo;
    private final Environment environment;
    private final SrTree tree;
    private final Journal journal;
    private final VhdCreator creator;

    SnapshotTaker(Storage storage, Attachments attachments, RedoStore redo, Environment environment, SrTree tree) {
        this.tree = tree;
        this.storage = storage;
        this.attachments = attachments;
        this.redo = redo;
        this.environment = environment;
        this.journal = new Journal(storage);
        this.creator = new VhdCreator(storage);
    }

    /**
     * A disk to be made.
     *
     * @param source the disk whose content it starts with
     * @param sourceRecord what is known of that; it must not be lost with the name of its file
     * @param vdi the id of the new disk
     * @param record what is to be known of the new disk
     * @param sizeBytes the new disk's size, or 0 for that of the source
     * @param mayDeepen throws if the chain of the source may not get another node
     */
    record Request(
            Node source, VdiRecord sourceRecord, VdiId vdi, VdiRecord record, long sizeBytes, Runnable mayDeepen) {}

    /**
     * What came of it.
     *
     * @param changed names of the files that were made or renamed
     */
    record Outcome(List<SnapshotResult> results, List<String> changed) {}

    /**
     * One disk's part in the operation.
     *
     * @param baseCopy null if the source holds nothing, so that the new disk can build on the source's parent
     * @param freshLeaf laid ready to take the source's place; null if {@code baseCopy} is
     * @param attachment null if the source is not attached
     * @param child the new disk's file
     * @param source as it was before
     * @param request what is asked for
     */
    private record Part(
            Request request,
            ChainFile source,
            @Nullable String baseCopy,
            @Nullable FreshLeaf freshLeaf,
            Snapshot.Child child,
            Attachments.@Nullable Attachment attachment) {

        boolean deepens() {
            return baseCopy != null;
        }
    }

    /** The new, empty file that takes a leaf's name. */
    private record FreshLeaf(ChainFile file, Snapshot.Child child) {}

    Outcome take(List<Request> requests) throws IOException {
        List<Part> parts = prepareAll(requests, true);
        try {
            return takeParts(parts);
        } catch (NoLongerEmptyException e) {
            discard(parts, e);
            return takeParts(prepareAll(requests, false));
        }
    }

    private Outcome takeParts(List<Part> parts) throws IOException {
        Snapshot operation = operation(parts);
        List<Layer> freshLayers = new ArrayList<>();
        long pauseMicros;
        try {
            openFreshLeaves(parts, freshLayers);
            if (!mustRecordLate(parts)) {
                journal.record(operation);
            }
            for (Part part : parts) {
                if (part.attachment() != null) {
                    part.attachment().disk().flush();
                }
            }
            pauseMicros = cutWithGatesClosed(parts, operation, freshLayers);
        } catch (IOException | RuntimeException e) {
            abandon(operation, freshLayers, e);
            throw e;
        }
        try {
            retireBaseCopies(parts);
            operation.complete(storage);
            journal.forget();
        } catch (IOException e) {
            tree.finish(e);
        }
        return outcome(parts, pauseMicros);
    }

    private List<Part> prepareAll(List<Request> requests, boolean mayShareParent) throws IOException {
        List<Part> parts = new ArrayList<>();
        try {
            for (Request request : requests) {
                parts.add(prepare(request, mayShareParent));
            }
            storage.syncNames();
        } catch (IOException | RuntimeException e) {
            discard(parts, e);
            throw e;
        }
        return parts;
    }

    private Part prepare(Request request, boolean mayShareParent) throws IOException {
        attachments.stopMerging(request.source().id());
        attachments.settle(request.source().name());
        // Read anew: the tree may not know of a footer that changed since.
        ChainFile source = ChainFile.read(storage, request.source().name());
        Attachments.Attachment attachment =
                attachments.get(request.source().id()).orElse(null);
        String childName = request.vdi() + VHD;
        long size = request.sizeBytes() == 0 ? source.sizeBytes() : request.sizeBytes();
        Optional<ChainFile> parent = mayShareParent && isEmpty(source, attachment)
                ? new ParentFinder(storage).parentOf(source)
                : Optional.empty();
        if (parent.isPresent()) {
            Snapshot.Child child = prepareChild(childName, size, link(childName, parent.get()));
            return new Part(request, source, null, null, child, attachment);
        }
        request.mayDeepen().run();
        String end = source.name().substring(source.name().lastIndexOf('.'));
        ChainFile baseCopy = source.renamed(environment.uuids().get() + end);
        // The new file has another unique id, so only its name can keep the disk's identity.
        String leafName = request.source().id() + VHD;
        if (!leafName.equals(source.name()) && storage.exists(leafName)) {
            throw new IOException(
                    leafName + " is in the way: the disk's file " + source.name() + " must get that name");
        }
        Snapshot.Child leaf = prepareChild(leafName, source.sizeBytes(), linkToBaseCopy(source, leafName, baseCopy));
        Snapshot.Child child = prepareChild(childName, size, linkToBaseCopy(source, childName, baseCopy));
        ChainFile fresh = ChainFile.vhd(storage, leaf.prepared());
        return new Part(request, source, baseCopy.name(), new FreshLeaf(fresh, leaf), child, attachment);
    }

    private boolean isEmpty(ChainFile source, Attachments.@Nullable Attachment attachment) throws IOException {
        if (attachment != null) {
            return attachment.disk().chain().leaf().layer() instanceof SparseLayer layer && layer.isEmpty();
        }
        try (Layer layer = source.openReadOnly(storage)) {
            return layer instanceof SparseLayer sparse && sparse.isEmpty();
        }
    }

    private Snapshot.Child prepareChild(String name, long sizeBytes, ParentLink parent) throws IOException {
        String prepared = SrFiles.temporary(environment.uuids().get() + VHD);
        creator.differencing(
                prepared,
                sizeBytes,
                environment.uuids().get(),
                VhdTime.fromEpochSeconds(environment.clock().instant().getEpochSecond()),
                parent);
        return new Snapshot.Child(prepared, name);
    }

    private ParentLink link(String child, ChainFile parent) throws IOException {
        return ParentLink.of(storage, child, parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
    }

    /** The base copy has still the source's name, but the link must name it as it will be. */
    private ParentLink linkToBaseCopy(ChainFile source, String child, ChainFile baseCopy) throws IOException {
        ParentLink toSource = link(child, source);
        return new ParentLink(toSource.id(), toSource.timestamp(), baseCopy.name());
    }

    private static Snapshot operation(List<Part> parts) {
        List<Snapshot.Cut> cuts = new ArrayList<>();
        List<Snapshot.Child> children = new ArrayList<>();
        List<Snapshot.TextFile> records = new ArrayList<>();
        for (Part part : parts) {
            if (part.baseCopy() != null && part.freshLeaf() != null) {
                cuts.add(new Snapshot.Cut(part.source().name(), part.baseCopy()));
                children.add(part.freshLeaf().child());
            }
            children.add(part.child());
            if (part.baseCopy() != null && part.source().headers() == null) {
                records.add(record(VdiId.parse(SrFiles.stem(part.baseCopy())), VdiRecord.ofBaseCopy()));
            }
            records.add(record(part.request().vdi(), part.request().record()));
            records.add(record(part.request().source().id(), part.request().sourceRecord()));
        }
        return new Snapshot(cuts, children, records);
    }

    private static Snapshot.TextFile record(VdiId vdi, VdiRecord record) {
        return new Snapshot.TextFile(SrFiles.vdiRecord(vdi), VdiRecords.encode(record));
    }

    /** Opens the new leaves of attached disks before the cut, so that nothing can fail after it. */
    private void openFreshLeaves(List<Part> parts, List<Layer> opened) throws IOException {
        for (Part part : parts) {
            FreshLeaf fresh = part.freshLeaf();
            if (fresh == null || part.attachment() == null) {
                continue;
            }
            boolean readOnly = part.attachment().disk().readOnly();
            opened.add(
                    readOnly
                            ? fresh.file().openReadOnly(storage)
                            : fresh.file()
                                    .openWritable(
                                            storage,
                                            redo.open(fresh.file()
                                                    .renamed(fresh.child().name()))));
        }
    }

    /**
     * Whether a disk that holds nothing may still be written to: if recovery completed the operation then, this disk's copy
     * would be of an earlier moment than those of the others.
     */
    private static boolean mustRecordLate(List<Part> parts) {
        return parts.stream()
                .anyMatch(part -> !part.deepens()
                        && part.attachment() != null
                        && !part.attachment().disk().readOnly());
    }

    /** Returns how long requests were held back, in microseconds. */
    private long cutWithGatesClosed(List<Part> parts, Snapshot operation, List<Layer> freshLayers) throws IOException {
        List<LiveDisk.Pause> pauses = new ArrayList<>();
        long start = environment.nanoTime().getAsLong();
        try {
            for (Part part : parts) {
                if (part.attachment() != null) {
                    pauses.add(part.attachment().disk().pause());
                }
            }
            for (Part part : parts) {
                sealSource(part);
            }
            if (mustRecordLate(parts)) {
                journal.record(operation);
            }
            cutOrUndo(operation);
            goOn(parts, pauses, freshLayers);
        } finally {
            pauses.forEach(LiveDisk.Pause::close);
        }
        return pauses.isEmpty() ? 0 : (environment.nanoTime().getAsLong() - start) / 1000;
    }

    private static void sealSource(Part part) throws IOException {
        if (part.attachment() == null || part.attachment().disk().readOnly()) {
            return;
        }
        Layer layer = part.attachment().disk().chain().leaf().layer();
        if (layer instanceof SparseLayer sparse) {
            if (!part.deepens() && !sparse.isEmpty()) {
                throw new NoLongerEmptyException();
            }
            sparse.seal();
        } else {
            layer.flush();
        }
    }

    private void cutOrUndo(Snapshot operation) throws IOException {
        try {
            operation.cut(storage);
        } catch (IOException e) {
            undo(operation, e);
            throw e;
        }
    }

    private void undo(Snapshot operation, IOException reason) {
        try {
            operation.undo(storage);
        } catch (IOException e) {
            reason.addSuppressed(e);
            throw new StuckException(reason);
        }
    }

    /** Base copies are never written again. */
    private static void retireBaseCopies(List<Part> parts) throws IOException {
        for (Part part : parts) {
            if (part.attachment() != null && part.deepens()) {
                Layer base = part.attachment().disk().chain().nodes().get(1).layer();
                if (base instanceof SparseLayer sparse) {
                    sparse.retire();
                }
            }
        }
    }

    private void goOn(List<Part> parts, List<LiveDisk.Pause> pauses, List<Layer> freshLayers) {
        int pause = 0;
        int layer = 0;
        for (Part part : parts) {
            if (part.attachment() == null) {
                continue;
            }
            LiveDisk.Pause gate = pauses.get(pause++);
            if (part.baseCopy() == null || part.freshLeaf() == null) {
                continue;
            }
            List<Chain.Node> nodes = new ArrayList<>(gate.chain().nodes());
            Chain.Node base = attachments.nodes().renamed(nodes.get(0), part.baseCopy());
            nodes.set(0, base);
            nodes.add(0, attachments.nodes().enter(part.freshLeaf().child().name(), freshLayers.get(layer++)));
            gate.replace(new Chain(nodes));
        }
    }

    /** Makes sure that nothing comes of an operation any more, after it was undone or before it was begun. */
    private void abandon(Snapshot operation, List<Layer> freshLayers, Exception reason) {
        if (reason instanceof StuckException) {
            return;
        }
        try {
            journal.forget();
        } catch (IOException e) {
            reason.addSuppressed(e);
            throw new StuckException(reason);
        }
        try {
            for (Layer layer : freshLayers) {
                layer.close();
            }
            for (Snapshot.Child child : operation.children()) {
                storage.delete(child.prepared());
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private void discard(List<Part> parts, Exception reason) {
        try {
            for (Part part : parts) {
                storage.delete(part.child().prepared());
                if (part.freshLeaf() != null) {
                    storage.delete(part.freshLeaf().child().prepared());
                }
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private static Outcome outcome(List<Part> parts, long pauseMicros) {
        List<SnapshotResult> results = new ArrayList<>();
        List<String> changed = new ArrayList<>();
        for (Part part : parts) {
            boolean attached = part.attachment() != null;
            results.add(new SnapshotResult(
                    part.request().vdi(), part.request().source().id(), attached ? pauseMicros : 0, null));
            changed.add(part.child().name());
            changed.add(part.source().name());
            if (part.baseCopy() != null && part.freshLeaf() != null) {
                changed.add(part.baseCopy());
                changed.add(part.freshLeaf().child().name());
            }
        }
        return new Outcome(results, changed);
    }

    /** A disk that held nothing was written to before its requests were held back. */
    private static final class NoLongerEmptyException extends IOException {
        private static final long serialVersionUID = 1;

        NoLongerEmptyException() {
            super("the disk was written to meanwhile");
        }
    }

    /** A cut failed half-way and could not be undone: only recovery, at the next attach, can tell what to do. */
    static final class StuckException extends RuntimeException {
        private static final long serialVersionUID = 1;

        StuckException(Exception cause) {
            super(cause);
        }
    }
}
