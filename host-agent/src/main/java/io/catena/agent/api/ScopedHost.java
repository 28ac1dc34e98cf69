package io.catena.agent.api;

import io.catena.agent.api.problem.ApiException;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.Job;
import io.catena.api.PeerHost;
import io.catena.api.Sr;
import io.catena.api.SrChange;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.SrStat;
import io.catena.api.SrUse;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A host on which there are only some SRs, for a caller whose token is for these. The others look as if they were not there. */
final class ScopedHost implements StorageHost {
    private final StorageHost host;
    private final Set<SrId> srs;

    ScopedHost(StorageHost host, Set<SrId> srs) {
        this.host = host;
        this.srs = Set.copyOf(srs);
    }

    private SrId seen(SrId id) {
        if (!srs.contains(id)) {
            throw new SrException(SrError.SR_UNAVAILABLE, "There is no SR " + id + " for this caller");
        }
        return id;
    }

    private static SrException refused() {
        return new SrException(SrError.BAD_REQUEST, "A token for some SRs cannot make or look for others");
    }

    @Override
    public Sr create(String name, Path directory, @Nullable SrId id) {
        throw refused();
    }

    @Override
    public void allowSingleHost(Path directory) {
        throw refused();
    }

    @Override
    public Sr attach(Path directory, boolean adopt) {
        throw refused();
    }

    @Override
    public void forget(SrId id) {
        throw refused();
    }

    @Override
    public Sr attach(SrId id) {
        return host.attach(seen(id));
    }

    @Override
    public SrUse detach(SrId id, boolean force) {
        return host.detach(seen(id), force);
    }

    @Override
    public void destroy(SrId id) {
        host.destroy(seen(id));
    }

    @Override
    public SrProbe probe(Path directory) {
        throw refused();
    }

    @Override
    public void share(Path directory, String how) {
        throw refused();
    }

    @Override
    public List<PeerHost> peers(Path directory) {
        throw refused();
    }

    @Override
    public void fenced(Path directory, String peer) {
        throw refused();
    }

    @Override
    public SrStat set(SrId id, SrChange change) {
        return host.set(seen(id), change);
    }

    @Override
    public List<Sr> srs() {
        return host.srs().stream().filter(sr -> srs.contains(sr.id())).toList();
    }

    @Override
    public StorageRepository repository(SrId id) {
        return host.repository(seen(id));
    }

    @Override
    public Export attachAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return host.attachAs(kind, seen(sr), vdi, holder, mode);
    }

    @Override
    public Export activateAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return host.activateAs(kind, seen(sr), vdi, holder, mode);
    }

    @Override
    public String blockDevicePath(VdiId vdi) {
        return host.blockDevicePath(vdi);
    }

    @Override
    public List<Job> jobs() {
        return host.jobs().stream().filter(job -> srs.contains(job.sr())).toList();
    }

    @Override
    public Job job(long id) {
        Job job = host.job(id);
        if (!srs.contains(job.sr())) {
            throw ApiException.missing("There is no job " + id);
        }
        return job;
    }

    @Override
    public Job cancel(long id) {
        return host.cancel(job(id).id());
    }

    @Override
    public Job pause(long id) {
        return host.pause(job(id).id());
    }

    @Override
    public Job resume(long id) {
        return host.resume(job(id).id());
    }
}
