package io.catena.agent.host;

import io.catena.agent.host.HostState.AttachedVdi;
import io.catena.agent.host.HostState.KnownSr;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.ExportKind;
import io.catena.api.Hold;
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
import io.catena.log.LogLine;
import io.catena.remedy.Advice;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import io.catena.sr.job.Jobs;
import io.catena.sr.record.JobIntent;
import io.catena.sr.record.JobIntents;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The storage repositories of this host. Remembers what is attached, and attaches it again after a restart; what cannot
 * be attached again is reported and does not keep the rest from coming back.
 *
 * <p><b>Threads.</b> SRs are attached and detached one after another, under {@link #changes}; operations on the disks of
 * attached SRs go on meanwhile.
 */
public final class Host implements StorageHost, Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Logger LOG = Logger.getLogger(Host.class.getName());

    private final SrOpener opener;
    private final Jobs jobs;
    private final Supplier<UUID> newIds;
    private final ExportServers exports;
    private final HostStateFile file;
    private final HeldSr.Memory memory = new FileMemory();
    private final ReentrantLock changes = new ReentrantLock(true);
    private final Map<SrId, HeldSr> held = new ConcurrentHashMap<>();

    /** The jobs that did not come to their end before and are not begun again yet; under {@link #changes}. */
    private final Map<SrId, List<JobIntent>> unfinished = new HashMap<>();

    private final Map<SrId, String> srProblems = new ConcurrentHashMap<>();
    private final Map<SrId, Map<VdiId, String>> vdiProblems = new ConcurrentHashMap<>();

    /** Replaced whole, by holders of this only, after it was saved. */
    private volatile HostState state;

    /** Whether the agent ends, so that jobs which are stopped are to be begun again. */
    private volatile boolean closing;

    /**
     * Starts with the state that was saved last; attaches nothing yet.
     *
     * @param exports export disks that are active in other ways than over NBD
     * @param stateFile where the state is kept
     * @throws IOException if the saved state cannot be read
     */
    public Host(SrOpener opener, ExportServers exports, Jobs jobs, Path stateFile, Supplier<UUID> newIds)
            throws IOException {
        this.opener = opener;
        this.exports = exports;
        this.jobs = jobs;
        this.newIds = newIds;
        file = new HostStateFile(stateFile);
        state = file.load();
    }

    /** Attaches again what was attached when the agent ended; never throws for an SR or disk that cannot be. */
    public void restore() {
        restore(directory -> true);
    }

    /**
     * As {@link #restore()}.
     *
     * @param reachable whether a directory can be looked at now; else that could wait for ever
     */
    public void restore(Predicate<Path> reachable) {
        change(() -> {
            for (KnownSr known : state.srs()) {
                if (known.attached() && reachable.test(Path.of(known.path()))) {
                    restore(known);
                } else if (known.attached()) {
                    srProblems.put(known.sr(), "could not be attached again: what it lies on cannot be reached");
                }
            }
            // Devices of disks that are remembered and could not be attached wait until they are.
            exports.removeLeftovers(state::exported);
            goOn();
            return state;
        });
    }

    @Override
    public Sr create(String name, Path directory, @Nullable SrId wanted) {
        if (name.isBlank()) {
            throw new SrException(SrError.BAD_REQUEST, "An SR needs a name");
        }
        SrId id = wanted == null ? new SrId(newIds.get()) : wanted;
        Path path = directory.toAbsolutePath().normalize();
        return change(() -> {
            if (state.find(id).isPresent()) {
                throw new SrException(SrError.SR_EXISTS, "There is an SR " + id + " already")
                        .correction("Leave out the id, and a new one will be chosen.");
            }
            boolean made = makeEmptyDirectory(path);
            try {
                return keep(path, opener.create(path, id, name));
            } catch (IOException | SrException e) {
                if (made) {
                    deleteIfEmpty(path, e);
                }
                throw asSrException(SrError.SR_CREATE, "The SR cannot be created in " + path, e);
            }
        });
    }

    @Override
    public void allowSingleHost(Path directory) {
        Path path = directory.toAbsolutePath().normalize();
        try {
            opener.allowSingleHost(path);
        } catch (IOException e) {
            throw asSrException(SrError.IO_ERROR, "It cannot be remembered that only this host uses " + path, e);
        }
    }

    @Override
    public Sr attach(Path directory, boolean adopt) {
        Path path = directory.toAbsolutePath().normalize();
        return change(() -> {
            List<KnownSr> known = state.srs().stream()
                    .filter(sr -> sr.path().equals(path.toString()))
                    .toList();
            Optional<KnownSr> attached =
                    known.stream().filter(sr -> held.containsKey(sr.sr())).findFirst();
            if (attached.isPresent()) {
                return describe(attached.get());
            }
            if (adopt && !known.isEmpty()) {
                refuseToReplace(known.get(0), path);
            }
            return openAndGoOn(path, null, adopt);
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
    public void forget(SrId id) {
        change(() -> {
            KnownSr known = known(id);
            if (held.containsKey(id)) {
                throw new SrException(SrError.SR_IN_USE, "SR " + id + " in " + known.path() + " is attached")
                        .correction("Detach it first: ", Remedy.of(Verb.SR_DETACH, id));
            }
            forgetProblems(id);
            remember(s -> s.without(id));
            LOG.info(LogLine.of("sr-forgotten", "sr", id, "path", known.path()));
            return id;
        });
    }

    @Override
    public Sr attach(SrId id) {
        return change(() -> {
            KnownSr known = known(id);
            return held.containsKey(id) ? describe(known) : openAndGoOn(Path.of(known.path()), id, false);
        });
    }

    @Override
    public SrUse detach(SrId id, boolean force) {
        return change(() -> {
            known(id);
            HeldSr sr = held.get(id);
            SrUse use = sr == null ? new SrUse(id, List.of(), List.of()) : detach(sr, force);
            forgetProblems(id);
            remember(s -> s.withDetached(id));
            LOG.info(LogLine.of("sr-detached", "sr", id));
            return use;
        });
    }

    private SrUse detach(HeldSr sr, boolean force) throws IOException {
        AtomicReference<SrUse> ended = new AtomicReference<>(new SrUse(sr.id(), List.of(), List.of()));
        end(
                sr,
                attached -> {
                    if (!force) {
                        refuseWhileInUse(attached, "detached");
                    }
                    ended.set(useOf(attached));
                    endExports(attached);
                    attached.giveUp();
                },
                AttachedSr::close);
        SrUse use = Objects.requireNonNull(ended.get());
        for (Hold hold : use.holds()) {
            LOG.warning(LogLine.of("vdi-detach-forced", "vdi", hold.vdi(), "sr", sr.id(), "was", hold.text()));
        }
        return use;
    }

    private SrUse useOf(AttachedSr sr) {
        List<Job> running = jobs.jobs().stream()
                .filter(job -> job.sr().equals(sr.id()) && !job.state().ended())
                .toList();
        return new SrUse(sr.id(), sr.repository().holds(), running);
    }

    /** All or none: who uses a device keeps the SR, with all that others had. */
    private void endExports(AttachedSr sr) {
        Map<VdiId, Set<ExportKind>> ended = new LinkedHashMap<>();
        try {
            for (VdiId vdi :
                    sr.repository().holds().stream().map(Hold::vdi).distinct().toList()) {
                ended.put(vdi, exports.kinds(vdi));
                exports.close(vdi);
            }
        } catch (SrException e) {
            ended.forEach((vdi, kinds) -> kinds.forEach(kind -> reopen(kind, vdi, e)));
            throw e;
        }
    }

    private void reopen(ExportKind kind, VdiId vdi, SrException reason) {
        try {
            exports.open(kind, vdi);
        } catch (SrException e) {
            reason.addSuppressed(e);
        }
    }

    @Override
    public void destroy(SrId id) {
        change(() -> {
            known(id);
            HeldSr sr = held(id);
            end(
                    sr,
                    attached -> {
                        refuseWhileInUse(attached, "destroyed");
                        refuseUnlessEmpty(attached);
                    },
                    AttachedSr::destroy);
            forgetProblems(id);
            remember(s -> s.without(id));
            LOG.info(LogLine.of("sr-destroyed", "sr", id));
            return id;
        });
    }

    @Override
    public SrProbe probe(Path directory) {
        Path path = directory.toAbsolutePath().normalize();
        if (!Files.exists(path)) {
            return new SrProbe(path.toString(), SrProbe.Kind.ABSENT, null, "", 0, false, false, List.of());
        }
        if (!Files.isDirectory(path)) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " is not a directory")
                    .correction("Give the directory of an SR.");
        }
        return opener.probe(path);
    }

    @Override
    public void share(Path directory, String how) {
        Path path = directory.toAbsolutePath().normalize();
        change(() -> {
            opener.share(path, how);
            LOG.info(LogLine.of("sr-shared", "path", path, "how", how));
            return path;
        });
    }

    @Override
    public List<PeerHost> peers(Path directory) {
        try {
            return opener.peers(directory.toAbsolutePath().normalize());
        } catch (IOException e) {
            throw asSrException(SrError.IO_ERROR, "The hosts cannot be listed", e);
        }
    }

    @Override
    public void fenced(Path directory, String host) {
        try {
            opener.fenced(directory.toAbsolutePath().normalize(), host);
            LOG.warning(LogLine.of("host-fenced", "host", host, "path", directory));
        } catch (IOException e) {
            throw asSrException(SrError.IO_ERROR, "The host cannot be given up", e);
        }
    }

    /** The name is kept twice, so that an SR that is not attached can be called by it. */
    @Override
    public SrStat set(SrId id, SrChange wanted) {
        return change(() -> {
            SrStat stat = held(id).set(wanted);
            remember(s -> s.withAttached(id, stat.sr().name(), known(id).path()));
            return stat;
        });
    }

    @Override
    public List<Sr> srs() {
        return state.srs().stream()
                .map(this::describe)
                .sorted(Comparator.comparing(Sr::name).thenComparing(Sr::id))
                .collect(Collectors.toList());
    }

    @Override
    public StorageRepository repository(SrId id) {
        return held(id);
    }

    @Override
    public Export attachAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return held(sr).attachAs(kind, vdi, holder, mode);
    }

    @Override
    public Export activateAs(ExportKind kind, SrId sr, VdiId vdi, String holder, AccessMode mode) {
        return held(sr).activateAs(kind, vdi, holder, mode);
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
        closing = true;
        change(() -> {
            for (HeldSr sr : List.copyOf(held.values())) {
                try {
                    end(sr, attached -> {}, AttachedSr::close);
                    LOG.info(LogLine.of("sr-closed", "sr", sr.id()));
                } catch (SrException | IOException e) {
                    LOG.log(Level.SEVERE, LogLine.of("sr-close-failed", "sr", sr.id()), e);
                }
            }
            return state;
        });
    }

    private void restore(KnownSr known) {
        try {
            open(Path.of(known.path()), known.sr(), false);
        } catch (SrException | IOException e) {
            srProblems.put(known.sr(), "could not be attached again: " + e.getMessage());
            LOG.log(Level.SEVERE, LogLine.of("sr-restore-failed", "sr", known.sr(), "path", known.path()), e);
        } catch (RuntimeException e) {
            srProblems.put(known.sr(), "could not be attached again: " + e);
            LOG.log(Level.SEVERE, LogLine.of("sr-restore-failed", "sr", known.sr(), "path", known.path()), e);
        }
    }

    /**
     * Begins again what did not come to its end in the SRs that are attached. A copy into an SR that is not waits for that.
     * What was half done left nothing behind but what the SR's recovery has cleared away.
     */
    private void goOn() {
        for (HeldSr sr : List.copyOf(held.values())) {
            List<JobIntent> waiting = unfinished.getOrDefault(sr.id(), List.of());
            List<JobIntent> stillWaiting = new ArrayList<>();
            for (JobIntent intent : waiting) {
                JobIntent.Copy copy = intent.copy();
                if (copy == null || held.containsKey(copy.target())) {
                    goOn(sr, intent);
                } else {
                    stillWaiting.add(intent);
                    LOG.info(LogLine.of("job-waits", "job", intent.job(), "sr", sr.id(), "target", copy.target()));
                }
            }
            unfinished.put(sr.id(), stillWaiting);
        }
    }

    private void goOn(HeldSr sr, JobIntent intent) {
        try {
            Job job = begin(sr, intent);
            if (job.id() != intent.job()) {
                sr.jobIntents().forget(intent.job());
            }
            LOG.info(LogLine.of("job-resumed", "job", job.id(), "kind", job.kind(), "sr", sr.id()));
        } catch (IOException | RuntimeException e) {
            setAside(sr, intent, e);
        }
    }

    private static void setAside(HeldSr sr, JobIntent intent, Exception reason) {
        LOG.log(Level.SEVERE, LogLine.of("job-not-resumed", "job", intent.job(), "kind", intent.kind()), reason);
        try {
            sr.jobIntents().setAside(intent.job(), reason);
        } catch (IOException e) {
            LOG.log(Level.WARNING, LogLine.of("job-not-set-aside", "job", intent.job()), e);
        }
    }

    private Job begin(HeldSr sr, JobIntent intent) {
        JobIntent.Copy copy = intent.copy();
        if (copy == null) {
            if (!intent.kind().equals("gc")) {
                throw new IllegalArgumentException("a job of kind \"" + intent.kind() + "\" cannot be begun again");
            }
            return sr.collectGarbage();
        }
        HeldSr target = held(copy.target());
        if (target.vdis().stream().noneMatch(vdi -> vdi.vdi().equals(copy.made()))) {
            return sr.copy(copy.vdi(), target, copy.name(), copy.made());
        }
        Job done = jobs.start(intent.kind(), sr.id(), control -> "copied to VDI " + copy.made());
        memory.began(sr.jobIntents(), new JobIntent(done.id(), intent.kind(), copy));
        return done;
    }

    private Sr openAndGoOn(Path path, @Nullable SrId expected, boolean adopt) throws IOException {
        Sr sr = open(path, expected, adopt);
        goOn();
        return sr;
    }

    /**
     * @param expected what the directory must hold, or null for anything
     */
    private Sr open(Path path, @Nullable SrId expected, boolean adopt) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new SrException(SrError.SR_UNAVAILABLE, path + " is not a directory")
                    .correction("Check the path, and that its file system is mounted.");
        }
        AttachedSr sr;
        try {
            sr = opener.attach(path, expected, adopt);
        } catch (IOException e) {
            throw asSrException(SrError.SR_UNAVAILABLE, "The SR in " + path + " cannot be attached", e);
        }
        if (expected != null && !sr.id().equals(expected)) {
            SrId found = sr.id();
            sr.close();
            throw new SrException(SrError.SR_UNAVAILABLE, path + " holds SR " + found + ", expected SR " + expected);
        }
        return keep(path, sr);
    }

    private Sr keep(Path path, AttachedSr sr) throws IOException {
        SrId id = sr.id();
        try {
            if (held.containsKey(id)) {
                throw new SrException(
                        SrError.SR_IN_USE,
                        "SR " + id + " in " + path + " is attached from "
                                + known(id).path() + " already");
            }
            remember(s -> s.withAttached(id, sr.name(), path.toString()));
        } catch (SrException e) {
            sr.close();
            throw e;
        }
        srProblems.remove(id);
        expectUnfinished(sr);
        held.put(id, new HeldSr(sr, memory, exports));
        LOG.info(LogLine.of("sr-attached", "sr", id, "name", sr.name(), "path", path));
        known(id).vdis().forEach(vdi -> restore(sr, vdi));
        return describe(known(id));
    }

    private void expectUnfinished(AttachedSr sr) {
        try {
            List<JobIntent> intents = sr.jobIntents().all();
            intents.forEach(intent -> jobs.expect(intent.job(), intent.kind(), sr.id()));
            unfinished.put(sr.id(), intents);
        } catch (IOException e) {
            LOG.log(Level.SEVERE, LogLine.of("jobs-not-resumed", "sr", sr.id()), e);
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
            vdiProblems
                    .computeIfAbsent(sr.id(), id -> new ConcurrentHashMap<>())
                    .put(vdi.vdi(), Objects.requireNonNullElse(e.getMessage(), e.toString()));
            LOG.log(Level.SEVERE, LogLine.of("vdi-restore-failed", "vdi", vdi.vdi(), "sr", sr.id()), e);
        }
    }

    /** However the ending ends, the SR cannot be used afterwards. */
    private void end(HeldSr sr, HeldSr.Ending check, HeldSr.Ending ending) throws IOException {
        sr.end(
                attached -> {
                    check.run(attached);
                    jobs.cancelAll(attached.id(), PATIENCE);
                },
                attached -> {
                    held.remove(attached.id());
                    unfinished.remove(attached.id());
                    ending.run(attached);
                });
    }

    /** What followers have they keep: one of them takes the SR. */
    private static void refuseWhileInUse(AttachedSr sr, String what) {
        Map<VdiId, List<Hold>> users = sr.repository().holds().stream()
                .filter(hold -> !hold.isOfFollower())
                .collect(Collectors.groupingBy(Hold::vdi, TreeMap::new, Collectors.toList()));
        if (users.isEmpty()) {
            return;
        }
        String names = users.entrySet().stream()
                .map(vdi -> vdi.getKey() + " ("
                        + vdi.getValue().stream().map(Hold::text).collect(Collectors.joining(", ")) + ")")
                .collect(Collectors.joining(", "));
        throw new SrException(
                        SrError.SR_IN_USE,
                        "SR " + sr.id() + " cannot be " + what + ": " + count(users.size(), "VDI is", "VDIs are")
                                + " attached: " + names)
                .correction(Advice.of("Detach each first: ")
                        .then(Remedy.of(Verb.VDI_DETACH, "VDI"))
                        .then("; or cut them all off: ")
                        .then(Remedy.of(Verb.SR_DETACH, sr.id()).with("force")));
    }

    private static void refuseUnlessEmpty(AttachedSr sr) {
        int vdis = sr.repository().vdis().size();
        if (vdis > 0) {
            throw new SrException(
                            SrError.SR_NOT_EMPTY,
                            "SR " + sr.id() + " cannot be destroyed: it holds " + count(vdis, "VDI", "VDIs"))
                    .correction("Destroy its VDIs first: ", Remedy.of(Verb.VDI_DESTROY, "VDI"));
        }
    }

    private static String count(int number, String one, String many) {
        return number + " " + (number == 1 ? one : many);
    }

    private HeldSr held(SrId id) {
        HeldSr sr = held.get(id);
        if (sr == null) {
            throw new SrException(SrError.SR_UNAVAILABLE, "SR " + id + " is not attached")
                    .correction("Attach it with: ", Remedy.of(Verb.SR_ATTACH, id));
        }
        return sr;
    }

    private KnownSr known(SrId id) {
        return state.find(id)
                .orElseThrow(() -> new SrException(SrError.SR_UNAVAILABLE, "There is no SR " + id + " on this host")
                        .correction(Advice.of("See: ")
                                .then(Remedy.of(Verb.SR_LS))
                                .then("; or attach it by its directory: ")
                                .then(Remedy.of(Verb.SR_ATTACH, "DIR"))));
    }

    private Sr describe(KnownSr known) {
        return new Sr(known.sr(), known.name(), known.path(), held.containsKey(known.sr()), problem(known.sr()));
    }

    private @Nullable String problem(SrId id) {
        String problem = srProblems.get(id);
        if (problem != null) {
            return problem;
        }
        Map<VdiId, String> vdis = vdiProblems.getOrDefault(id, Map.of());
        String text = vdis.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(e -> "VDI " + e.getKey() + " could not be attached again: " + e.getValue())
                .collect(Collectors.joining("; "));
        return text.isEmpty() ? null : text;
    }

    private void forgetProblems(SrId id) {
        srProblems.remove(id);
        vdiProblems.remove(id);
    }

    /** Returns whether the directory was made. What an SR that was destroyed leaves are directories without files. */
    private boolean makeEmptyDirectory(Path path) throws IOException {
        if (!Files.exists(path)) {
            Files.createDirectories(path);
            return true;
        }
        if (!Files.isDirectory(path)) {
            throw new SrException(SrError.SR_CREATE, path + " is not a directory");
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            if (entries.iterator().hasNext() && opener.probe(path).kind() != SrProbe.Kind.EMPTY) {
                throw new SrException(SrError.SR_CREATE, path + " is not empty")
                        .correction(
                                "Choose an absent or empty directory; an SR that exists is attached with: ",
                                Remedy.of(Verb.SR_ATTACH, path));
            }
        }
        return false;
    }

    private static void deleteIfEmpty(Path directory, Exception reason) {
        try {
            Files.delete(directory);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }

    private static SrException asSrException(SrError error, String what, Exception e) {
        return e instanceof SrException known ? known : new SrException(error, what + ": " + e.getMessage(), e);
    }

    private synchronized void remember(UnaryOperator<HostState> change) {
        HostState next = change.apply(state);
        try {
            file.save(next);
        } catch (IOException e) {
            throw new SrException(SrError.IO_ERROR, "The agent's state cannot be saved in " + file, e)
                    .correction("Make room in the agent's run directory.");
        }
        state = next;
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

    /** Saves each attach and detach of a disk at once. */
    private final class FileMemory implements HeldSr.Memory {
        @Override
        public void holds(SrId sr, VdiId vdi, List<Hold> holds, Set<ExportKind> as) {
            vdiProblems.getOrDefault(sr, new ConcurrentHashMap<>()).remove(vdi);
            remember(s -> s.withHolds(sr, vdi, holds, as));
            String how = holds.stream().map(Hold::text).collect(Collectors.joining(", "));
            LOG.info(LogLine.of("vdi-held", "vdi", vdi, "sr", sr, "by", how, "block", as.contains(ExportKind.BLOCK)));
        }

        /** A job that cannot be kept, for instance since the file system is full, is done all the same. */
        @Override
        public void began(JobIntents intents, JobIntent intent) {
            try {
                intents.keep(intent);
            } catch (IOException e) {
                LOG.log(Level.WARNING, LogLine.of("job-not-kept", "job", intent.job()), e);
            }
            jobs.whenEnded(intent.job(), ended -> forget(intents, ended.id()));
        }

        private void forget(JobIntents intents, long job) {
            if (closing) {
                return;
            }
            try {
                intents.forget(job);
            } catch (IOException e) {
                // At worst it is begun once more, and finds everything done.
                LOG.log(Level.WARNING, LogLine.of("job-not-forgotten", "job", job), e);
            }
        }

        @Override
        public VdiId newVdi() {
            return new VdiId(newIds.get());
        }

        @Override
        public boolean remembers(SrId sr, VdiId vdi) {
            return state.remembers(sr, vdi);
        }
    }
}
