package io.catena.sr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** An SR of a few disks, in a directory of its own. */
abstract class RepositoryFixture {
    static final int SIZE = 8 << 20;

    static final long BLOCK = 2 << 20;

    static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @TempDir
    Path redo;

    final Map<VdiId, BlockDevice> exported = new HashMap<>();

    final Jobs jobs = new Jobs(Clock.systemUTC());

    VhdRepository sr;

    @BeforeEach
    void create() {
        VhdRepository.create(new FileStorage(directory), new SrId(UUID.randomUUID()), "sr");
        sr = attachSr();
    }

    @AfterEach
    void close() throws IOException {
        sr.close();
        jobs.close();
    }

    VdiId copy(VdiId disk) {
        sr.detach(disk);
        return disk;
    }

    VdiId create(String name) {
        return sr.create(new VdiSpec(SIZE, name, "", null, false)).vdi();
    }

    BlockDevice attach(VdiId vdi) {
        sr.attach(vdi, AccessMode.READ_WRITE);
        return exported(vdi);
    }

    Job collectGarbage() {
        return jobs.waitFor(sr.collectGarbage().id(), PATIENCE);
    }

    /** Returns the number of files in the SR's directory itself. */
    int nodeFiles() throws IOException {
        return new FileStorage(directory).list("").size();
    }

    BlockDevice attachReadOnly(VdiId vdi) {
        sr.attach(vdi, AccessMode.READ_ONLY);
        return exported(vdi);
    }

    BlockDevice exported(VdiId vdi) {
        return Objects.requireNonNull(exported.get(vdi), () -> vdi + " is not exported");
    }

    static void write(BlockDevice device, long offset, int value) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(512);
        sector.putInt(0, value);
        device.write(offset, sector);
    }

    static int read(BlockDevice device, long offset) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(512);
        device.read(offset, sector);
        return sector.getInt(0);
    }

    VhdRepository attachSr() {
        return attachSr(new FileStorage(directory));
    }

    VhdRepository attachSr(Storage storage) {
        return VhdRepository.attach(
                storage,
                directory.toString(),
                new Environment(
                        new FileStorage(redo),
                        new UUID(1, 1),
                        new DirectExporter(),
                        jobs,
                        Clock.systemUTC(),
                        System::nanoTime,
                        UUID::randomUUID));
    }

    static void assertError(Runnable work, SrError error) {
        assertThatThrownBy(work::run).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(error);
            assertThat(e.advice()).asString().isNotEmpty();
        });
    }

    /** Hands the disks to the test. */
    final class DirectExporter implements Exporter {
        @Override
        public Export announce(VdiId vdi, AccessMode mode) {
            return new Export(vdi, mode, "direct:" + vdi);
        }

        @Override
        public void conceal(VdiId vdi) {}

        @Override
        public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) {
            exported.put(vdi, device);
            return new Export(vdi, mode, "direct:" + vdi);
        }

        @Override
        public void withdraw(VdiId vdi) {
            exported.remove(vdi);
        }
    }
}
