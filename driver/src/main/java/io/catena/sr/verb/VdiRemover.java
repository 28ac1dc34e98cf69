package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.op.Remove;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.store.Storage;
import io.catena.vhd.HiddenFlag;
import java.io.IOException;
import java.util.List;
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
            remove(node.get());
        }
    }

    /**
     * Deletes a disk's node ({@link Remove}), or hides it if others build on it. The record goes last: should it survive a
     * power cut alone, it means nothing.
     */
    private void remove(Node node) throws IOException {
        if (sr.tree.now().children(node.name()).isEmpty()) {
            sr.tree.lookOutside();
            refuseIfNeededByDamaged(node);
            List<String> records = List.of(SrFiles.vdiRecord(node.id()), SrFiles.elidedZeros(node.id()));
            sr.tree.remove(new Remove(node.name(), MergeRules.orphanOf(sr.tree.now(), node), records));
        } else if (node.file() == null) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + node.id() + " cannot be read, and others build on it")
                    .correction("Destroy the disks that build on it first.");
        } else if (node.file().headers() == null) {
            sr.records.write(node.id(), VdiRecord.ofBaseCopy());
            sr.tree.refresh(List.of(node.name()));
            return;
        } else {
            HiddenFlag.set(storage, node.name(), true);
        }
        storage.syncNames();
        sr.records.delete(node.id());
        storage.syncNames();
        sr.tree.refresh(List.of(node.name()));
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
