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

/**
 * Measures what a guest's writes and flushes take while its disk is merged, beside the same load without: its leaf drained
 * into its base copy, its leaf filled from it, and two base copies under it merged.
 */
public final class MergeLatencyBench {
    private static final String USAGE = "bench merge-latency [--mib N] [--writes-per-second N] [DIRECTORY]";
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final long WITHOUT_NANOS = 10_000_000_000L;
    private static final int MIB = 1 << 20;
    private static final PrintStream OUT = System.out;

    private final Path parent;
    private final long sizeBytes;
    private final int writesPerSecond;

    private MergeLatencyBench(Path parent, long sizeBytes, int writesPerSecond) {
        this.parent = parent;
        this.sizeBytes = sizeBytes;
        this.writesPerSecond = writesPerSecond;
    }

    /** How a disk is merged: what is written before its snapshot, between that and the next, and to the leaf, of eight parts. */
    private enum Way {
        DRAIN(8, 0, 1),
        FILL(2, 0, 8),
        PUSH_DOWN(8, 4, 1);

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
        String parent = System.getProperty("java.io.tmpdir");
        Iterator<String> words = List.of(arguments).iterator();
        while (words.hasNext()) {
            String word = words.next();
            if (word.startsWith("--") && !words.hasNext()) {
                throw new IllegalArgumentException(word + " needs a value; usage: " + USAGE);
            }
            switch (word) {
                case "--mib" -> mib = Long.parseLong(words.next());
                case "--writes-per-second" -> writesPerSecond = Integer.parseInt(words.next());
                default -> parent = word;
            }
        }
        new MergeLatencyBench(Path.of(parent).toAbsolutePath(), mib << 20, writesPerSecond).run();
    }

    private void run() throws IOException {
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
        for (Way way : Way.values()) {
            measure(way);
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
            write(device, way.base);
            VdiId first = sr.snapshot(List.of(disk), "first").get(0).vdi();
            if (way.middle > 0) {
                write(device, way.middle);
                sr.snapshot(List.of(disk), "second");
            }
            write(device, way.leaf);
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
        PacedGuest guest = new PacedGuest(device, sizeBytes, writesPerSecond);
        long begin = System.nanoTime();
        guest.start();
        meanwhile.run();
        double seconds = (System.nanoTime() - begin) / 1e9;
        guest.end();
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

    private void write(BlockDevice device, int parts) throws IOException {
        byte[] bytes = new byte[MIB];
        new Random(parts).nextBytes(bytes);
        for (long offset = 0; offset < sizeBytes / 8 * parts; offset += bytes.length) {
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
