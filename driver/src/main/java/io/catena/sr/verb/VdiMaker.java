package io.catena.sr.verb;

import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiSpec;
import io.catena.format.VhdTime;
import io.catena.sr.open.Admission;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.SrFiles;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Aside;
import io.catena.sr.tree.Node;
import io.catena.store.BlockFile;
import io.catena.store.Storage;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes disks.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
public final class VdiMaker {
    private final OpenSr sr;
    private final Storage storage;

    public VdiMaker(OpenSr sr) {
        this.sr = sr;
        this.storage = sr.storage;
    }

    /** Makes an empty disk. Does nothing if it is there already, made from the same specification. */
    public void create(NewVdi vdi) throws IOException {
        if (check(vdi)) {
            String prepared = SrFiles.temporary(vdi.file());
            storage.delete(prepared);
            publish(vdi, null, prepared, () -> makeFile(vdi, prepared));
        }
    }

    /** Makes sure that a disk can be made; returns false if it is there already. */
    boolean check(NewVdi vdi) throws IOException {
        if (isThereAlready(vdi)) {
            return false;
        }
        refuseTaken(vdi);
        sr.admission.check(sr.tree.now(), List.of(growth(vdi)));
        return true;
    }

    static Admission.Growth growth(NewVdi vdi) {
        return Admission.Growth.ofDisk(Admission.owner(vdi.spec().keys()), vdi.sizeBytes());
    }

    /** Who got no answer may ask again; but a disk that is another must not be taken for the one that was asked for. */
    private boolean isThereAlready(NewVdi vdi) {
        Optional<Node> node = sr.tree.now().node(vdi.id()).filter(n -> !n.hidden() && n.file() != null);
        if (node.isEmpty()) {
            return false;
        }
        List<String> differences = differences(node.get(), vdi);
        if (!differences.isEmpty()) {
            throw new SrException(
                            SrError.VDI_EXISTS,
                            "SR " + sr.settings.name() + " has a VDI " + vdi.id() + " already, with another "
                                    + String.join(", ", differences))
                    .correction("Choose another id or client name, or leave it out.");
        }
        return true;
    }

    private List<String> differences(Node found, NewVdi wanted) {
        VdiRecord own = sr.view.record(found);
        VdiSpec spec = wanted.spec();
        List<String> differences = new ArrayList<>();
        note(differences, "size", found.sizeBytes(), wanted.sizeBytes());
        note(differences, "name", own.name(), spec.name());
        note(differences, "description", own.description(), spec.description());
        note(differences, "keys", own.allKeys(), spec.keys());
        note(differences, "raw", found.name().endsWith(".raw"), spec.raw());
        return differences;
    }

    private static void note(List<String> differences, String what, Object found, Object wanted) {
        if (!found.equals(wanted)) {
            differences.add(what + " (" + found + ", asked for " + wanted + ")");
        }
    }

    /** Throws if there is a node with the id, or a file with the name. */
    void refuseTaken(NewVdi vdi) throws IOException {
        if (sr.tree.now().node(vdi.id()).isPresent() || sr.view.hasNoData(vdi.id()) || storage.exists(vdi.file())) {
            throw new SrException(
                            SrError.VDI_EXISTS,
                            "SR " + sr.settings.name() + " has a node with id " + vdi.id() + " already")
                    .correction("Choose another id or client name, or leave it out.");
        }
    }

    /** Makes a disk's file, empty and durable, under a temporary name. */
    void makeFile(NewVdi vdi, String prepared) throws IOException {
        if (vdi.spec().raw()) {
            try (BlockFile file = storage.create(prepared)) {
                file.truncate(vdi.sizeBytes());
                file.sync();
            }
        } else {
            int now = VhdTime.fromEpochSeconds(sr.environment.clock().instant().getEpochSecond());
            new VhdCreator(storage)
                    .dynamic(prepared, vdi.sizeBytes(), sr.environment.uuids().get(), now);
        }
    }

    /**
     * Makes a file a disk. If that fails nothing is left of it.
     *
     * <p>{@code origin} is the id that the maker of its content gave to that; null for a disk that starts empty.
     *
     * <ol>
     *   <li>Write the record. It comes first: without its node it means nothing, while a node without record would be a
     *       disk that has lost its name.
     *   <li>Make the file, which is durable then.
     *   <li>Delete what may be left of a disk with this id that was destroyed: it says nothing of this one.
     *   <li>Give it its name, and make that durable.
     * </ol>
     */
    void publish(NewVdi vdi, @Nullable UUID origin, String prepared, Aside.Step makeFile) throws IOException {
        sr.tree.aside(() -> place(vdi, origin, prepared, makeFile));
        sr.tree.refresh(List.of(vdi.file()));
    }

    private void place(NewVdi vdi, @Nullable UUID origin, String prepared, Aside.Step makeFile) throws IOException {
        try {
            writeRecord(vdi, origin);
            makeFile.take();
            storage.delete(SrFiles.elidedZeros(vdi.id()));
            storage.rename(prepared, vdi.file());
            storage.syncNames();
        } catch (IOException | RuntimeException e) {
            unmake(vdi, prepared, e);
            throw e;
        }
    }

    private void writeRecord(NewVdi vdi, @Nullable UUID origin) throws IOException {
        VdiSpec spec = vdi.spec();
        sr.records.write(
                vdi.id(),
                VdiRecord.of(
                                spec.name(),
                                spec.description(),
                                null,
                                sr.environment.clock().instant(),
                                spec.keys())
                        .withFile(vdi.file(), null)
                        .withOrigin(origin));
    }

    /** Else a disk that was refused would show up at the next scan, and its id could not be used again. */
    private void unmake(NewVdi vdi, String prepared, Exception reason) {
        try {
            storage.delete(prepared);
            storage.delete(vdi.file());
            sr.records.delete(vdi.id());
            storage.syncNames();
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
