package io.catena.sr;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.format.DynamicHeader;
import io.catena.format.VhdTime;
import io.catena.op.Replace;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentFinder;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Gives a disk the content of one of its snapshots.
 *
 * <ol>
 *   <li>Write the disk's record: its file's name may have told the disk's name.
 *   <li>Lay ready an empty file that builds on what the snapshot builds on, and make it and its name durable.
 *   <li>Record and run {@link Replace}; from its rename on the disk has the snapshot's content.
 * </ol>
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
final class Reverter {
    private static final String VHD = ".vhd";

    private final OpenSr sr;
    private final Storage storage;
    private final Attachments attachments;
    private final Environment environment;

    Reverter(OpenSr sr) {
        this.sr = sr;
        this.storage = sr.storage;
        this.attachments = sr.attachments;
        this.environment = sr.environment;
    }

    /** Reverts a disk that nobody uses. */
    void revert(VdiId id, VdiId snapshot) throws IOException {
        Node disk = sr.view.visible(id);
        Node content = sr.view.usableVdi(snapshot);
        check(disk, content);
        sr.tree.refresh(revert(disk, content));
    }

    /** A disk that cannot be used can be reverted all the same: its own file is not needed. */
    private void check(Node disk, Node snapshot) {
        VdiRecord record = sr.view.record(snapshot);
        boolean madeElsewhere = record.snapshotOf() == null && record.created() == null;
        if (disk.id().equals(snapshot.id()) || !(disk.id().equals(record.snapshotOfId()) || madeElsewhere)) {
            throw new SrException(
                            SrError.BAD_REQUEST, "VDI " + snapshot.id() + " is not a snapshot of VDI " + disk.id())
                    .correction("See which are: catena vdi ls " + sr.settings.id());
        }
        sr.use.checkDetached(disk.id());
        if (sr.use.isWritten(snapshot.id())) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + snapshot.id() + " is being written to")
                    .correction("Detach it first: catena vdi detach " + snapshot.id());
        }
        if (sr.view.record(disk).snapshotOf() != null) {
            throw new SrException(SrError.VDI_TYPE, "VDI " + disk.id() + " is a snapshot, which does not change")
                    .correction("Make a writable disk: catena vdi clone " + snapshot.id());
        }
        if (!sr.tree.now().children(disk.name()).isEmpty() || sr.tree.now().isNamedByDamaged(disk)) {
            throw new SrException(SrError.VDI_IN_USE, "VDI " + disk.id() + " is the parent of other disks")
                    .correction("Make a writable disk of the snapshot: catena vdi clone " + snapshot.id());
        }
    }

    /** Returns the names of the files that changed. */
    private List<String> revert(Node disk, Node snapshot) throws IOException {
        attachments.stopMerging(disk.id());
        attachments.stopMerging(snapshot.id());
        attachments.settle(snapshot.name());
        ChainFile file = ChainFile.read(storage, snapshot.name());
        ChainFile parent = parentOf(snapshot, file);
        String name = disk.id() + VHD;
        if (!name.equals(disk.name()) && storage.exists(name)) {
            throw new IOException(name + " is in the way: the disk's file " + disk.name() + " must get that name");
        }
        sr.records.write(disk.id(), sr.view.record(disk));
        String prepared = SrFiles.temporary(environment.uuids().get() + VHD);
        try {
            new VhdCreator(storage)
                    .differencing(
                            prepared,
                            file.sizeBytes(),
                            environment.uuids().get(),
                            VhdTime.fromEpochSeconds(
                                    environment.clock().instant().getEpochSecond()),
                            ParentLink.of(
                                    storage,
                                    name,
                                    parent.name(),
                                    parent.uniqueId().orElse(DynamicHeader.NO_ID)));
            storage.syncNames();
        } catch (IOException | RuntimeException e) {
            discard(prepared, e);
            throw e;
        }
        sr.tree.run(new Replace(prepared, name, disk.name()));
        return List.of(disk.name(), name);
    }

    private ChainFile parentOf(Node snapshot, ChainFile file) throws IOException {
        Optional<ChainFile> parent = new ParentFinder(storage).parentOf(file);
        if (parent.isEmpty() || !isEmpty(file)) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + snapshot.id() + " holds data of its own and cannot be shared by another disk")
                    .correction("Take a snapshot of it and revert to that, or use a clone: catena vdi clone "
                            + snapshot.id());
        }
        return parent.get();
    }

    private boolean isEmpty(ChainFile file) throws IOException {
        try (Layer layer = file.openReadOnly(storage)) {
            return layer instanceof SparseLayer sparse && sparse.isEmpty();
        }
    }

    private void discard(String prepared, Exception reason) {
        try {
            storage.delete(prepared);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
