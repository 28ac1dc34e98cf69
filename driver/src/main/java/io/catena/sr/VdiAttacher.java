package io.catena.sr;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.vhd.ChainFile;
import java.io.IOException;
import java.util.Optional;

/**
 * Attaches disks, if that is allowed.
 *
 * <p><b>Threads.</b> Used under the SR's tree lock only.
 */
final class VdiAttacher {
    private final OpenSr sr;

    VdiAttacher(OpenSr sr) {
        this.sr = sr;
    }

    /** Opens a disk for I/O and publishes it; does nothing if it is attached in this mode already. */
    Export attach(VdiId id, AccessMode mode) throws IOException {
        Node node = sr.view.usableVdi(id);
        Optional<Attachments.Attachment> now = sr.attachments.get(id);
        if (now.isPresent() && now.get().mode() != mode) {
            throw new SrException(
                            SrError.VDI_IN_USE,
                            "VDI " + id + " is attached " + now.get().mode().symbol())
                    .correction("Detach it first: catena vdi detach " + id);
        }
        if (now.isPresent()) {
            return now.get().export();
        }
        if (mode == AccessMode.READ_WRITE) {
            checkWritable(node);
        }
        return sr.attachments.attach(id, ChainFile.read(sr.storage, node.name()), mode);
    }

    private void checkWritable(Node node) {
        VdiId id = node.id();
        sr.use.checkNotRead(id);
        if (sr.view.isReadOnly(node)) {
            throw new SrException(
                            SrError.VDI_TYPE,
                            "VDI " + id + " is a snapshot or the parent of other disks, and can only be read")
                    .correction("Attach it with --read-only, or make a writable copy: catena vdi clone " + id);
        }
    }
}
