package io.catena.sr;

import io.catena.api.SrError;
import io.catena.api.SrException;
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

    private final Storage storage;
    private final SrTree tree;
    private final Attachments attachments;
    private final Environment environment;

    Reverter(Storage storage, SrTree tree, Attachments attachments, Environment environment) {
        this.storage = storage;
        this.tree = tree;
        this.attachments = attachments;
        this.environment = environment;
    }

    /** Reverts a disk that nobody uses; returns the names of the files that changed. */
    List<String> revert(Node disk, Node snapshot, Errors.Work<?> writeRecord) throws IOException {
        attachments.stopMerging(disk.id());
        attachments.stopMerging(snapshot.id());
        attachments.settle(snapshot.name());
        ChainFile file = ChainFile.read(storage, snapshot.name());
        ChainFile parent = parentOf(snapshot, file);
        String name = disk.id() + VHD;
        if (!name.equals(disk.name()) && storage.exists(name)) {
            throw new IOException(name + " is in the way: the disk's file " + disk.name() + " must get that name");
        }
        writeRecord.run();
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
        tree.run(new Replace(prepared, name, disk.name()));
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
