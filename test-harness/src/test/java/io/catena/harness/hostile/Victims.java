package io.catena.harness.hostile;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.SrId;
import io.catena.api.Vdi;
import io.catena.api.VdiSpec;
import io.catena.harness.tool.BareSr;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** What an attacker is after. */
final class Victims {
    static final int DISK_BYTES = 4 << 20;
    static final String SECRET = "TOPSECRET";

    private Victims() {}

    /** Fills a directory that nobody has to do with, as {@link Attacker} wants it. */
    static Path make(Path outside) throws IOException {
        byte[] secret = SECRET.repeat(DISK_BYTES / SECRET.length() + 1).getBytes(US_ASCII);
        Files.write(outside.resolve("secret.raw"), Arrays.copyOf(secret, DISK_BYTES));
        new NewVhd(Clock.systemUTC(), UUID::randomUUID)
                .create(new FileStorage(outside), "secret.vhd", DISK_BYTES, NewDiskType.FIXED);
        Files.copy(outside.resolve("secret.vhd"), outside.resolve("linked.vhd"));
        try (BlockFile file = new FileStorage(outside).open("secret.vhd")) {
            file.write(0, ByteBuffer.wrap(secret, 0, DISK_BYTES));
        }
        return outside;
    }

    /** Makes a repository with a few disks. */
    static void makeRepository(Path directory, long seed) throws IOException {
        Storage storage = LinuxFiles.storage(directory);
        SrId id = new SrId(new UUID(3, seed));
        VhdRepository.create(storage, id, "sr" + seed);
        Path redo = Files.createTempDirectory(directory.getParent(), "redo");
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = new BareSr(storage, LinuxFiles.storage(redo), seed).attach(jobs)) {
            Vdi disk = repository.create(new VdiSpec(DISK_BYTES, "disk", "", null, false));
            repository.create(new VdiSpec(DISK_BYTES, "raw", "", null, true));
            repository.snapshot(List.of(disk.vdi()), "snapshot");
        }
    }
}
