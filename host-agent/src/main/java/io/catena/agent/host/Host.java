package io.catena.agent.host;

import io.catena.agent.host.HostState.KnownSr;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.Job;
import io.catena.api.JobQueue;
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
import io.catena.log.LogLine;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The storage repositories of this host. Remembers what is attached, and attaches it again after a restart; what cannot
 * be attached again is reported and does not keep the rest from coming back.
 *
 * <p><b>Threads.</b> SRs are attached and detached one after another, under {@link #changes}; only those that were attached when
 * the agent ended are attached side by side. Operations on the disks of attached SRs go on meanwhile.
 */
public final class Host implements StorageHost, Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** So that one that hangs does not keep the others from being served. */
    private static final int RESTORED_AT_ONCE = 4;

    private static final Supplier<List<VdiId>> NOBODY_WAITS = List::of;

    private static final Logger LOG = Logger.getLogger(Host.class.getName());

    private final SrDirectories directories;
    private final JobQueue jobs;
    private final Supplier<UUID> newIds;
    private final ExportServers exports;
    private final SavedState saved;
    private final HeldSrs held = new HeldSrs();
    private final RestoreProblems problems = new RestoreProblems();
    private final UnfinishedJobs unfinished;
    private final SrAttacher attacher;
    private final SrDetacher detacher;
    private final ReentrantLock changes = new ReentrantLock(true);

    /**
     * Starts with the state that was saved last; attaches nothing yet.
     *
     * @param exports export disks that are active in other ways than over NBD
     * @param stateFile where the state is kept
     * @throws IOException if the saved state cannot be read
     */
    public Host(SrOpener opener, ExportServers exports, JobQueue jobs, Path stateFile, Supplier<UUID> newIds)
            throws IOException {
        this.exports = exports;
        this.jobs = jobs;
        this.newIds = newIds;
        directories = new SrDirectories(opener);
        saved = new SavedState(stateFile);
        unfinished = new UnfinishedJobs(jobs, held);
        HostMemory memory = new HostMemory(saved, problems, unfinished, newIds);
        attacher = new SrAttacher(saved, held, problems, unfinished, exports, memory);
        detacher = new SrDetacher(held, jobs, unfinished, exports);
    }

    /** Attaches again what was attached when the agent ended; never throws for an SR or disk that cannot be. */
    public void restore() {
        restore(directory -> true, NOBODY_WAITS);
    }

    /**
     * As {@link #restore()}.
     *
     * @param reachable whether a directory can be looked at now; else that could wait for ever
     * @param awaited returns the disks that clients wait for at that moment, the first to come first: those of an SR are attached
     *     before its others
     */
    public void restore(Predicate<Path> reachable, Supplier<List<VdiId>> awaited) {
        change(() -> {
            List<KnownSr> attached =
                    saved.get().srs().stream().filter(KnownSr::attached).toList();
            restore(attached, reachable, awaited);
            // Devices of disks that are remembered and could not be attached wait until they are.
            exports.removeLeftovers(kind -> saved.get().exported(kind));
            unfinished.resume();
            return saved;
        });
    }

    private void restore(List<KnownSr> attached, Predicate<Path> reachable, Supplier<List<VdiId>> awaited) {
        ExecutorService threads = Executors.newFixedThreadPool(RESTORED_AT_ONCE, task -> {
            Thread thread = new Thread(task, "sr-restore");
            thread.setDaemon(true);
            return thread;
        });
        try {
            CompletableFuture<?>[] all = attached.stream()
                    .map(known -> CompletableFuture.runAsync(() -> restore(known, reachable, awaited), threads))
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(all).join();
        } finally {
            threads.shutdown();
        }
    }

    private void restore(KnownSr known, Predicate<Path> reachable, Supplier<List<VdiId>> awaited) {
        if (!reachable.test(Path.of(known.path()))) {
            problems.add(known.sr(), "what it lies on cannot be reached");
            return;
        }
        try {
            Path path = Path.of(known.path());
            attacher.attach(path, directories.open(path, known.sr(), false), awaited);
        } catch (SrException | IOException e) {
            failed(known, String.valueOf(e.getMessage()), e);
        } catch (RuntimeException e) {
            failed(known, e.toString(), e);
        }
    }

    private void failed(KnownSr known, String reason, Exception e) {
        problems.add(known.sr(), reason);
        LOG.log(Level.SEVERE, LogLine.of("sr-restore-failed", "sr", known.sr(), "path", known.path()), e);
    }

    @Override
    public Sr create(String name, Path directory, @Nullable SrId wanted) {
        if (name.isBlank()) {
            throw new SrException(SrError.BAD_REQUEST, "An SR needs a name");
        }
        SrId id = wanted == null ? new SrId(newIds.get()) : wanted;
        Path path = SrDirectories.normal(directory);
        return change(() -> {
            if (saved.get().find(id).isPresent()) {
                throw new SrException(SrError.SR_EXISTS, "There is an SR " + id + " already")
                        .correction("Leave out the id, and a new one will be chosen.");
            }
            try {
                return describe(attacher.attach(path, directories.create(path, id, name), NOBODY_WAITS));
            } catch (IOException e) {
                throw new SrException(
                        SrError.SR_CREATE, "The SR cannot be created in " + path + ": " + e.getMessage(), e);
            }
        });
    }

    @Override
    public Sr attach(Path directory, boolean adopt) {
        Path path = SrDirectories.normal(directory);
        return change(() -> {
            List<KnownSr> known = saved.get().srs().stream()
                    .filter(sr -> sr.path().equals(path.toString()))
                    .toList();
            Optional<KnownSr> attached =
                    known.stream().filter(sr -> held.contains(sr.sr())).findFirst();
            if (attached.isPresent()) {
                return describe(attached.get());
            }
            if (adopt && !known.isEmpty()) {
                refuseToReplace(known.get(0), path);
            }
            return openAndResume(path, null, adopt);
        });
    }

    /** What lies at a mount point whose file system is away must not take the place of the SR. */
    private void refuseToReplace(KnownSr known, Path path) {
        SrProbe.Kind kind = probe(path).kind();
        if (kind != SrProbe.Kind.SR) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " is where SR " + known.sr() + " was, and holds no SR")
                    .correction(
                            "Mount the SR's file system there; or, if it is gone for good, forget it first: ",
                            Remedy.of(Verb.SR_FORGET, known.sr()));
        }
    }

    @Override
    public Sr attach(SrId id) {
        return change(() -> {
            KnownSr known = saved.known(id);
            return held.contains(id) ? describe(known) : openAndResume(Path.of(known.path()), id, false);
        });
    }

    private Sr openAndResume(Path path, @Nullable SrId expected, boolean adopt) throws IOException {
        KnownSr known = attacher.attach(path, directories.open(path, expected, adopt), NOBODY_WAITS);
        unfinished.resume();
        return describe(known);
    }

    @Override
    public void forget(SrId id) {
        change(() -> {
            KnownSr known = saved.known(id);
            if (held.contains(id)) {
                throw new SrException(SrError.SR_IN_USE, "SR " + id + " in " + known.path() + " is attached")
                        .correction("Detach it first: ", Remedy.of(Verb.SR_DETACH, id));
            }
            problems.forget(id);
            saved.change(state -> state.without(id));
            LOG.info(LogLine.of("sr-forgotten", "sr", id, "path", known.path()));
            return id;
        });
    }

    @Override
    public SrUse detach(SrId id, boolean force) {
        return change(() -> {
            saved.known(id);
            SrUse use = held.contains(id) ? letGo(held.get(id), force) : new SrUse(id, List.of(), List.of());
            noteDetached(id);
            return use;
        });
    }

    /** Also an SR that could not be ended in order, since its directory is gone, is let go of, and stays so after a restart. */
    private SrUse letGo(HeldSr sr, boolean force) throws IOException {
        try {
            return detacher.detach(sr, force);
        } catch (IOException | SrException e) {
            if (held.contains(sr.id())) {
                throw e;
            }
            noteDetached(sr.id());
            throw new SrException(
                            SrError.IO_ERROR, "SR " + sr.id() + " is detached, but not in order: " + e.getMessage(), e)
                    .correction(
                            "Attach it again, which completes what is missing; or, if its directory is gone for good, forget it: ",
                            Remedy.of(Verb.SR_FORGET, sr.id()));
        }
    }

    private void noteDetached(SrId id) throws IOException {
        problems.forget(id);
        saved.change(state -> state.withDetached(id));
        LOG.info(LogLine.of("sr-detached", "sr", id));
    }

    @Override
    public void destroy(SrId id) {
        change(() -> {
            saved.known(id);
            detacher.destroy(held.get(id));
            problems.forget(id);
            saved.change(state -> state.without(id));
            LOG.info(LogLine.of("sr-destroyed", "sr", id));
            return id;
        });
    }

    @Override
    public SrProbe probe(Path directory) {
        return directories.probe(directory);
    }

    @Override
    public void allowSingleHost(Path directory) {
        directories.allowSingleHost(directory);
    }

    @Override
    public void share(Path directory, String how) {
        change(() -> directories.share(directory, how));
    }

    @Override
    public List<PeerHost> peers(Path directory) {
        return directories.peers(directory);
    }

    @Override
    public void fenced(Path directory, String host) {
        directories.fenced(directory, host);
    }

    /** The name is kept twice, so that an SR that is not attached can be called by it. */
    @Override
    public SrStat set(SrId id, SrChange wanted) {
        return change(() -> {
            SrStat stat = held.get(id).set(wanted);
            String path = saved.known(id).path();
            saved.change(state -> state.withAttached(id, stat.sr().name(), path));
            return stat;
        });
    }

    @Override
    public List<Sr> srs() {
        return saved.get().srs().stream()
                .map(this::describe)
                .sorted(Comparator.comparing(Sr::name).thenComparing(Sr::id))
                .collect(Collectors.toList());
    }

    private Sr describe(KnownSr known) {
        SrId id = known.sr();
        return new Sr(id, known.name(), known.path(), held.contains(id), problems.of(id));
    }

    @Override
    public StorageRepository repository(SrId id) {
        return held.get(id);
    }

    @Override
    public Export attachAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return held.get(sr).access().attachAs(kind, vdi, holder, mode);
    }

    @Override
    public Export activateAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return held.get(sr).access().activateAs(kind, vdi, holder, mode);
    }

    @Override
    public String blockDevicePath(VdiId vdi) {
        return exports.path(ExportKind.BLOCK, vdi);
    }

    @Override
    public List<Job> jobs() {
        return jobs.jobs();
    }

    @Override
    public Job job(long id) {
        return jobs.job(id);
    }

    @Override
    public Job cancel(long id) {
        return jobs.cancel(id);
    }

    @Override
    public Job pause(long id) {
        return jobs.pause(id);
    }

    @Override
    public Job resume(long id) {
        return jobs.resume(id);
    }

    /** Closes all SRs with their exports; they stay remembered as attached, and their jobs as unfinished. */
    @Override
    public void close() {
        unfinished.keepAll();
        change(() -> {
            held.all().forEach(this::close);
            return held;
        });
    }

    private void close(HeldSr sr) {
        try {
            detacher.close(sr);
            LOG.info(LogLine.of("sr-closed", "sr", sr.id()));
        } catch (SrException | IOException e) {
            LOG.log(Level.SEVERE, LogLine.of("sr-close-failed", "sr", sr.id()), e);
        }
    }

    private <T> T change(Change<T> change) {
        lockChanges();
        try {
            return change.run();
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, Objects.requireNonNullElse(e.getMessage(), e.toString()), e);
        } finally {
            changes.unlock();
        }
    }

    private void lockChanges() {
        try {
            if (changes.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new SrException(SrError.TRY_AGAIN, "Another SR is being attached or detached")
                .correction("Try again when that has ended.");
    }

    private interface Change<T> {
        T run() throws IOException;
    }
}
