package io.catena.sr.copy;

import io.catena.api.Job;
import io.catena.api.JobControl;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiOperations;
import io.catena.api.VdiSpec;
import io.catena.format.Footer;
import io.catena.sr.live.DiskReader;
import io.catena.sr.open.OpenSr;
import io.catena.sr.record.VdiRecord;
import io.catena.sr.tree.Node;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Copies disks of an SR into this or another one, as jobs.
 *
 * <p><b>Threads.</b> Takes the SR's tree lock for moments only, never while it copies.
 */
public final class CopyJobs {
    private final OpenSr sr;

    public CopyJobs(OpenSr sr) {
        this.sr = sr;
    }

    /**
     * Starts copying a disk. It is opened when the job begins, so a job that waits holds nothing.
     *
     * @param name empty for the disk's own
     * @param copy null for a new id
     */
    public Job start(VdiId id, VdiOperations target, String name, @Nullable VdiId copy) throws IOException {
        VdiSpec spec = sr.tree.open(id, () -> specification(id, name, copy));
        return sr.environment.jobs().start("copy", sr.settings.id(), control -> {
            Vdi made = copy(id, target, spec, control);
            return "copied to VDI " + made.vdi();
        });
    }

    private VdiSpec specification(VdiId id, String name, @Nullable VdiId copy) {
        Node node = sr.view.usableVdi(id);
        sr.use.checkNotWritten(id);
        VdiRecord own = sr.view.record(node);
        return new VdiSpec(
                node.sizeBytes(),
                name.isEmpty() ? own.name() : name,
                own.description(),
                Objects.requireNonNullElseGet(
                        copy, () -> new VdiId(sr.environment.uuids().get())),
                node.sizeBytes() > Footer.MAX_DISK_BYTES,
                own.allKeys());
    }

    private Vdi copy(VdiId id, VdiOperations target, VdiSpec spec, JobControl control) throws IOException {
        DiskReader reader = sr.tree.open(id, () -> {
            Node node = sr.view.usableVdi(id);
            sr.use.checkNotWritten(id);
            return sr.attachments.openReader(id, node.name(), sr.tree.opening());
        });
        try (VdiImport importing = target.importVdi(spec)) {
            return new Copier(reader.disk(), importing, control).copy();
        } finally {
            sr.tree.lockedIo(id, () -> {
                sr.attachments.closeReader(reader);
                return reader;
            });
        }
    }
}
