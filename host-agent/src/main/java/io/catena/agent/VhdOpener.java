package io.catena.agent;

import io.catena.agent.cluster.HolderWatch;
import io.catena.agent.cluster.SharedSr;
import io.catena.agent.cluster.SharedSrs;
import io.catena.agent.follow.PeerOptions;
import io.catena.agent.follow.Pool;
import io.catena.agent.follow.PoolSr;
import io.catena.agent.host.AttachedSr;
import io.catena.agent.host.SrOpener;
import io.catena.agent.linux.FileSystemType;
import io.catena.agent.linux.LinuxBootClock;
import io.catena.agent.linux.LinuxFiles;
import io.catena.agent.mount.NfsMountCheck;
import io.catena.api.AccessMode;
import io.catena.api.JobIntents;
import io.catena.api.PeerHost;
import io.catena.api.Sr;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.StorageRepository;
import io.catena.api.VdiId;
import io.catena.disk.Exporter;
import io.catena.log.LogLine;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.job.Looks;
import io.catena.sr.job.ThreadTimer;
import io.catena.sr.open.Wanted;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Opens SRs over VHD chains in directories of this host. Safe for use by many threads. */
final class VhdOpener implements SrOpener {
    private static final Logger LOG = Logger.getLogger(VhdOpener.class.getName());

    /** Changes with every start of the host; see {@code random(4)}. */
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Environment environment;
    private final SharedSrs shared;
    private final SingleHostDirectories singleHost;
    private final String stateId;
    private final Supplier<List<Path>> allowedParents;
    private final Pool pool;
    private final Exporter exporter;
    private final Jobs jobs;

    /**
     * @param allowedParents directories besides an SR's own in which its disks may have parents
     */
    VhdOpener(Agent.Parts parts, Supplier<List<Path>> allowedParents) throws IOException {
        this.allowedParents = allowedParents;
        this.singleHost = new SingleHostDirectories(parts.singleHostFile());
        this.stateId = StateId.of(parts.singleHostFile().resolveSibling("state-id"));
        Files.createDirectories(parts.redoDirectory());
        environment = new Environment(
                LinuxFiles.storage(parts.redoDirectory()),
                UUID.fromString(Files.readString(BOOT_ID).strip()),
                parts.exporter(),
                parts.jobs(),
                parts.clock(),
                System::nanoTime,
                UUID::randomUUID,
                new ThreadTimer(),
                new Looks());
        pool = parts.pool();
        exporter = parts.exporter();
        jobs = parts.jobs();
        shared = new SharedSrs(
                Objects.requireNonNull(parts.redoDirectory().toAbsolutePath().getParent())
                        .resolve("host-id"),
                environment.bootId(),
                new LinuxBootClock(),
                pool.options().map(PeerOptions::url).orElse(""));
    }

    @Override
    public AttachedSr create(Path directory, SrId id, String name) throws IOException {
        VhdRepository.create(storage(directory), id, name);
        if (FileSystemType.of(directory).isNfs() && !singleHost.allows(directory)) {
            // A crash before this leaves an SR that is refused until it is shared, or said to be one host's.
            share(directory, "files");
        }
        return attach(directory, id, false);
    }

    @Override
    public AttachedSr attach(Path directory, @Nullable SrId expected, boolean adopt) throws IOException {
        Wanted wanted = new Wanted(expected, adopt);
        checkMount(directory);
        Storage plain = storage(directory);
        Optional<HolderWatch> watch = shared.watch(directory, plain);
        if (watch.isPresent()) {
            return PoolSr.attach(
                    sr(directory, plain),
                    watch.get(),
                    new PoolSr.Means(
                            pool,
                            plain,
                            exporter,
                            jobs,
                            stateId,
                            (right, own) ->
                                    attach(directory, right, Objects.requireNonNullElse(own, exporter), wanted)));
        }
        singleHost.check(directory, FileSystemType.of(directory));
        return new VhdSr(VhdRepository.attachFirst(plain, directory.toString(), environment, wanted), done -> {});
    }

    /** As its record calls it: also an SR that another host has can be read. */
    private static Sr sr(Path directory, Storage plain) {
        SrProbe probe = Probe.of(plain, directory);
        SrId id = probe.sr();
        if (id == null) {
            throw new SrException(SrError.SR_UNAVAILABLE, directory + " holds no SR, although hosts are to share it")
                    .correction("Check the path, and that its file system is mounted.");
        }
        return new Sr(id, probe.name(), directory.toString(), true);
    }

    private void checkMount(Path directory) throws IOException {
        NfsMountCheck.Findings found = NfsMountCheck.of(directory);
        if (!singleHost.allows(directory)) {
            found.refuse(directory);
        }
        for (String warning : found.warnings()) {
            LOG.warning(LogLine.of("mount-unwise", "path", directory, "why", warning));
        }
    }

    /** What another host has written before is completed, or lost, as after a power cut of that host. */
    private AttachedSr attach(Path directory, SharedSr sr, Exporter by, Wanted wanted) throws IOException {
        boolean attached = false;
        try {
            Environment guarded = environment.with(sr.guarded(by));
            AttachedSr opened =
                    new VhdSr(VhdRepository.attach(sr.storage(), directory.toString(), guarded, wanted), sr::end);
            attached = true;
            return opened;
        } finally {
            if (!attached) {
                sr.end(false);
            }
        }
    }

    @Override
    public void share(Path directory, String how) throws IOException {
        shared.share(storage(directory), how);
    }

    @Override
    public List<PeerHost> peers(Path directory) throws IOException {
        return shared.peers(storage(directory));
    }

    @Override
    public void fenced(Path directory, String host) throws IOException {
        shared.fenced(storage(directory), host);
    }

    @Override
    public SrProbe probe(Path directory) {
        return Probe.of(storage(directory), directory);
    }

    @Override
    public void allowSingleHost(Path directory) throws IOException {
        singleHost.add(directory);
    }

    private Storage storage(Path directory) {
        return LinuxFiles.storage(directory, allowedParents.get());
    }

    /** What this host has an SR by. */
    private interface Right {
        /**
         * Ends it.
         *
         * @param inOrder whether all that was written is on disk
         */
        void end(boolean inOrder) throws IOException;
    }

    /**
     * An open SR of VHD chains.
     *
     * @param right what else ends with it
     */
    private record VhdSr(VhdRepository driver, Right right) implements AttachedSr {
        @Override
        public SrId id() {
            return driver.sr().id();
        }

        @Override
        public String name() {
            return driver.sr().name();
        }

        @Override
        public StorageRepository repository() {
            return driver;
        }

        @Override
        public void restore(VdiId vdi, String holder, AccessMode mode, @Nullable AccessMode active) {
            driver.restore(vdi, holder, mode, active);
        }

        @Override
        public void restored() {
            driver.noteDisks();
        }

        @Override
        public JobIntents jobIntents() {
            return driver.jobIntents();
        }

        @Override
        public void destroy() throws IOException {
            boolean done = false;
            try {
                driver.destroy();
                done = true;
            } finally {
                right.end(done);
            }
        }

        @Override
        public void close() throws IOException {
            boolean done = false;
            try {
                driver.close();
                done = true;
            } finally {
                right.end(done);
            }
        }
    }
}
