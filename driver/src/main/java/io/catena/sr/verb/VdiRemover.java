package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.op.Remove;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.kept.KeptChanges;
import io.catena.sr.live.DiskReader;
import io.catena.sr.live.NodeRow;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Removes disks.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class VdiRemover {
    private final OpenSr sr;
    private final Storage storage;

    public VdiRemover(OpenSr sr) {
        this.sr = sr;
        this.storage = sr.storage;
    }

    /** Removes a disk that nobody uses; does nothing if it is gone. */
    public void remove(VdiId id) throws IOException {
        Optional<Node> node = sr.tree.now().node(id).filter(n -> !n.hidden());
        if (node.isPresent()) {
            sr.use.checkDetached(id);
            sr.view.refuseContradiction(node.get());
            deleteKept(id);
            remove(node.get());
        } else if (sr.view.hasNoData(id)) {
            deleteKept(id);
            sr.tree.aside(() -> deleteRecords(id));
            sr.tree.refresh(List.of());
        }
    }

    private void deleteKept(VdiId id) throws IOException {
        if (sr.tree.kept().has(id)) {
            sr.tree.aside(() -> sr.tree.kept().delete(id));
        }
    }

    /**
     * Gives up a snapshot's data, but not what is needed to tell what changed since.
     *
     * <ol>
     *   <li>Make durable what it shows: somebody may have a copy of that, and the changes are those since.
     *   <li>Write the side file: the snapshot differs from the base copy below it in what its own file holds. As long as the
     *       snapshot's file is there too it means nothing.
     *   <li>Delete the snapshot's file ({@link Remove}), and note that the base copy is garbage if nothing else builds on it. The
     *       record stays.
     * </ol>
     */
    public void destroyData(VdiId id) throws IOException {
        if (sr.view.hasNoData(id)) {
            return;
        }
        Node node = sr.view.usableVdi(id);
        checkIsLoneSnapshot(node);
        sr.tree.lookOutside(List.of(node));
        refuseIfNeededByDamaged(node);
        makeDurable(node);
        sr.tree.aside(() -> sr.tree.kept().write(kept(node)));
        sr.tree.remove(new Remove(
                node.name(), MergeRules.orphanOf(sr.tree.now(), node), List.of(SrFiles.elidedZeros(node.id()))));
        sr.tree.refresh(List.of(node.name()));
    }

    private void makeDurable(Node node) throws IOException {
        DiskReader reader = sr.attachments.openReader(node.id(), node.name(), sr.tree.opening());
        try {
            sr.tree.aside(reader::settle);
        } finally {
            sr.attachments.closeReader(reader);
        }
    }

    private void checkIsLoneSnapshot(Node node) {
        VdiId id = node.id();
        if (sr.view.record(node).snapshotOf() == null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + id + " is no snapshot, so its data is not given up")
                    .correction("To remove the disk: ", Remedy.of(Verb.VDI_DESTROY, id));
        }
        sr.use.checkDetached(id);
        sr.view.refuseContradiction(node);
        if (!sr.tree.now().children(node.name()).isEmpty()) {
            throw new SrException(SrError.VDI_IN_USE, "Other disks build on the data of VDI " + id)
                    .correction("Destroy the disks that build on it first.");
        }
    }

    private KeptChanges kept(Node node) throws IOException {
        List<KeptChanges.Anchor> anchors = sr
                .tree
                .now()
                .parent(node)
                .filter(parent -> parent.hidden() && parent.file() != null)
                .map(Tree::anchorOf)
                .stream()
                .toList();
        BitSet changed = new BitSet();
        try (NodeRow own = NodeRow.open(storage, List.of(Objects.requireNonNull(node.file())))) {
            own.addTo(changed);
        }
        return new KeptChanges(node.id(), node.sizeBytes(), anchors, changed);
    }

    /**
     * Deletes a disk's node ({@link Remove}), or hides it if others build on it. The record goes last: should it survive a
     * power cut alone, it means nothing.
     */
    private void remove(Node node) throws IOException {
        if (sr.tree.now().children(node.name()).isEmpty()) {
            sr.tree.lookOutside(List.of(node));
            refuseIfNeededByDamaged(node);
            List<String> records = SrFiles.recordsOf(node.id());
            sr.tree.remove(new Remove(node.name(), MergeRules.orphanOf(sr.tree.now(), node), records));
        } else if (node.file() == null) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + node.id() + " cannot be read, and others build on it")
                    .correction("Destroy the disks that build on it first.");
        } else if (node.file().headers() == null) {
            sr.tree.concern(List.of(node));
            sr.tree.aside(() -> sr.records.write(node.id(), VdiRecord.ofBaseCopy()));
            sr.tree.refresh(List.of(node.name()));
            return;
        } else {
            sr.tree.concern(List.of(node));
            sr.tree.aside(() -> HiddenFlag.set(storage, node.name(), true));
        }
        sr.tree.aside(() -> deleteRecords(node.id()));
        sr.tree.refresh(List.of(node.name()));
    }

    private void deleteRecords(VdiId id) throws IOException {
        storage.syncNames();
        sr.records.delete(id);
        storage.syncNames();
    }

    private void refuseIfNeededByDamaged(Node node) {
        if (sr.tree.now().isNamedByDamaged(node)) {
            throw new SrException(
                            SrError.VDI_IN_USE,
                            "VDI " + node.id() + " is the parent of "
                                    + sr.tree.now().mayNeed(node).orElse("another file")
                                    + ", which is damaged, or whose name is none that a disk has")
                    .correction("Repair, rename or remove that file first.");
        }
    }
}
