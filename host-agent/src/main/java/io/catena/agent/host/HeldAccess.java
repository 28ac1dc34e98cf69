package io.catena.agent.host;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
import io.catena.api.SrException;
import io.catena.api.StorageRepository;
import io.catena.api.VdiAccess;
import io.catena.api.VdiId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Attaches disks of an SR, and has the host remember which are: who has them, and how they are exported.
 *
 * <p><b>Threads.</b> Safe for use by many threads. What is done with one disk is done by one after another.
 */
final class HeldAccess implements VdiAccess {
    private static final OpenFileReserve OPEN_FILES = OpenFileReserve.ofProcess();

    private final AttachedSr sr;
    private final SrGate gate;
    private final SrMemory memory;
    private final ExportServers exports;

    /** Held by whoever attaches or detaches a disk, so that the memory sees the same order as the repository; of each disk. */
    private final Map<VdiId, ReentrantLock> attaching = new ConcurrentHashMap<>();

    HeldAccess(AttachedSr sr, SrGate gate, SrMemory memory, ExportServers exports) {
        this.sr = sr;
        this.gate = gate;
        this.memory = memory;
        this.exports = exports;
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
        return gate.look(StorageRepository::holds);
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

    /** To be called when a disk is gone. */
    void forget(VdiId id) {
        if (memory.remembers(sr.id(), id)) {
            memory.holds(sr.id(), id, List.of(), Set.of());
        }
        attaching.remove(id);
    }

    private <T> T useAlone(VdiId id, Function<StorageRepository, T> operation) {
        return gate.use(repository -> {
            Lock one = gate.hold(attaching.computeIfAbsent(id, vdi -> new ReentrantLock(true)));
            try {
                return operation.apply(repository);
            } finally {
                one.unlock();
            }
        });
    }
}
