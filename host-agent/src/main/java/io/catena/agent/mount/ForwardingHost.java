package io.catena.agent.mount;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.Job;
import io.catena.api.PeerHost;
import io.catena.api.Sr;
import io.catena.api.SrChange;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.SrStat;
import io.catena.api.SrUse;
import io.catena.api.StorageHost;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A host that lets another do everything. */
abstract class ForwardingHost implements StorageHost {
    final StorageHost host;

    ForwardingHost(StorageHost host) {
        this.host = host;
    }

    @Override
    public Sr create(String name, Path directory, @Nullable SrId id) {
        return host.create(name, directory, id);
    }

    @Override
    public void allowSingleHost(Path directory) {
        host.allowSingleHost(directory);
    }

    @Override
    public Sr attach(Path directory, boolean adopt) {
        return host.attach(directory, adopt);
    }

    @Override
    public void forget(SrId id) {
        host.forget(id);
    }

    @Override
    public Sr attach(SrId id) {
        return host.attach(id);
    }

    @Override
    public SrUse detach(SrId id, boolean force) {
        return host.detach(id, force);
    }

    @Override
    public void destroy(SrId id) {
        host.destroy(id);
    }

    @Override
    public SrProbe probe(Path directory) {
        return host.probe(directory);
    }

    @Override
    public void share(Path directory, String how) {
        host.share(directory, how);
    }

    @Override
    public List<PeerHost> peers(Path directory) {
        return host.peers(directory);
    }

    @Override
    public void fenced(Path directory, String peer) {
        host.fenced(directory, peer);
    }

    @Override
    public SrStat set(SrId id, SrChange change) {
        return host.set(id, change);
    }

    @Override
    public List<Sr> srs() {
        return host.srs();
    }

    @Override
    public StorageRepository repository(SrId id) {
        return host.repository(id);
    }

    @Override
    public Export attachAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return host.attachAs(kind, sr, vdi, holder, mode);
    }

    @Override
    public Export activateAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return host.activateAs(kind, sr, vdi, holder, mode);
    }

    @Override
    public String blockDevicePath(VdiId vdi) {
        return host.blockDevicePath(vdi);
    }

    @Override
    public List<Job> jobs() {
        return host.jobs();
    }

    @Override
    public Job job(long id) {
        return host.job(id);
    }

    @Override
    public Job cancel(long id) {
        return host.cancel(id);
    }

    @Override
    public Job pause(long id) {
        return host.pause(id);
    }

    @Override
    public Job resume(long id) {
        return host.resume(id);
    }
}
