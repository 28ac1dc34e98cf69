package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.live.Attachments;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Gives a disk the content of one of its snapshots: it is put, empty, upon what the snapshot builds on.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Reverter {
    private final OpenSr sr;
    private final Attachments attachments;
    private final LeafReplacer replacer;

    public Reverter(OpenSr sr) {
        this.sr = sr;
        this.attachments = sr.attachments;
        this.replacer = new LeafReplacer(sr);
    }

    /** Reverts a disk that nobody uses. */
    public void revert(VdiId id, VdiId snapshot) throws IOException {
        Node disk = sr.view.visible(id);
        sr.view.refuseContradiction(disk);
        Node content = sr.view.usableVdi(snapshot);
        check(disk, content);
        sr.tree.concern(List.of(disk, content));
        sr.tree.refresh(revert(disk, content));
    }

    /** A disk that cannot be used can be reverted all the same: its own file is not needed. */
    private void check(Node disk, Node snapshot) {
        VdiRecord record = sr.view.record(snapshot);
        boolean madeElsewhere = record.snapshotOf() == null && record.created() == null;
        if (disk.id().equals(snapshot.id()) || !(disk.id().equals(record.snapshotOfId()) || madeElsewhere)) {
            throw new SrException(
                            SrError.BAD_REQUEST, "VDI " + snapshot.id() + " is not a snapshot of VDI " + disk.id())
                    .correction("See which are: ", Remedy.of(Verb.VDI_LS, sr.settings.id()));
        }
        sr.use.checkDetached(disk.id());
        if (sr.use.isWritten(snapshot.id())) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + snapshot.id() + " is being written to")
                    .correction("Detach it first: ", Remedy.of(Verb.VDI_DETACH, snapshot.id()));
        }
        if (sr.view.record(disk).snapshotOf() != null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + disk.id() + " is a snapshot, which does not change")
                    .correction("Make a writable disk: ", Remedy.of(Verb.VDI_CLONE, snapshot.id()));
        }
        if (!sr.tree.now().children(disk.name()).isEmpty() || sr.tree.now().isNamedByDamaged(disk)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + disk.id() + " is the parent of other disks")
                    .correction("Make a writable disk of the snapshot: ", Remedy.of(Verb.VDI_CLONE, snapshot.id()));
        }
    }

    /** Returns the names of the files that changed. */
    private List<String> revert(Node disk, Node snapshot) throws IOException {
        attachments.leaves().stopMerging(disk.id(), sr.tree::aside);
        attachments.leaves().stopMerging(snapshot.id(), sr.tree::aside);
        attachments.nodes().settle(snapshot.name(), sr.tree::aside);
        ChainFile file = sr.tree.lookAside(() -> ChainFile.read(sr.storage, snapshot.name()));
        ChainFile parent = sr.tree.lookAside(() -> parentOf(snapshot, file));
        return replacer.replace(disk, parent, file.sizeBytes());
    }

    private ChainFile parentOf(Node snapshot, ChainFile file) throws IOException {
        Optional<ChainFile> parent = new ParentFinder(sr.storage).parentOf(file);
        if (parent.isEmpty() || !LeafReplacer.isEmpty(sr.storage, file)) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + snapshot.id() + " holds data of its own and cannot be shared by another disk")
                    .correction(
                            "Take a snapshot of it and revert to that, or use a clone: ",
                            Remedy.of(Verb.VDI_CLONE, snapshot.id()));
        }
        return parent.get();
    }
}
