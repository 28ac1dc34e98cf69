package io.catena.agent.host;

import io.catena.agent.host.HostState.AttachedVdi;
import io.catena.agent.host.HostState.KnownSr;
import io.catena.api.AccessMode;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.log.LogLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Takes an SR that was opened among those that are attached, and attaches again what was attached of its disks. Called
 * under the host's lock of changes; when the agent starts, by several threads for who holds it, each with another SR.
 */
final class SrAttacher {
    private static final Logger LOG = Logger.getLogger(SrAttacher.class.getName());

    private final SavedState saved;
    private final HeldSrs held;
    private final RestoreProblems problems;
    private final UnfinishedJobs unfinished;
    private final ExportServers exports;
    private final SrMemory memory;

    SrAttacher(
            SavedState saved,
            HeldSrs held,
            RestoreProblems problems,
            UnfinishedJobs unfinished,
            ExportServers exports,
            SrMemory memory) {
        this.saved = saved;
        this.held = held;
        this.problems = problems;
        this.unfinished = unfinished;
        this.exports = exports;
        this.memory = memory;
    }

    /**
     * Remembers an SR first and lets it be used then; closes it if it cannot be remembered.
     *
     * @param awaited returns the disks that clients wait for, which are attached before others
     */
    KnownSr attach(Path path, AttachedSr sr, Supplier<List<VdiId>> awaited) throws IOException {
        SrId id = sr.id();
        try {
            refuseASecond(path, id);
            saved.change(state -> state.withAttached(id, sr.name(), path.toString()));
        } catch (SrException e) {
            sr.close();
            throw e;
        }
        problems.remove(id);
        unfinished.expect(sr);
        held.add(new HeldSr(sr, memory, exports));
        LOG.info(LogLine.of("sr-attached", "sr", id, "name", sr.name(), "path", path));
        RestoreQueue queue = new RestoreQueue(saved.known(id).vdis(), awaited);
        for (List<AttachedVdi> next = queue.next(); !next.isEmpty(); next = queue.next()) {
            next.forEach(vdi -> restore(sr, vdi));
        }
        sr.restored();
        return saved.known(id);
    }

    private void refuseASecond(Path path, SrId id) {
        if (held.contains(id)) {
            String first = saved.known(id).path();
            throw new SrException(
                    SrError.SR_IN_USE, "SR " + id + " in " + path + " is attached from " + first + " already");
        }
    }

    private void restore(AttachedSr sr, AttachedVdi vdi) {
        try {
            AccessMode active = vdi.active();
            sr.restore(vdi.vdi(), vdi.holder(), vdi.mode(), active);
            if (active != null) {
                vdi.exports().forEach(kind -> exports.open(kind, vdi.vdi()));
            }
            LOG.info(LogLine.of(
                    "vdi-restored",
                    "vdi",
                    vdi.vdi(),
                    "mode",
                    vdi.mode().symbol(),
                    "active",
                    active == null ? "no" : active.symbol()));
        } catch (RuntimeException e) {
            problems.add(sr.id(), vdi.vdi(), e);
            LOG.log(Level.SEVERE, LogLine.of("vdi-restore-failed", "vdi", vdi.vdi(), "sr", sr.id()), e);
        }
    }
}
