package io.catena.sr;

import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.disk.Exporter;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.open.Wanted;
import io.catena.store.ConfinedFiles;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** An SR in a directory of the host, and the agents that attach it one after another. */
final class DirectorySr implements Closeable {
    static final long SIZE = 8 << 20;

    final Path directory;
    private final Path redo;
    private final ConfinedFiles.Below below;
    private final Map<VdiId, BlockDevice> exported = new HashMap<>();
    private final Jobs jobs = new Jobs(Clock.systemUTC());

    DirectorySr(Path directory, Path redo) {
        this(directory, redo, FileStorage.JAVA_ALONE);
    }

    DirectorySr(Path directory, Path redo, ConfinedFiles.Below below) {
        this.directory = directory;
        this.redo = redo;
        this.below = below;
    }

    FileStorage storage() {
        return new FileStorage(directory, below, List.of());
    }

    VhdRepository create() {
        VhdRepository.create(storage(), new SrId(UUID.randomUUID()), "sr");
        return attach(Wanted.KNOWN);
    }

    VhdRepository attach(Wanted wanted) {
        return attach(storage(), wanted);
    }

    VhdRepository attach(Storage storage, Wanted wanted) {
        return VhdRepository.attach(storage, directory.toString(), environment(), wanted);
    }

    VhdRepository attachFirst() {
        return VhdRepository.attachFirst(storage(), directory.toString(), environment(), Wanted.KNOWN);
    }

    private Environment environment() {
        return new Environment(
                new FileStorage(redo),
                new UUID(1, 1),
                new Direct(),
                jobs,
                Clock.systemUTC(),
                System::nanoTime,
                UUID::randomUUID);
    }

    static VdiId disk(VhdRepository sr) {
        return sr.create(new VdiSpec(SIZE, "disk", "", null, false)).vdi();
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    Path file(VdiId vdi) {
        return file(vdi + ".vhd");
    }

    BlockDevice attach(VhdRepository sr, VdiId vdi) {
        sr.attach(vdi, AccessMode.READ_WRITE);
        return device(vdi);
    }

    BlockDevice device(VdiId vdi) {
        BlockDevice device = exported.get(vdi);
        if (device == null) {
            throw new AssertionError(vdi + " is not served");
        }
        return device;
    }

    static void write(BlockDevice device, long offset, int value) throws IOException {
        device.write(offset, ByteBuffer.allocate(512).putInt(0, value));
    }

    static int read(BlockDevice device, long offset) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(512);
        device.read(offset, sector);
        return sector.getInt(0);
    }

    Job collect(VhdRepository sr, String... unknown) {
        return jobs.waitFor(sr.garbage().run(List.of(unknown)).id(), Duration.ofSeconds(60));
    }

    @Override
    public void close() {
        jobs.close();
    }

    private final class Direct implements Exporter {
        @Override
        public Export announce(VdiId vdi, AccessMode mode) {
            return new Export(vdi, mode, "direct:" + vdi);
        }

        @Override
        public void conceal(VdiId vdi) {}

        @Override
        public Export publish(VdiId vdi, AccessMode mode, BlockDevice device) {
            exported.put(vdi, device);
            return announce(vdi, mode);
        }

        @Override
        public void withdraw(VdiId vdi) {
            exported.remove(vdi);
        }
    }
}
