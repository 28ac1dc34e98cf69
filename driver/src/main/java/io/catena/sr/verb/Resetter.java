package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.open.OpenSr;
import io.catena.sr.tree.Node;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentFinder;
import java.io.IOException;
import java.util.List;

/**
 * Drops what a disk holds itself, as XenServer does at the boot of a virtual machine whose disk is to be reset.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Resetter {
    private final OpenSr sr;
    private final LeafReplacer replacer;

    public Resetter(OpenSr sr) {
        this.sr = sr;
        this.replacer = new LeafReplacer(sr);
    }

    /** Resets a disk that is set to be and not active; else does nothing. */
    public void beginBoot(VdiId id) throws IOException {
        boolean wanted = sr.view.record(sr.view.visible(id)).isResetOnBoot();
        if (wanted && sr.attachments.get(id).isEmpty()) {
            reset(id);
        }
    }

    public void reset(VdiId id) throws IOException {
        Node node = sr.view.usableVdi(id);
        sr.view.refuseContradiction(node);
        check(node);
        sr.tree.concern(List.of(node));
        sr.attachments.leaves().stopMerging(id, sr.tree::aside);
        sr.attachments.nodes().settle(node.name(), sr.tree::aside);
        ChainFile file = sr.tree.lookAside(() -> ChainFile.read(sr.storage, node.name()));
        ChainFile parent = sr.tree.lookAside(
                () -> new ParentFinder(sr.storage).parentOf(file).orElseThrow(() -> parentless(id)));
        sr.tree.refresh(replacer.replace(node, parent, file.sizeBytes()));
    }

    private void check(Node node) {
        VdiId id = node.id();
        sr.use.checkNotRead(id);
        if (sr.attachments.get(id).isPresent()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is " + sr.holds.text(id))
                    .correction("Deactivate it first: ", Remedy.of(Verb.VDI_DEACTIVATE, id));
        }
        if (sr.view.record(node).snapshotOf() != null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + id + " is a snapshot, which does not change")
                    .correction("Make a writable disk: ", Remedy.of(Verb.VDI_CLONE, id));
        }
        if (node.parent() == null) {
            throw parentless(id);
        }
        if (!sr.tree.now().children(node.name()).isEmpty() || sr.tree.now().isNamedByDamaged(node)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + id + " is the parent of other disks")
                    .correction("Destroy them first.");
        }
    }

    /**
     * Makes sure that a disk holds nothing of its own yet, so that its next boot begins with what it shows now.
     *
     * @throws SrException with {@link SrError#VDI_TYPE} if it holds something or builds on nothing
     */
    public void checkNothingWouldBeLost(Node node) throws IOException {
        if (sr.view.record(node).isResetOnBoot()) {
            return;
        }
        sr.view.usableVdi(node.id());
        check(node);
        sr.tree.concern(List.of(node));
        sr.attachments.nodes().settle(node.name(), sr.tree::aside);
        if (!sr.tree.lookAside(() -> LeafReplacer.isEmpty(sr.storage, ChainFile.read(sr.storage, node.name())))) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + node.id() + " holds data of its own, which its next boot would lose")
                    .correction(
                            "Take a snapshot first, to which it will be reset: ",
                            Remedy.of(Verb.VDI_SNAPSHOT, node.id()));
        }
    }

    private static SrException parentless(VdiId id) {
        return new SrException(SrError.VDI_TYPE, "VDI " + id + " builds on nothing that it could be reset to")
                .correction("Take a snapshot first: ", Remedy.of(Verb.VDI_SNAPSHOT, id));
    }
}
