package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.ContentOrigin;
import io.catena.api.DeletionGain;
import io.catena.api.DiskRange;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.GarbageControl;
import io.catena.api.GcChange;
import io.catena.api.GcStatus;
import io.catena.api.Hold;
import io.catena.api.Job;
import io.catena.api.PauseHistogram;
import io.catena.api.SnapshotResult;
import io.catena.api.SnapshotSpec;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrNotes;
import io.catena.api.SrQuotas;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.StreamFormat;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiContents;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.api.VdiUpload;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.record.JobIntent;
import io.catena.sr.record.JobIntents;
import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An attached SR, guarded so that it is not closed under an operation, and so that the host remembers which of its disks
 * are attached.
 *
 * <p><b>Threads.</b> Operations share {@link #gate} and run in parallel; whoever closes the SR takes it alone, so waits
 * for the operations under way and holds back new ones. Looks take no lock at all.
 */
final class HeldSr implements StorageRepository {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final OpenFileReserve OPEN_FILES = OpenFileReserve.ofProcess();

    private final AttachedSr sr;
    private final Memory memory;
    private final ExportServers exports;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);

    /** Held by whoever attaches or detaches a disk, so that the memory sees the same order as the repository; of each disk. */
    private final Map<VdiId, ReentrantLock> attaching = new ConcurrentHashMap<>();

    /** Changed under {@link #gate}. */
    private volatile boolean closed;

    HeldSr(AttachedSr sr, Memory memory, ExportServers exports) {
        this.sr = sr;
        this.memory = memory;
        this.exports = exports;
    }

    /** Keeps which disks are to be attached when the agent starts again. */
    interface Memory {
        /**
         * All that holds a disk from now on; nothing does if it is empty.
         *
         * @param as how it is exported besides NBD
         */
        void holds(SrId sr, VdiId vdi, List<Hold> holds, Set<ExportKind> as);

        /**
         * A job that is to be begun again if it does not come to its end.
         *
         * @param intents where to keep it
         */
        void began(JobIntents intents, JobIntent intent);

        /** Returns an id for a disk. */
        VdiId newVdi();

        /** Whether the disk is to be attached. */
        boolean remembers(SrId sr, VdiId vdi);
    }

    /** What ends an SR. */
    interface Ending {
        void run(AttachedSr sr) throws IOException;
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

    /**
     * Ends the use of the SR, with no operation under way; none can begin afterwards.
     *
     * @throws SrException if {@code check} throws it; nothing has happened then
     */
    void end(Ending check, Ending ending) throws IOException {
        Lock alone = hold(gate.writeLock());
        try {
            if (closed) {
                return;
            }
            check.run(sr);
            closed = true;
            ending.run(sr);
        } finally {
            alone.unlock();
        }
    }

    @Override
    public SrStat stat() {
        return look(StorageRepository::stat);
    }

    @Override
    public SrStat scan() {
        return use(StorageRepository::scan);
    }

    @Override
    public List<Vdi> vdis() {
        return look(
                repository -> repository.vdis().stream().map(this::withExports).toList());
    }

    @Override
    public Vdi vdi(VdiId id) {
        return look(repository -> withExports(repository.vdi(id)));
    }

    private Vdi withExports(Vdi vdi) {
        Export export = vdi.export();
        return export == null ? vdi : vdi.with(exports.complete(export));
    }

    @Override
    public List<TreeNode> tree() {
        return look(StorageRepository::tree);
    }

    @Override
    public Vdi create(VdiSpec spec) {
        return use(repository -> repository.create(spec));
    }

    @Override
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        sr.awaitComplete(ids);
        return use(repository -> repository.snapshot(ids, name));
    }

    @Override
    public List<SnapshotResult> snapshot(List<SnapshotSpec> specs) {
        sr.awaitComplete(specs.stream().map(SnapshotSpec::of).toList());
        return use(repository -> repository.snapshot(specs));
    }

    @Override
    public Vdi clone(VdiId id, String name, long sizeBytes) {
        sr.awaitComplete(List.of(id));
        return use(repository -> repository.clone(id, name, sizeBytes));
    }

    @Override
    public SrCheck check(boolean repair) {
        return use(repository -> repository.check(repair));
    }

    @Override
    public void acceptLoss() {
        use(repository -> {
            repository.acceptLoss();
            return id();
        });
    }

    @Override
    public void keep(String file) {
        use(repository -> {
            repository.keep(file);
            return file;
        });
    }

    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        VdiId made = copy == null ? memory.newVdi() : copy;
        SrId to = target instanceof HeldSr other ? other.id() : id();
        sr.awaitComplete(List.of(id));
        return use(repository -> {
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
        return look(StorageRepository::quotas);
    }

    @Override
    public void admit(long sizeBytes, String owner) {
        look(repository -> {
            repository.admit(sizeBytes, owner);
            return owner;
        });
    }

    /** The import itself does not keep the SR from being closed; it is given up then. */
    @Override
    public VdiImport importVdi(VdiSpec spec, ContentOrigin origin) {
        return use(repository -> repository.importVdi(spec, origin));
    }

    @Override
    public Vdi set(VdiId id, VdiChange change) {
        return use(repository -> repository.set(id, change));
    }

    @Override
    public Vdi resize(VdiId id, long sizeBytes) {
        return use(repository -> {
            Vdi resized = repository.resize(id, sizeBytes);
            exports.resized(id);
            return withExports(resized);
        });
    }

    @Override
    public Vdi revert(VdiId id, VdiId snapshot) {
        return use(repository -> repository.revert(id, snapshot));
    }

    @Override
    public Vdi compose(VdiId parent, VdiId child) {
        return use(repository -> repository.compose(parent, child));
    }

    @Override
    public Vdi reset(VdiId id) {
        return use(repository -> repository.reset(id));
    }

    @Override
    public Vdi beginBoot(VdiId id) {
        return use(repository -> repository.beginBoot(id));
    }

    @Override
    public SrStat set(SrChange change) {
        return use(repository -> repository.set(change));
    }

    @Override
    public void destroy(VdiId id) {
        use(repository -> {
            repository.destroy(id);
            forget(id);
            attaching.remove(id);
            return id;
        });
    }

    @Override
    public void destroyData(VdiId id) {
        use(repository -> {
            repository.destroyData(id);
            return id;
        });
    }

    @Override
    public Export attach(VdiId id, String holder, AccessMode mode) {
        return takeAndRemember(id, holder, ExportKind.NBD, repository -> repository.attach(id, holder, mode));
    }

    @Override
    public Export activate(VdiId id, String holder, AccessMode mode) {
        return takeAndRemember(id, holder, ExportKind.NBD, repository -> repository.activate(id, holder, mode));
    }

    @Override
    public Export attachAndActivate(VdiId id, String holder, AccessMode mode) {
        return takeAndRemember(
                id, holder, ExportKind.NBD, repository -> repository.attachAndActivate(id, holder, mode));
    }

    /** As {@link io.catena.api.StorageHost#attachAs}. */
    Export attachAs(ExportKind kind, VdiId id, String holder, AccessMode mode) {
        return takeAndRemember(id, holder, kind, repository -> repository.attachAndActivate(id, holder, mode));
    }

    /** As {@link io.catena.api.StorageHost#activateAs}. */
    Export activateAs(ExportKind kind, VdiId id, String holder, AccessMode mode) {
        return takeAndRemember(id, holder, kind, repository -> repository.activate(id, holder, mode));
    }

    @Override
    public void deactivate(VdiId id, String holder) {
        giveUpAndForget(id, holder, repository -> repository.deactivate(id, holder));
    }

    @Override
    public void detach(VdiId id, String holder) {
        giveUpAndForget(id, holder, repository -> repository.detach(id, holder));
    }

    /** Also what is remembered, but could not be attached again, is forgotten. */
    @Override
    public void detach(VdiId id) {
        giveUpAndForget(id, null, repository -> repository.detach(id));
    }

    @Override
    public List<Hold> holds() {
        return look(StorageRepository::holds);
    }

    @Override
    public PauseHistogram pauses() {
        return look(StorageRepository::pauses);
    }

    @Override
    public GarbageControl garbage() {
        return new HeldGarbage();
    }

    /** A stream does not keep the SR from being closed; it breaks off then. */
    @Override
    public VdiContents contents() {
        return new VdiContents() {
            @Override
            public List<DiskRange> changes(VdiId vdi, @Nullable VdiId base) {
                sr.awaitComplete(List.of(vdi));
                return use(repository -> repository.contents().changes(vdi, base));
            }

            @Override
            public VdiStream export(VdiId vdi, StreamFormat format, @Nullable VdiId base) {
                sr.awaitComplete(List.of(vdi));
                return use(repository -> repository.contents().export(vdi, format, base));
            }

            @Override
            public VdiUpload upload(StreamFormat format, ReadableByteChannel source, long lengthBytes) {
                return look(repository -> repository.contents().upload(format, source, lengthBytes));
            }
        };
    }

    @Override
    public SrNotes notes() {
        return new SrNotes() {
            @Override
            public List<String> names() {
                return use(repository -> repository.notes().names());
            }

            @Override
            public Optional<String> read(String name) {
                return use(repository -> repository.notes().read(name));
            }

            @Override
            public void write(String name, String text) {
                use(repository -> {
                    repository.notes().write(name, text);
                    return name;
                });
            }

            @Override
            public void delete(String name) {
                use(repository -> {
                    repository.notes().delete(name);
                    return name;
                });
            }
        };
    }

    /** Garbage collection for as long as the SR is held. */
    private final class HeldGarbage implements GarbageControl {
        @Override
        public Job run(Collection<String> deleted) {
            return use(repository -> {
                Job job = repository.garbage().run(deleted);
                began(job, null);
                return job;
            });
        }

        @Override
        public GcStatus status() {
            return look(repository -> repository.garbage().status());
        }

        @Override
        public GcStatus pause() {
            return use(repository -> repository.garbage().pause());
        }

        @Override
        public GcStatus resume() {
            return use(repository -> repository.garbage().resume());
        }

        @Override
        public GcStatus cancel() {
            return use(repository -> repository.garbage().cancel());
        }

        @Override
        public GcStatus set(GcChange change) {
            return use(repository -> repository.garbage().set(change));
        }

        @Override
        public DeletionGain gain(VdiId vdi) {
            return look(repository -> repository.garbage().gain(vdi));
        }
    }

    /** Takes first and remembers then: a crash in between leaves a disk as it was for a caller that got no answer. */
    private Export takeAndRemember(
            VdiId id, String holder, ExportKind kind, Function<StorageRepository, Export> operation) {
        return useAlone(
                id,
                repository -> sr.taking(id, holder, () -> {
                    List<Hold> before = repository.holds().stream()
                            .filter(hold -> hold.vdi().equals(id))
                            .toList();
                    Set<ExportKind> exportedBefore = exports.kinds(id);
                    if (before.stream().allMatch(hold -> hold.active() == null)) {
                        OPEN_FILES.check();
                    }
                    Export export = operation.apply(repository);
                    try {
                        exports.open(kind, id);
                        sr.holdsChanged();
                        memory.holds(sr.id(), id, holds(repository, id), exports.kinds(id));
                    } catch (SrException e) {
                        if (!exportedBefore.contains(kind)) {
                            exports.close(kind, id);
                        }
                        takeBack(repository, id, holder, before);
                        throw e;
                    }
                    return exports.complete(export);
                }));
    }

    private static void takeBack(StorageRepository repository, VdiId id, String holder, List<Hold> before) {
        Optional<Hold> own =
                before.stream().filter(hold -> hold.holder().equals(holder)).findFirst();
        if (own.isEmpty()) {
            repository.detach(id, holder);
        } else if (own.get().active() == null) {
            repository.deactivate(id, holder);
        }
    }

    /**
     * Gives up first and forgets then: a crash in between only takes the disk once more. A disk that nobody has active any more
     * is exported no more; that comes first of all, for it is refused while somebody uses the device.
     *
     * @param holder who gives up; null for all
     */
    private void giveUpAndForget(VdiId id, @Nullable String holder, Consumer<StorageRepository> operation) {
        useAlone(id, repository -> {
            if (holds(repository, id).stream().noneMatch(hold -> staysActive(hold, holder))) {
                exports.close(id);
            }
            operation.accept(repository);
            sr.holdsChanged();
            List<Hold> left = holds(repository, id);
            if (!left.isEmpty() || memory.remembers(sr.id(), id)) {
                memory.holds(sr.id(), id, left, exports.kinds(id));
            }
            return id;
        });
    }

    private static boolean staysActive(Hold hold, @Nullable String holder) {
        return holder != null && !hold.holder().equals(holder) && hold.active() != null;
    }

    /** Those of this host; the SR itself keeps those of followers. */
    private static List<Hold> holds(StorageRepository repository, VdiId id) {
        return repository.holds().stream()
                .filter(hold -> hold.vdi().equals(id) && !hold.isOfFollower())
                .toList();
    }

    private void forget(VdiId id) {
        if (memory.remembers(sr.id(), id)) {
            memory.holds(sr.id(), id, List.of(), Set.of());
        }
    }

    private <T> T useAlone(VdiId id, Function<StorageRepository, T> operation) {
        return use(repository -> {
            Lock one = hold(attaching.computeIfAbsent(id, vdi -> new ReentrantLock(true)));
            try {
                return operation.apply(repository);
            } finally {
                one.unlock();
            }
        });
    }

    /** Waits for nobody, not even for who closes the SR. */
    private <T> T look(Function<StorageRepository, T> look) {
        checkOpen();
        return look.apply(sr.repository());
    }

    private void checkOpen() {
        if (closed) {
            throw new SrException(SrError.SR_UNAVAILABLE, "SR " + sr.id() + " was detached meanwhile")
                    .correction("Attach it with: ", Remedy.of(Verb.SR_ATTACH, sr.id()));
        }
    }

    private <T> T use(Function<StorageRepository, T> operation) {
        Lock shared = hold(gate.readLock());
        try {
            checkOpen();
            return operation.apply(sr.repository());
        } finally {
            shared.unlock();
        }
    }

    private Lock hold(Lock lock) {
        try {
            if (lock.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return lock;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new SrException(SrError.TRY_AGAIN, "SR " + sr.id() + " is busy with another operation")
                .correction("Try again when it has ended.");
    }
}
