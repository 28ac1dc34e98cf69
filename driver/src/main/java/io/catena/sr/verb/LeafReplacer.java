package io.catena.sr.verb;

import io.catena.format.DynamicHeader;
import io.catena.format.VhdTime;
import io.catena.op.Orphans;
import io.catena.op.Replace;
import io.catena.sr.job.Environment;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.MergeRules;
import io.catena.sr.tree.Node;
import io.catena.sr.tree.StuckException;
import io.catena.store.Storage;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import io.catena.vhd.ParentLink;
import io.catena.vhd.SparseLayer;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.List;

/**
 * Gives a disk that nobody uses an empty leaf upon another node, in place of its own.
 *
 * <ol>
 *   <li>Write the disk's record: its file's name may have told the disk's name.
 *   <li>Lay ready an empty file that builds on the node, and make it and its name durable.
 *   <li>Record and run {@link Replace}; from its rename on the disk has the node's content.
 * </ol>
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
final class LeafReplacer {
    private static final String VHD = ".vhd";

    private final OpenSr sr;
    private final Storage storage;
    private final Environment environment;

    LeafReplacer(OpenSr sr) {
        this.sr = sr;
        this.storage = sr.storage;
        this.environment = sr.environment;
    }

    /** Returns the names of the files that changed. */
    List<String> replace(Node disk, ChainFile parent, long sizeBytes) throws IOException {
        String name = disk.id() + VHD;
        if (!name.equals(disk.name()) && storage.exists(name)) {
            throw new IOException(name + " is in the way: the disk's file " + disk.name() + " must get that name");
        }
        VdiRecord record = sr.view.record(disk).withOrigin(null);
        String prepared = SrFiles.temporary(environment.uuids().get() + VHD);
        sr.tree.concern(List.of(disk));
        sr.tree.aside(() -> sr.records.write(disk.id(), record));
        try {
            sr.tree.aside(() -> prepare(prepared, name, parent, sizeBytes));
        } catch (IOException | RuntimeException e) {
            discard(prepared, e);
            throw e;
        }
        boolean staysThere = parent.name().equals(disk.parent());
        Orphans.Orphan orphan = staysThere ? null : MergeRules.orphanOf(sr.tree.now(), disk);
        run(new Replace(prepared, name, disk.name(), orphan));
        return List.of(disk.name(), name);
    }

    /** What is bound to happen, or may be, needs what was laid ready. */
    private void run(Replace operation) throws IOException {
        try {
            sr.tree.run(operation);
        } catch (IOException e) {
            if (!(e instanceof StuckException) && !sr.tree.isBound()) {
                discard(operation.prepared(), e);
            }
            throw e;
        }
    }

    private void prepare(String prepared, String name, ChainFile parent, long sizeBytes) throws IOException {
        int now = VhdTime.fromEpochSeconds(environment.clock().instant().getEpochSecond());
        ParentLink link =
                ParentLink.of(storage, name, parent.name(), parent.uniqueId().orElse(DynamicHeader.NO_ID));
        new VhdCreator(storage)
                .differencing(prepared, sizeBytes, environment.uuids().get(), now, link);
        storage.syncNames();
    }

    /** Whether a file holds nothing of its own. */
    static boolean isEmpty(Storage storage, ChainFile file) throws IOException {
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
