package io.catena.sr.verb;

import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.format.Footer;
import io.catena.op.rewrite.Resize;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.live.Attachment;
import io.catena.sr.live.Attachments;
import io.catena.sr.open.Admission;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.Tree;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Makes disks larger, attached or not.
 *
 * <p>The requests of an attached disk run on while its file is changed, see {@link io.catena.sr.live.LiveGrowth}. Other disks are
 * attached and detached meanwhile: the change concerns this one alone.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class Resizer {
    private static final int SECTOR = 512;

    private final OpenSr sr;
    private final Storage storage;
    private final Attachments attachments;

    public Resizer(OpenSr sr) {
        this.sr = sr;
        this.storage = sr.storage;
        this.attachments = sr.attachments;
    }

    /** Makes a disk at least this large. */
    public void resize(VdiId id, long sizeBytes) throws IOException {
        Node node = growing(id);
        ChainFile file = ChainFile.read(storage, node.name());
        if (check(node, file, sizeBytes)) {
            resize(node, file, rounded(file, sizeBytes));
            sr.tree.refresh(List.of(node.name()));
        }
    }

    /** Makes sure that a disk would be made at least this large. */
    void check(VdiId id, long sizeBytes) throws IOException {
        Node node = growing(id);
        check(node, ChainFile.read(storage, node.name()), sizeBytes);
    }

    private Node growing(VdiId id) throws IOException {
        Node node = sr.view.usableVdi(id);
        sr.view.refuseContradiction(node);
        sr.use.checkNotRead(id);
        if (sr.view.record(node).snapshotOf() != null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + id + " is a snapshot, which does not change")
                    .correction(
                            "Make a larger disk of it: ",
                            Remedy.of(Verb.VDI_CLONE, id).with("size", "SIZE"));
        }
        return node;
    }

    /** Makes sure that a disk can get this size; returns false if it has it already. */
    private boolean check(Node node, ChainFile file, long sizeBytes) throws IOException {
        long size = rounded(file, sizeBytes);
        if (size == file.sizeBytes() && shows(node, size)) {
            return false;
        }
        Tree tree = sr.tree.now();
        check(tree, node, file, size);
        String owner = Admission.owner(sr.view.record(node));
        sr.admission.check(tree, List.of(Admission.Growth.ofBytes(owner, size - file.sizeBytes())));
        return true;
    }

    /** A disk whose file has become larger may not have got as far as to show it. */
    private boolean shows(Node node, long size) {
        return attachments
                .get(node.id())
                .map(attachment -> attachment.disk().sizeBytes() == size)
                .orElse(true);
    }

    private void resize(Node node, ChainFile file, long size) throws IOException {
        sr.tree.concern(List.of(node));
        VdiRecord record = sr.view.record(node);
        sr.tree.aside(() -> sr.records.contentChanges(node.id(), record));
        attachments.leaves().stopMerging(node.id(), sr.tree::aside);
        Optional<Attachment> attachment = attachments.get(node.id());
        if (attachment.isPresent()) {
            attachments.swaps().growth(attachment.get()).grow(file, size, () -> growSurely(file, size), sr.tree::aside);
        } else {
            attachments.nodes().settle(node.name(), sr.tree::aside);
            sr.tree.aside(() -> growSurely(file, size));
        }
    }

    /** What failed may have been bound to happen already; once it has, nothing failed. */
    private void growSurely(ChainFile file, long size) throws IOException {
        try {
            grow(file, size);
        } catch (IOException e) {
            completeAfter(e, file, size);
        }
    }

    private void completeAfter(IOException reason, ChainFile file, long size) throws IOException {
        try {
            completeResize(file);
            if (ChainFile.read(storage, file.name()).sizeBytes() == size) {
                return;
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
        throw reason;
    }

    private static long rounded(ChainFile file, long sizeBytes) {
        long unit = file.isSparse() ? VhdCreator.roundedSize(1) : SECTOR;
        if (sizeBytes <= 0 || sizeBytes > Long.MAX_VALUE - unit) {
            throw new SrException(SrError.VDI_SIZE, "A disk of " + sizeBytes + " bytes cannot be made")
                    .correction("Give a positive number of bytes.");
        }
        return (sizeBytes + unit - 1) / unit * unit;
    }

    private void check(Tree tree, Node node, ChainFile file, long size) {
        if (size < file.sizeBytes()) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "VDI " + node.id() + " has " + file.sizeBytes() + " bytes and would shrink to " + size)
                    .correction("Disks only grow; copy the content to a smaller disk from inside a guest.");
        }
        if (file.headers() != null && size > Footer.MAX_DISK_BYTES) {
            throw new SrException(
                            SrError.VDI_SIZE,
                            "VDI " + node.id() + " cannot have " + size + " bytes: VHD disks have at most "
                                    + Footer.MAX_DISK_BYTES + " (2040 GiB)")
                    .correction("Use several disks, or a raw one (--raw).");
        }
        if (!tree.children(node.name()).isEmpty()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + node.id() + " is the parent of other disks")
                    .correction("Resize a clone: ", Remedy.of(Verb.VDI_CLONE, node.id()));
        }
        if (tree.parent(node)
                .filter(parent -> parent.sizeBytes() > file.sizeBytes())
                .isPresent()) {
            throw new SrException(
                            SrError.VDI_RESIZE,
                            "The parent of VDI " + node.id() + " is larger, and what it holds there would show")
                    .correction("Copy the disk, and resize the copy: ", Remedy.of(Verb.VDI_COPY, node.id()));
        }
        if (attachments
                .get(node.id())
                .filter(a -> a.mode() == AccessMode.READ_ONLY)
                .isPresent()) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + node.id() + " is attached read-only")
                    .correction("Detach it first: ", Remedy.of(Verb.VDI_DETACH, node.id()));
        }
    }

    private void grow(ChainFile file, long size) throws IOException {
        if (file.headers() == null) {
            growRaw(file, size);
        } else {
            new Resize(storage, file.name()).resize(size, (headers, before, after) -> {});
        }
    }

    /** What follows the last whole sector does not belong to the disk yet, and must not come into it. */
    private void growRaw(ChainFile file, long size) throws IOException {
        try (BlockFile open = storage.open(file.name())) {
            open.truncate(file.sizeBytes());
            open.truncate(size);
            open.sync();
        }
    }

    private void completeResize(ChainFile file) throws IOException {
        if (file.headers() != null) {
            new Resize(storage, file.name()).complete();
        }
    }
}
