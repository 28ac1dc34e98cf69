package io.catena.agent;

import io.catena.agent.host.AttachedSr;
import io.catena.agent.host.SrOpener;
import io.catena.agent.linux.FileBlocks;
import io.catena.agent.linux.FileHoles;
import io.catena.api.SrId;
import io.catena.api.SrProbe;
import io.catena.api.StorageRepository;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Looks;
import io.catena.sr.job.ThreadTimer;
import io.catena.sr.record.JobIntents;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Opens SRs over VHD chains in directories of this host. Safe for use by many threads. */
final class VhdOpener implements SrOpener {
    /** Changes with every start of the host; see {@code random(4)}. */
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private final Environment environment;

    VhdOpener(Agent.Parts parts) throws IOException {
        Files.createDirectories(parts.redoDirectory());
        environment = new Environment(
                new FileStorage(parts.redoDirectory()),
                UUID.fromString(Files.readString(BOOT_ID).strip()),
                parts.exporter(),
                parts.jobs(),
                parts.clock(),
                System::nanoTime,
                UUID::randomUUID,
                new ThreadTimer(),
                new Looks());
    }

    @Override
    public AttachedSr create(Path directory, SrId id, String name) {
        VhdRepository.create(storage(directory), id, name);
        return attach(directory);
    }

    @Override
    public AttachedSr attach(Path directory) {
        return new VhdSr(VhdRepository.attach(storage(directory), directory.toString(), environment));
    }

    @Override
    public SrProbe probe(Path directory) {
        return Probe.of(storage(directory), directory);
    }

    private static Storage storage(Path directory) {
        return new FileStorage(directory, FileBlocks::allocatedBytes, FileHoles.OPENER);
    }

    /** An open SR of VHD chains. */
    private record VhdSr(VhdRepository driver) implements AttachedSr {
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
        public JobIntents jobIntents() {
            return driver.jobIntents();
        }

        @Override
        public void destroy() throws IOException {
            driver.destroy();
        }

        @Override
        public void close() throws IOException {
            driver.close();
        }
    }
}
