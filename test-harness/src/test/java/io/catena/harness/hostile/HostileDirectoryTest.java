package io.catena.harness.hostile;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.StreamFormat;
import io.catena.api.Vdi;
import io.catena.api.VdiImport;
import io.catena.api.VdiSpec;
import io.catena.api.VdiStream;
import io.catena.disk.BlockDevice;
import io.catena.harness.sim.Seeds;
import io.catena.harness.tool.BareSr;
import io.catena.sr.Probe;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** Whatever lies in a repository's directory: nothing outside is read or changed, nothing is waited for, others go on. */
@Tag("slow")
class HostileDirectoryTest {
    private static final Duration DEADLINE = Duration.ofMinutes(3);

    /** Kept, since a logger that nobody keeps forgets its level. */
    private static final Logger LOG = Logger.getLogger("io.catena.sr");

    @TempDir
    private Path directory;

    @TempDir
    private Path redo;

    private Path sr;
    private Path outside;

    @BeforeAll
    static void beQuiet() {
        LOG.setLevel(Level.OFF);
    }

    @Seeds(40)
    void nothingOutsideIsTouchedAndNothingHangs(long seed) throws Exception {
        Random random = new Random(seed);
        Victims.makeRepository(sr, seed);
        Map<String, String> before = digests();
        Attacker attacker = new Attacker(sr, outside, random);
        attacker.attack(1 + random.nextInt(8));
        assertTimeoutPreemptively(DEADLINE, () -> use(seed, attacker, random));
        assertThat(digests()).isEqualTo(before);
        assertTimeoutPreemptively(DEADLINE, () -> aHealthyOneWorks(seed));
    }

    @BeforeEach
    void makeOutside() throws IOException {
        sr = Files.createDirectory(directory.resolve("sr"));
        outside = Victims.make(Files.createDirectory(directory.resolve("outside")));
    }

    private BareSr bare(Storage storage, long seed) {
        return new BareSr(storage, LinuxFiles.storage(redo), seed);
    }

    /** Does all that a user may do; what is refused is refused. */
    private boolean use(long seed, Attacker attacker, Random random) throws Exception {
        Storage storage = LinuxFiles.storage(sr);
        tried(() -> Probe.of(LinuxFiles.storage(sr), sr));
        BareSr bare = bare(storage, seed + 1);
        try (Jobs jobs = BareSr.jobs()) {
            VhdRepository repository = tried(() -> bare.attach(jobs));
            if (repository == null) {
                return false;
            }
            try {
                work(repository, bare);
                attacker.attack(random.nextInt(4));
                tried(() -> Probe.of(LinuxFiles.storage(sr), sr));
                work(repository, bare);
            } finally {
                tried(() -> close(repository));
            }
        }
        return true;
    }

    private static boolean close(VhdRepository repository) throws IOException {
        repository.close();
        return true;
    }

    private static void work(VhdRepository repository, BareSr bare) {
        tried(repository::scan);
        tried(repository::stat);
        tried(repository::tree);
        tried(() -> repository.garbage().status());
        tried(() -> repository.check(true));
        List<Vdi> vdis = tried(repository::vdis);
        for (Vdi vdi : vdis == null ? List.<Vdi>of() : vdis) {
            for (AccessMode mode : AccessMode.values()) {
                tried(() -> {
                    repository.attachAndActivate(vdi.vdi(), Hold.HOST, mode);
                    return holdsNoSecret(bare.device(vdi.vdi()));
                });
                tried(() -> detach(repository, vdi));
            }
            tried(() -> repository.snapshot(List.of(vdi.vdi()), "s"));
            tried(() -> repository.contents().changes(vdi.vdi(), vdi.snapshotOf()));
            tried(() -> repository.resize(vdi.vdi(), 2L * Victims.DISK_BYTES));
            tried(() -> holdsNoSecret(repository, vdi));
            tried(() -> repository.clone(vdi.vdi(), "c"));
            tried(() -> imported(repository));
        }
        tried(() -> destroyData(repository));
        tried(() -> repository.garbage().run());
        for (Vdi vdi : vdis == null ? List.<Vdi>of() : vdis) {
            tried(() -> destroy(repository, vdi));
        }
    }

    private static boolean holdsNoSecret(BlockDevice disk) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(disk.sizeBytes(), 64 << 10));
        disk.read(0, bytes);
        assertThat(new String(bytes.array(), US_ASCII)).doesNotContain(Victims.SECRET, "root:");
        if (!disk.readOnly()) {
            disk.write(0, ByteBuffer.allocate(4096));
            disk.flush();
        }
        return true;
    }

    private static boolean holdsNoSecret(VhdRepository repository, Vdi vdi) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (VdiStream stream = repository.contents().export(vdi.vdi(), StreamFormat.QCOW2, null)) {
            stream.writeTo(Channels.newChannel(bytes), 0);
        }
        assertThat(bytes.toString(US_ASCII)).doesNotContain(Victims.SECRET, "root:");
        return true;
    }

    private static Vdi imported(VhdRepository repository) throws IOException {
        try (VdiImport target = repository.importVdi(new VdiSpec(Victims.DISK_BYTES, "i", "", null, false))) {
            target.write(0, ByteBuffer.allocate(512));
            return target.commit();
        }
    }

    private static boolean destroyData(VhdRepository repository) {
        for (Vdi vdi : repository.vdis()) {
            if (vdi.snapshotOf() != null) {
                tried(() -> {
                    repository.destroyData(vdi.vdi());
                    return true;
                });
            }
        }
        return true;
    }

    private static boolean detach(VhdRepository repository, Vdi vdi) {
        repository.detach(vdi.vdi(), Hold.HOST);
        return true;
    }

    private static boolean destroy(VhdRepository repository, Vdi vdi) {
        repository.destroy(vdi.vdi());
        return true;
    }

    private boolean aHealthyOneWorks(long seed) throws IOException {
        Path other = Files.createDirectory(directory.resolve("healthy"));
        Storage storage = LinuxFiles.storage(other);
        VhdRepository.create(storage, new SrId(new UUID(2, 2)), "healthy");
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = bare(storage, seed + 2).attach(jobs)) {
            Vdi disk = repository.create(new VdiSpec(Victims.DISK_BYTES, "disk", "", null, false));
            repository.snapshot(List.of(disk.vdi()), "snapshot");
            assertThat(repository.stat().health().reasons()).isEmpty();
        }
        return true;
    }

    private static <T> @Nullable T tried(Call<T> call) {
        try {
            return call.get();
        } catch (SrException | IOException e) {
            return null;
        }
    }

    @FunctionalInterface
    private interface Call<T> {
        T get() throws IOException;
    }

    /** Returns what lies outside, with when it was changed. */
    private Map<String, String> digests() throws IOException {
        Map<String, String> found = new TreeMap<>();
        try (Stream<Path> files = Files.walk(outside)) {
            for (Path file : files.toList()) {
                FileTime changed = Files.getLastModifiedTime(file);
                found.put(
                        file.toString(),
                        Files.isDirectory(file) ? "" : changed + " " + Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return found;
    }
}
