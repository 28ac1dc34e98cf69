package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.format.DynamicHeader;
import io.catena.op.Compose;
import io.catena.op.Relink;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Rebase;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.MirrorMark;
import io.catena.sr.record.SrFiles;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.vhd.ChainFile;
import io.catena.vhd.ParentLink;
import io.catena.vhd.VhdHeaders;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Puts a disk upon another, as a storage migration does at its end: the parent was copied, and the child holds what was
 * written meanwhile.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Composer {
    private static final Advice NEW_CHILD = Advice.of("Write once more to a new disk that is marked before: ")
            .then(Remedy.of(Verb.VDI_CREATE, "SR").with("size", "SIZE").with("key", MirrorMark.SM_CONFIG + "=1"))
            .then("; then take a snapshot of it while it is empty.");

    private final OpenSr sr;

    public Composer(OpenSr sr) {
        this.sr = sr;
    }

    /**
     * Composes two disks. Concerns both, so nobody begins or ceases to use either meanwhile; whatever waits for the file system does so
     * without the tree lock, and disks that share base copies with them can be used.
     *
     * <ol>
     *   <li>End what garbage collection does with either, and complete both files.
     *   <li>If the child is active, open the parent's chain, flush, and let no zeros be left out from here on.
     *   <li>Make sure that none were before.
     *   <li>Record and run {@link Compose}. Once it is recorded the child will show what the parent holds, so an active one
     *       goes on with it, at one instant, even if a step fails: see {@link Rebase}.
     * </ol>
     */
    public void compose(VdiId parentId, VdiId childId) throws IOException {
        if (isDone(parentId, childId)) {
            return;
        }
        Node parent = sr.view.usableVdi(parentId);
        Node child = sr.view.usableVdi(childId);
        sr.view.refuseContradiction(parent);
        sr.view.refuseContradiction(child);
        sr.tree.concern(List.of(parent, child));
        check(parent, child);
        for (Node node : List.of(parent, child)) {
            sr.attachments.leaves().stopMerging(node.id(), sr.tree::aside);
            if (sr.attachments.get(node.id()).isEmpty()) {
                sr.attachments.nodes().settle(node.name(), sr.tree::aside);
            }
        }
        checkNothingIsLeftBehind(child);
        Aside aside = sr.tree.opening();
        aside.run(() -> sr.records.contentChanges(child.id(), sr.view.record(child)));
        run(aside.get(() -> operation(parent, child)), parent, child);
        sr.records.forget();
        sr.tree.refresh(List.of(parent.name(), child.name()));
    }

    /** Who got no answer may ask again. */
    private boolean isDone(VdiId parentId, VdiId childId) {
        Optional<Node> parent = sr.tree.now().node(parentId).filter(Node::hidden);
        Optional<Node> child = sr.tree.now().node(childId);
        return parent.isPresent()
                && child.isPresent()
                && sr.tree.now().parent(child.get()).equals(parent);
    }

    private void run(Compose operation, Node parent, Node child) throws IOException {
        Optional<Attachment> active = sr.attachments.get(child.id());
        if (active.isEmpty()) {
            checkHoldsItsZeros(child);
            sr.tree.run(operation);
            return;
        }
        try (Rebase rebase = sr.attachments.swaps().rebase(active.get(), sr.tree.opening())) {
            rebase.open(parent.name());
            checkHoldsItsZeros(child);
            sr.tree.commit(operation, rebase);
        }
    }

    /** What lies under a child is not seen any more afterwards. */
    private void checkNothingIsLeftBehind(Node child) throws IOException {
        List<Node> chain = sr.tree.now().chain(child);
        for (Node lower : chain.subList(1, chain.size())) {
            sr.attachments.nodes().settle(lower.name(), sr.tree::aside);
            if (!isEmpty(lower)) {
                throw new SrException(
                                SrError.VDI_TYPE,
                                "VDI " + child.id() + " builds on " + lower.name()
                                        + " already, which holds data that it would lose")
                        .correction(NEW_CHILD);
            }
        }
    }

    private boolean isEmpty(Node node) throws IOException {
        return sr.tree.lookAside(() -> LeafReplacer.isEmpty(sr.storage, ChainFile.read(sr.storage, node.name())));
    }

    private void checkHoldsItsZeros(Node child) throws IOException {
        if (sr.zeros.mayBeIn(child.id()) || sr.view.record(child).areZerosElided()) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + child.id() + " does not hold all of the zeros that were written to it, and would"
                                    + " show its parent's data in their place")
                    .correction(NEW_CHILD);
        }
    }

    private Compose operation(Node parent, Node child) throws IOException {
        ChainFile base = ChainFile.read(sr.storage, parent.name());
        VhdHeaders headers = headers(ChainFile.read(sr.storage, child.name()));
        ParentLink link = ParentLink.of(
                sr.storage, child.name(), base.name(), base.uniqueId().orElse(DynamicHeader.NO_ID));
        return new Compose(
                Relink.Child.of(child.name(), link.replaceIn(headers, child.name())),
                parent.name(),
                SrFiles.vdiRecord(parent.id()),
                MergeRules.orphanOf(sr.tree.now(), child));
    }

    private static VhdHeaders headers(ChainFile file) {
        return Objects.requireNonNull(file.headers());
    }

    private void check(Node parent, Node child) throws IOException {
        if (parent.id().equals(child.id()) || sr.tree.now().chain(parent).contains(child)) {
            throw new SrException(
                            SrError.BAD_REQUEST, "VDI " + parent.id() + " builds on VDI " + child.id() + " itself")
                    .correction("Name the parent first, then the child.");
        }
        sr.use.checkDetached(parent.id());
        sr.use.checkNotRead(child.id());
        checkChild(child);
        sr.tree.aside(() -> checkFit(parent, child));
        sr.settings.chainBudget().check(sr.tree.now(), child, sr.tree.now().depth(parent) + 1);
    }

    private void checkChild(Node child) {
        if (!sr.tree.now().children(child.name()).isEmpty() || sr.tree.now().isNamedByDamaged(child)) {
            throw new SrException(
                            SrError.VDI_IN_USE,
                            "VDI " + child.id() + " is the parent of other disks, whose content would change")
                    .correction("Use a disk that nothing builds on.");
        }
        if (sr.view.record(child).snapshotOf() != null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + child.id() + " is a snapshot, which does not change")
                    .correction("Use a clone of it: ", Remedy.of(Verb.VDI_CLONE, child.id()));
        }
        if (child.parent() == null) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + child.id() + " is no differencing disk, and cannot build on another")
                    .correction("Take a snapshot of it while it is empty: ", Remedy.of(Verb.VDI_SNAPSHOT, child.id()));
        }
    }

    private void checkFit(Node parent, Node child) throws IOException {
        ChainFile base = ChainFile.read(sr.storage, parent.name());
        ChainFile leaf = ChainFile.read(sr.storage, child.name());
        if (!base.isSparse() || !leaf.isSparse()) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + parent.id() + " and its child must be dynamic VHDs")
                    .correction("Copy the disk to get a dynamic one: ", Remedy.of(Verb.VDI_COPY, parent.id()));
        }
        if (base.sizeBytes() > leaf.sizeBytes()) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "VDI " + parent.id() + " has " + base.sizeBytes() + " bytes, more than the "
                                    + leaf.sizeBytes() + " of VDI " + child.id())
                    .correction(
                            "Make the child larger first: ", Remedy.of(Verb.VDI_RESIZE, child.id(), base.sizeBytes()));
        }
        int baseBlock = Objects.requireNonNull(headers(base).header()).blockSize();
        int leafBlock = Objects.requireNonNull(headers(leaf).header()).blockSize();
        if (baseBlock != leafBlock) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + parent.id() + " has blocks of " + baseBlock + " bytes, VDI " + child.id() + " of "
                                    + leafBlock)
                    .correction("Copy the parent to get the usual blocks: ", Remedy.of(Verb.VDI_COPY, parent.id()));
        }
    }
}
