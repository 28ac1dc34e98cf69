package io.catena.harness.vhd;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Hold;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.harness.peer.Programs;
import io.catena.harness.tool.BareSr;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Jobs;
import io.catena.store.CacheBudget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** A process that has many fragmented disks in use, within the heap that it was given. */
final class FragmentedDisks {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final long DISK_BYTES = 50L << 30;
    private static final int BLOCKS = 256;
    private static final int SECTORS_PER_BLOCK = 3;
    private static final long BLOCK_DISTANCE = DISK_BYTES / BLOCKS;
    private static final int SECTOR_DISTANCE = 96 << 10;
    private static final VdiId FIRST = new VdiId(new UUID(7, 0));

    private final Path sr;
    private final BareSr bare;

    private FragmentedDisks(Path directory) throws IOException {
        sr = Files.createDirectory(directory.resolve("sr"));
        Path run = Files.createDirectory(directory.resolve("run"));
        VhdRepository.create(LinuxFiles.storage(sr), BareSr.ID, "sr");
        bare = new BareSr(LinuxFiles.storage(sr), LinuxFiles.storage(run), 1);
    }

    /**
     * Makes the disks, uses them, and tells what that took.
     *
     * @param arguments an empty directory, and how many disks
     */
    public static void main(String[] arguments) throws IOException {
        new FragmentedDisks(Path.of(arguments[0])).use(Integer.parseInt(arguments[1]));
    }

    private void use(int count) throws IOException {
        try (Jobs jobs = BareSr.jobs();
                VhdRepository repository = bare.attach(jobs)) {
            repository.create(new VdiSpec(DISK_BYTES, "disk", "", FIRST, false));
            repository.attachAndActivate(FIRST, Hold.HOST, AccessMode.READ_WRITE);
            forEachSector((offset, value) -> bare.device(FIRST).write(offset, sector(value)));
            repository.detach(FIRST, Hold.HOST);
            List<VdiId> disks = copies(count);
            repository.scan();
            for (VdiId disk : disks) {
                repository.attachAndActivate(disk, Hold.HOST, AccessMode.READ_WRITE);
            }
            for (VdiId disk : disks) {
                check(bare.device(disk));
            }
            tell(count);
        }
    }

    private List<VdiId> copies(int count) throws IOException {
        List<VdiId> disks = new ArrayList<>(List.of(FIRST));
        while (disks.size() < count) {
            VdiId copy = new VdiId(new UUID(7, disks.size()));
            Programs.run(
                    DEADLINE,
                    "cp",
                    "--sparse=auto",
                    sr.resolve(FIRST + ".vhd").toString(),
                    sr.resolve(copy + ".vhd").toString());
            disks.add(copy);
        }
        return disks;
    }

    private static void check(BlockDevice disk) throws IOException {
        ByteBuffer found = ByteBuffer.allocateDirect(512);
        forEachSector((offset, value) -> {
            disk.read(offset, found.clear());
            if (found.getInt(0) != value) {
                throw new IOException("found " + found.getInt(0) + " at " + offset + ", expected " + value);
            }
        });
    }

    private static void forEachSector(Visitor visitor) throws IOException {
        for (int block = 0; block < BLOCKS; block++) {
            for (int sector = 0; sector < SECTORS_PER_BLOCK; sector++) {
                visitor.visit(block * BLOCK_DISTANCE + (long) sector * SECTOR_DISTANCE, 1 + block * 8 + sector);
            }
        }
    }

    @FunctionalInterface
    private interface Visitor {
        void visit(long offset, int value) throws IOException;
    }

    private static ByteBuffer sector(int value) {
        return ByteBuffer.allocate(512).putInt(0, value);
    }

    private static void tell(int count) {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        System.out.printf(
                Locale.ROOT,
                "fragmented: %d disks, %d MiB of maps, %d MiB of bitmaps, %d of %d MiB of heap%n",
                count,
                CacheBudget.process().fixedBytes() >> 20,
                CacheBudget.process().cachedBytes() >> 20,
                (runtime.totalMemory() - runtime.freeMemory()) >> 20,
                runtime.maxMemory() >> 20);
    }
}
