package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.SrChange;
import io.catena.api.SrCheck;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrStat;
import io.catena.api.StorageRepository;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiChange;
import io.catena.api.VdiId;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An attached SR, guarded so that it is not closed under an operation, and so that the host remembers which of its disks
 * are attached.
 *
 * <p><b>Threads.</b> Operations share {@link #gate} and run in parallel; whoever closes the SR takes it alone, so waits
 * for the operations under way and holds back new ones.
 */
final class HeldSr implements StorageRepository {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final AttachedSr sr;
    private final Memory memory;
    private final LocalDevices devices;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock(true);

    /** Held by whoever attaches or detaches a disk, so that the memory sees the same order as the repository. */
    private final ReentrantLock attaching = new ReentrantLock(true);

    /** Guarded by {@link #gate}. */
    private boolean closed;

    HeldSr(AttachedSr sr, Memory memory, LocalDevices devices) {
        this.sr = sr;
        this.memory = memory;
        this.devices = devices;
    }

    /** Keeps which disks are to be attached when the agent starts again. */
    interface Memory {
        void attached(SrId sr, VdiId vdi, AccessMode mode, boolean block);

        void detached(SrId sr, VdiId vdi);

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
        return use(StorageRepository::stat);
    }

    @Override
    public SrStat scan() {
        return use(StorageRepository::scan);
    }

    @Override
    public List<Vdi> vdis() {
        return use(
                repository -> repository.vdis().stream().map(this::withDevice).toList());
    }

    @Override
    public Vdi vdi(VdiId id) {
        return use(repository -> withDevice(repository.vdi(id)));
    }

    private Vdi withDevice(Vdi vdi) {
        Export export = vdi.export();
        return export == null ? vdi : vdi.with(withDevice(export));
    }

    private Export withDevice(Export export) {
        return export.with(devices.device(export.vdi()).orElse(null));
    }

    @Override
    public List<TreeNode> tree() {
        return use(StorageRepository::tree);
    }

    @Override
    public Vdi create(VdiSpec spec) {
        return use(repository -> repository.create(spec));
    }

    @Override
    public List<SnapshotResult> snapshot(List<VdiId> ids, String name) {
        return use(repository -> repository.snapshot(ids, name));
    }

    @Override
    public Vdi clone(VdiId id, String name, long sizeBytes) {
        return use(repository -> repository.clone(id, name, sizeBytes));
    }

    @Override
    public SrCheck check(boolean repair) {
        return use(repository -> repository.check(repair));
    }

    @Override
    public Job copy(VdiId id, StorageRepository target, String name, @Nullable VdiId copy) {
        return use(repository -> repository.copy(id, target, name, copy));
    }

    /** The import itself does not keep the SR from being closed; it is given up then. */
    @Override
    public VdiImport importVdi(VdiSpec spec) {
        return use(repository -> repository.importVdi(spec));
    }

    @Override
    public Vdi set(VdiId id, VdiChange change) {
        return use(repository -> repository.set(id, change));
    }

    @Override
    public Vdi resize(VdiId id, long sizeBytes) {
        return use(repository -> {
            Vdi resized = repository.resize(id, sizeBytes);
            devices.resized(id);
            return withDevice(resized);
        });
    }

    @Override
    public Vdi revert(VdiId id, VdiId snapshot) {
        return use(repository -> repository.revert(id, snapshot));
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
            return id;
        });
    }

    @Override
    public Export attach(VdiId id, AccessMode mode) {
        return attach(id, mode, false);
    }

    /** As {@link io.catena.api.StorageHost#attachAsBlock}. */
    Export attachAsBlock(VdiId id, AccessMode mode) {
        return attach(id, mode, true);
    }

    private Export attach(VdiId id, AccessMode mode, boolean asBlock) {
        return use(repository -> {
            Lock one = hold(attaching);
            try {
                return attachAndRemember(repository, id, mode, asBlock);
            } finally {
                one.unlock();
            }
        });
    }

    /** Detaches first and forgets then: a crash in between only attaches the disk once more. */
    @Override
    public void detach(VdiId id) {
        use(repository -> {
            Lock one = hold(attaching);
            try {
                devices.remove(id);
                repository.detach(id);
                forget(id);
                return id;
            } finally {
                one.unlock();
            }
        });
    }

    @Override
    public Job collectGarbage() {
        return use(StorageRepository::collectGarbage);
    }

    /** Attaches first and remembers then: a crash in between leaves a disk detached whose caller got no answer. */
    private Export attachAndRemember(StorageRepository repository, VdiId id, AccessMode mode, boolean asBlock) {
        boolean isNew = !sr.attachedVdis().contains(id);
        Export export = repository.attach(id, mode);
        try {
            if (asBlock) {
                devices.add(id);
            }
            memory.attached(sr.id(), id, mode, devices.device(id).isPresent());
            return withDevice(export);
        } catch (SrException e) {
            if (isNew) {
                devices.remove(id);
                repository.detach(id);
            }
            throw e;
        }
    }

    private void forget(VdiId id) {
        if (memory.remembers(sr.id(), id)) {
            memory.detached(sr.id(), id);
        }
    }

    private <T> T use(Function<StorageRepository, T> operation) {
        Lock shared = hold(gate.readLock());
        try {
            if (closed) {
                throw new SrException(SrError.SR_UNAVAILABLE, "SR " + sr.id() + " was detached meanwhile")
                        .correction("Attach it with: catena sr attach " + sr.id());
            }
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
