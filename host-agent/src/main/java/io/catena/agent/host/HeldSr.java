package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.ChainNode;
import io.catena.api.ContentOrigin;
import io.catena.api.Export;
import io.catena.api.GarbageControl;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.JobIntent;
import io.catena.api.JobIntents;
import io.catena.api.PauseHistogram;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrId;
import io.catena.api.SrNotes;
import io.catena.api.SrQuotas;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiContents;
import io.catena.api.VdiDemand;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An attached SR, guarded so that it is not closed under an operation, and so that the host remembers which of its disks
 * are attached.
 *
 * <p><b>Threads.</b> Safe for use by many threads; see {@link SrGate}.
 */
final class HeldSr implements StorageRepository {
    private final AttachedSr sr;
    private final SrGate gate;
    private final SrMemory memory;
    private final ExportServers exports;
    private final HeldAccess access;
    private final HeldGarbage garbage;
    private final HeldContents contents;
    private final HeldNotes notes;

    HeldSr(AttachedSr sr, SrMemory memory, ExportServers exports) {
        this.sr = sr;
        this.memory = memory;
        this.exports = exports;
        gate = new SrGate(sr);
        access = new HeldAccess(sr, gate, memory, exports);
        garbage = new HeldGarbage(gate, job -> began(job, null));
        contents = new HeldContents(sr, gate);
        notes = new HeldNotes(gate);
    }

    /** Returns what holds the SR open for operations, and ends that. */
    SrGate gate() {
        return gate;
    }

    /** Returns who has which disks attached. */
    HeldAccess access() {
        return access;
    }

    SrId id() {
        return sr.id();
    }

    String name() {
        return sr.name();
    }

    JobIntents jobIntents() {
        return sr.jobIntents();
    }

    @Override
    public SrStat stat() {
        return gate.look(StorageRepository::stat);
    }

    @Override
    public SrStat scan() {
        return gate.use(StorageRepository::scan);
    }

    @Override
    public List<Vdi> vdis() {
        return gate.look(
                repository -> repository.vdis().stream().map(this::withExports).toList());
    }

    @Override
    public Vdi vdi(VdiId id) {
        return gate.look(repository -> withExports(repository.vdi(id)));
    }

    private Vdi withExports(Vdi vdi) {
        Export export = vdi.export();
        return export == null ? vdi : vdi.with(exports.complete(export));
    }

    @Override
    public List<ChainNode> nodes() {
        return gate.look(StorageRepository::nodes);
    }

    @Override
    public Vdi create(VdiSpec spec) {
        return gate.use(repository -> repository.create(spec));
    }

    @Override
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        sr.awaitComplete(ids);
        return gate.use(repository -> repository.snapshot(ids, name));
    }

    @Override
    public List<SnapshotResult> snapshot(List<SnapshotSpec> specs) {
        sr.awaitComplete(specs.stream().map(SnapshotSpec::of).toList());
        return gate.use(repository -> repository.snapshot(specs));
    }

    @Override
    public Vdi clone(VdiId id, String name, long sizeBytes) {
        sr.awaitComplete(List.of(id));
        return gate.use(repository -> repository.clone(id, name, sizeBytes));
    }

    @Override
    public SrCheck check(boolean repair) {
        return gate.use(repository -> repository.check(repair));
    }

    @Override
    public void acceptLoss() {
        gate.use(repository -> {
            repository.acceptLoss();
            return id();
        });
    }

    @Override
    public void keep(String file) {
        gate.use(repository -> {
            repository.keep(file);
            return file;
        });
    }

    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        VdiId made = copy == null ? memory.newVdi() : copy;
        SrId to = target instanceof HeldSr other ? other.id() : id();
        sr.awaitComplete(List.of(id));
        return gate.use(repository -> {
            Job job = repository.copy(id, target, name, made);
            began(job, new JobIntent.Copy(id, to, name, made));
            return job;
        });
    }

    /** Who has no answer yet does not miss a job that is lost before this was kept. */
    private void began(Job job, JobIntent.@Nullable Copy copy) {
        memory.began(sr.jobIntents(), new JobIntent(job.id(), job.kind(), copy));
    }

    @Override
    public SrQuotas quotas() {
        return gate.look(StorageRepository::quotas);
    }

    @Override
    public void admit(long sizeBytes, String owner) {
        gate.look(repository -> {
            repository.admit(sizeBytes, owner);
            return owner;
        });
    }

    @Override
    public void admit(VdiDemand demand) {
        gate.use(repository -> {
            repository.admit(demand);
            return demand;
        });
    }

    /** The import itself does not keep the SR from being closed; it is given up then. */
    @Override
    public VdiImport importVdi(VdiSpec spec, ContentOrigin origin) {
        return gate.use(repository -> repository.importVdi(spec, origin));
    }

    @Override
    public Vdi set(VdiId id, VdiChange change) {
        return gate.use(repository -> repository.set(id, change));
    }

    @Override
    public Vdi resize(VdiId id, long sizeBytes) {
        return gate.use(repository -> {
            Vdi resized = repository.resize(id, sizeBytes);
            exports.resized(id);
            return withExports(resized);
        });
    }

    @Override
    public Vdi revert(VdiId id, VdiId snapshot) {
        return gate.use(repository -> repository.revert(id, snapshot));
    }

    @Override
    public Vdi compose(VdiId parent, VdiId child) {
        return gate.use(repository -> repository.compose(parent, child));
    }

    @Override
    public Vdi reset(VdiId id) {
        return gate.use(repository -> repository.reset(id));
    }

    @Override
    public Vdi beginBoot(VdiId id) {
        return gate.use(repository -> repository.beginBoot(id));
    }

    @Override
    public SrStat set(SrChange change) {
        return gate.use(repository -> repository.set(change));
    }

    @Override
    public void destroy(VdiId id) {
        gate.use(repository -> {
            repository.destroy(id);
            access.forget(id);
            return id;
        });
    }

    @Override
    public void destroyData(VdiId id) {
        gate.use(repository -> {
            repository.destroyData(id);
            return id;
        });
    }

    @Override
    public Export attach(VdiId id, String holder, AccessMode mode) {
        return access.attach(id, holder, mode);
    }

    @Override
    public Export activate(VdiId id, String holder, AccessMode mode) {
        return access.activate(id, holder, mode);
    }

    @Override
    public Export attachAndActivate(VdiId id, String holder, AccessMode mode) {
        return access.attachAndActivate(id, holder, mode);
    }

    @Override
    public void deactivate(VdiId id, String holder) {
        access.deactivate(id, holder);
    }

    @Override
    public void detach(VdiId id, String holder) {
        access.detach(id, holder);
    }

    @Override
    public void detach(VdiId id) {
        access.detach(id);
    }

    @Override
    public List<Hold> holds() {
        return access.holds();
    }

    @Override
    public PauseHistogram pauses() {
        return gate.look(StorageRepository::pauses);
    }

    @Override
    public GarbageControl garbage() {
        return garbage;
    }

    @Override
    public VdiContents contents() {
        return contents;
    }

    @Override
    public SrNotes notes() {
        return notes;
    }
}
