package io.catena.harness.bench.merge;

import io.catena.agent.linux.LinuxFiles;
import io.catena.api.AccessMode;
import io.catena.api.Job;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import io.catena.disk.BlockDevice;
import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.store.FileStorage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Measures what a guest's writes and flushes take while its disk is merged, beside the same load without: its leaf drained
 * into its base copy, its leaf filled from it, and two base copies under it merged. On the disk of a directory, or a slow one.
 */
public final class MergeLatencyBench {
    private static final String USAGE = "bench merge-latency [--mib N] [--writes-per-second N] [--runs N] [DIRECTORY]";
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final long WITHOUT_NANOS = 10_000_000_000L;

    /** The first writes find few blocks to write to, and make them. */
    private static final long WARM_UP_NANOS = 5_000_000_000L;

    /** All parts of a disk three times, and room to spare. */
    private static final long SLOW_DISK_FACTOR = 4;

    private static final int MIB = 1 << 20;
    private static final int PARTS = 8;
    private static final PrintStream OUT = System.out;

    private final Path parent;
    private final long sizeBytes;
    private final int writesPerSecond;

    private MergeLatencyBench(Path parent, long sizeBytes, int writesPerSecond) {
        this.parent = parent;
        this.sizeBytes = sizeBytes;
        this.writesPerSecond = writesPerSecond;
    }

    /**
     * How a disk is merged: how many of its eight parts are written before its snapshot, between that and the next, and to the
     * leaf, which gets the last ones.
     */
    private enum Way {
        DRAIN(8, 0, 2),
        FILL(4, 0, 6),
        PUSH_DOWN(8, 4, 2);

        private final int base;
        private final int middle;
        private final int leaf;

        Way(int base, int middle, int leaf) {
            this.base = base;
            this.middle = middle;
            this.leaf = leaf;
        }
    }

    /** Runs the benchmark; see the usage. */
    public static void main(String[] arguments) throws IOException {
        long mib = 1024;
        int writesPerSecond = 1000;
        int runs = 1;
        @Nullable Path parent = null;
        Iterator<String> words = List.of(arguments).iterator();
        while (words.hasNext()) {
            String word = words.next();
            if (word.startsWith("--") && !words.hasNext()) {
                throw new IllegalArgumentException(word + " needs a value; usage: " + USAGE);
            }
            switch (word) {
                case "--mib" -> mib = Long.parseLong(words.next());
                case "--writes-per-second" -> writesPerSecond = Integer.parseInt(words.next());
                case "--runs" -> runs = Integer.parseInt(words.next());
                default -> parent = Path.of(word).toAbsolutePath();
            }
        }
        if (parent != null) {
            new MergeLatencyBench(parent, mib << 20, writesPerSecond).run(runs);
        } else {
            try (SlowDisk disk = SlowDisk.make((SLOW_DISK_FACTOR * mib) << 20)) {
                new MergeLatencyBench(disk.root(), mib << 20, writesPerSecond).run(runs);
            }
        }
    }

    private void run(int runs) throws IOException {
        OUT.printf(
                Locale.ROOT,
                "%d writes of 4 KiB a second and a flush after every 64th, in microseconds, under %s%n",
                writesPerSecond,
                parent);
        OUT.printf(
                Locale.ROOT,
                "%-10s %-8s %8s %39s   %29s%n",
                "way",
                "merge",
                "seconds",
                "writes: p50 p99 p99.9 max",
                "flushes: p50 p99 max");
        for (int run = 0; run < runs; run++) {
            for (Way way : Way.values()) {
                measure(way);
            }
        }
    }

    private void measure(Way way) throws IOException {
        Path directory = Files.createTempDirectory(parent, "bench");
        DirectExports exports = new DirectExports();
        FileStorage storage = LinuxFiles.storage(Files.createDirectory(directory.resolve("sr")));
        VhdRepository.create(storage, new SrId(UUID.randomUUID()), "bench");
        // As the agent has it: what a guest waits for is not to be the redo log on a disk.
        Path redo = Files.createTempDirectory(Path.of("/dev/shm"), "bench-redo");
        try (Jobs jobs = new Jobs(Clock.systemUTC());
                VhdRepository sr = VhdRepository.attach(storage, "bench", environment(redo, exports, jobs))) {
            sr.garbage().pause();
            VdiId disk =
                    sr.create(new VdiSpec(sizeBytes, "disk", "", null, false)).vdi();
            sr.attach(disk, AccessMode.READ_WRITE);
            BlockDevice device = exports.device(disk);
            write(device, 0, way.base);
            VdiId first = sr.snapshot(List.of(disk), "first").get(0).vdi();
            if (way.middle > 0) {
                write(device, 0, way.middle);
                sr.snapshot(List.of(disk), "second");
            }
            write(device, PARTS - way.leaf, way.leaf);
            load(device, () -> LockSupport.parkNanos(WARM_UP_NANOS));
            report(way, "without", device, () -> LockSupport.parkNanos(WITHOUT_NANOS));
            sr.destroy(first);
            report(way, "during", device, () -> {
                sr.garbage().resume();
                merge(sr, jobs);
            });
        } finally {
            DirectoryTree.delete(directory);
            DirectoryTree.delete(redo);
        }
    }

    private static void merge(VhdRepository sr, Jobs jobs) {
        Job job = jobs.waitFor(sr.garbage().run().id(), PATIENCE);
        String result = String.valueOf(job.result());
        if (job.state() != Job.State.DONE || !result.contains("merged 1")) {
            throw new IllegalStateException("the merge did not end: " + job);
        }
    }

    private void report(Way way, String merge, BlockDevice device, Runnable meanwhile) throws IOException {
        long begin = System.nanoTime();
        PacedGuest guest = load(device, meanwhile);
        double seconds = (System.nanoTime() - begin) / 1e9;
        OUT.printf(
                Locale.ROOT,
                "%-10s %-8s %8.1f %9.0f %9.0f %9.0f %9.0f   %9.0f %9.0f %9.0f%n",
                way.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                merge,
                seconds,
                guest.writes.micros(0.5),
                guest.writes.micros(0.99),
                guest.writes.micros(0.999),
                guest.writes.micros(1),
                guest.flushes.micros(0.5),
                guest.flushes.micros(0.99),
                guest.flushes.micros(1));
    }

    private PacedGuest load(BlockDevice device, Runnable meanwhile) throws IOException {
        PacedGuest guest = new PacedGuest(device, sizeBytes, writesPerSecond);
        guest.start();
        meanwhile.run();
        guest.end();
        return guest;
    }

    private void write(BlockDevice device, int firstPart, int parts) throws IOException {
        byte[] bytes = new byte[MIB];
        new Random(parts).nextBytes(bytes);
        long end = sizeBytes / PARTS * (firstPart + parts);
        for (long offset = sizeBytes / PARTS * firstPart; offset < end; offset += bytes.length) {
            device.write(offset, ByteBuffer.wrap(bytes));
        }
        device.flush();
    }

    private static Environment environment(Path redo, DirectExports exports, Jobs jobs) {
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
