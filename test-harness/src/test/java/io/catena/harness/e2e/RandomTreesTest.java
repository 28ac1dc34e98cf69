package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.GcChange;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.TreeNode;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.harness.model.DirectExports;
import io.catena.harness.sim.Seeds;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.open.Wanted;
import io.catena.store.FileStorage;
import io.catena.store.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/**
 * Trees of any shape, up to 30 deep, with guests that write and verify on every leaf that can be written: garbage
 * collection ends with the least number of nodes, and every disk holds what was written to it.
 */
@Tag("slow")
class RandomTreesTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 2048;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int ROUNDS = 5;

    @TempDir
    private Path directory;

    @TempDir
    private Path redo;

    private final DirectExports exports = new DirectExports();

    /** What each page of each disk holds: the number that it is filled with; 0 for zeros. */
    private final Map<VdiId, int[]> contents = new HashMap<>();

    private final Jobs jobs = new Jobs(Clock.systemUTC());
    private int stamps;

    @AfterEach
    void close() {
        jobs.close();
    }

    @Seeds(4)
    void collectingGarbageUnderLoadEndsWithTheLeastNumberOfNodes(long seed) throws Exception {
        Random random = new Random(new SplittableRandom(seed).nextLong());
        Storage storage = LinuxFiles.storage(directory);
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "sr");
        long descriptors = descriptors();
        try (VhdRepository sr = VhdRepository.attach(storage, directory.toString(), environment(), Wanted.ADOPTED)) {
            sr.garbage().set(new GcChange(true, null, null, 3, null, null, null, null));
            grow(sr, random);
            long before = sr.stat().physicalBytes();
            List<Guest> guests = startGuests(sr, random);
            try {
                for (int round = 0; round < ROUNDS && !isMinimal(sr.tree()); round++) {
                    Job job = jobs.waitFor(sr.garbage().run().id(), PATIENCE);
                    assertThat(job.state()).as(job.toString()).isEqualTo(Job.State.DONE);
                    assertThat(job.result()).doesNotContain("set aside");
                }
            } finally {
                for (Guest guest : guests) {
                    guest.end();
                }
            }

            assertThat(isMinimal(sr.tree())).as("%s", sr.tree()).isTrue();
            assertThat(sr.garbage().status().plan()).isEmpty();
            assertThat(sr.stat().physicalBytes())
                    .as("bytes taken")
                    .isLessThan(before + guests.size() * (long) PAGES * PAGE + (8 << 20));
            check(sr);
        }
        assertThat(descriptors()).as("open files").isLessThanOrEqualTo(descriptors + 2);
    }

    private void grow(VhdRepository sr, Random random) throws IOException {
        List<VdiId> disks = new ArrayList<>();
        for (int tree = 0; tree < 2; tree++) {
            VdiId disk = sr.create(new VdiSpec((long) PAGES * PAGE, "disk" + tree, "", null, random.nextInt(4) == 0))
                    .vdi();
            contents.put(disk, new int[PAGES]);
            disks.add(disk);
        }
        VdiId deep = disks.get(0);
        int levels = 5 + random.nextInt(24);
        List<VdiId> snapshots = new ArrayList<>();
        for (int i = 0; i < levels; i++) {
            write(sr, deep, random);
            snapshots.add(cut(sr, deep));
            VdiId one = disks.get(random.nextInt(disks.size()));
            write(sr, one, random);
            switch (random.nextInt(4)) {
                case 0 -> snapshots.add(cut(sr, one));
                case 1 -> {
                    VdiId clone = sr.clone(one, "clone").vdi();
                    contents.put(clone, content(one).clone());
                    disks.add(clone);
                }
                default -> {}
            }
        }
        for (VdiId snapshot : snapshots) {
            if (random.nextInt(10) < 8) {
                sr.destroy(snapshot);
                contents.remove(snapshot);
            }
        }
    }

    private VdiId cut(VhdRepository sr, VdiId disk) {
        VdiId snapshot = sr.snapshot(List.of(disk), "snapshot").get(0).vdi();
        contents.put(snapshot, content(disk).clone());
        return snapshot;
    }

    private void write(VhdRepository sr, VdiId disk, Random random) throws IOException {
        sr.attach(disk, AccessMode.READ_WRITE);
        for (int i = 0; i < 6; i++) {
            int first = random.nextInt(PAGES);
            int pages = 1 + random.nextInt(random.nextBoolean() ? 4 : 700);
            for (int page = first; page < Math.min(PAGES, first + pages); page++) {
                int stamp = random.nextInt(8) == 0 ? 0 : ++stamps;
                device(disk).write((long) page * PAGE, filled(stamp));
                content(disk)[page] = stamp;
            }
        }
        sr.detach(disk);
    }

    private List<Guest> startGuests(VhdRepository sr, Random random) {
        List<Guest> guests = new ArrayList<>();
        for (VdiId disk : contents.keySet()) {
            if (!sr.vdi(disk).readOnly() && random.nextInt(4) > 0) {
                sr.attach(disk, AccessMode.READ_WRITE);
                guests.add(new Guest(device(disk), content(disk), random.nextLong()));
            }
        }
        guests.forEach(Thread::start);
        return guests;
    }

    /** Whether every base copy has several children: with fewer it could be deleted or merged. */
    private static boolean isMinimal(List<TreeNode> nodes) {
        return nodes.stream()
                .allMatch(node -> (!node.hidden() || node.children().size() > 1) && isMinimal(node.children()));
    }

    private void check(VhdRepository sr) throws IOException {
        for (Map.Entry<VdiId, int[]> entry : contents.entrySet()) {
            VdiId disk = entry.getKey();
            if (!exports.serves(disk)) {
                sr.attach(disk, AccessMode.READ_ONLY);
            }
            for (int page = 0; page < PAGES; page++) {
                verify(device(disk), page, entry.getValue()[page]);
            }
            sr.detach(disk);
        }
    }

    private static void verify(BlockDevice device, int page, int stamp) throws IOException {
        ByteBuffer found = ByteBuffer.allocate(PAGE);
        device.read((long) page * PAGE, found);
        if (!found.flip().equals(filled(stamp))) {
            throw new AssertionError("page " + page + " begins with " + found.getInt(0) + ", expected " + stamp);
        }
    }

    private static ByteBuffer filled(int stamp) {
        ByteBuffer bytes = ByteBuffer.allocate(PAGE);
        while (bytes.hasRemaining()) {
            bytes.putInt(stamp);
        }
        return bytes.flip();
    }

    private int[] content(VdiId disk) {
        return Objects.requireNonNull(contents.get(disk));
    }

    private BlockDevice device(VdiId disk) {
        return exports.device(disk);
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    /** Writes, flushes, discards and verifies at random places. */
    private static final class Guest extends Thread {
        private final BlockDevice device;
        private final int[] content;
        private final Random random;
        private volatile boolean ended;
        private volatile @Nullable Throwable failure;

        Guest(BlockDevice device, int[] content, long seed) {
            this.device = device;
            this.content = content;
            this.random = new Random(seed);
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                while (!ended) {
                    work();
                }
            } catch (IOException | RuntimeException | AssertionError e) {
                failure = e;
            }
        }

        private void work() throws IOException {
            int page = random.nextInt(PAGES);
            verify(device, page, content[page]);
            switch (random.nextInt(12)) {
                case 0 -> device.flush();
                case 1 -> {
                    int pages = Math.min(PAGES - page, 1 + random.nextInt(600));
                    device.writeZeroes((long) page * PAGE, (long) pages * PAGE, true);
                    Arrays.fill(content, page, page + pages, 0);
                }
                default -> {
                    int stamp = random.nextInt();
                    device.write((long) page * PAGE, filled(stamp));
                    content[page] = stamp;
                }
            }
        }

        void end() throws InterruptedException {
            ended = true;
            join(PATIENCE.toMillis());
            Throwable found = failure;
            if (found != null) {
                throw new AssertionError("a guest found: " + found, found);
            }
        }
    }

    private Environment environment() {
        return new Environment(
                new FileStorage(redo),
                new UUID(1, 1),
                exports,
                jobs,
                Clock.systemUTC(),
                System::nanoTime,
                UUID::randomUUID);
    }
}
