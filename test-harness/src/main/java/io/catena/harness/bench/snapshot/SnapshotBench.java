package io.catena.harness.bench.snapshot;

import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.peer.BackgroundProgram;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Measures what a client notices of snapshots while fio writes to all disks at full speed: the longest time between two answers
 * while one is taken, and in as long a time without, in turn. Each contestant is measured with snapshots of the first disk, and
 * with those of all disks at one instant.
 */
public final class SnapshotBench {
    private static final String USAGE =
            "bench snapshot [--disks N,...] [--snapshots N] [--round N] [--mib N] [--depth N] [DIRECTORY]";
    private static final long PROBED_BYTES = 16 << 20;
    private static final long SETTLE_NANOS = 2_000_000_000L;
    private static final long LEAST_FREE_PART = 8;
    private static final int WARM_UP = 5;

    /** Where the redo logs are, as they are under /run. */
    private static final Path MEMORY = Path.of("/dev/shm");

    private static final PrintStream OUT = System.out;

    private final Path parent;
    private final List<Integer> diskCounts;
    private final int snapshots;
    private final int round;
    private final long sizeBytes;
    private final int depth;

    private SnapshotBench(Path parent, List<Integer> diskCounts, int snapshots, int round, long sizeBytes, int depth) {
        this.parent = parent;
        this.diskCounts = diskCounts;
        this.snapshots = snapshots;
        this.round = round;
        this.sizeBytes = sizeBytes;
        this.depth = depth;
    }

    /** Runs the benchmark; see the usage. */
    public static void main(String[] arguments) throws IOException {
        List<Integer> disks = List.of(1, 8, 32);
        int snapshots = 200;
        int round = 25;
        long mib = 64;
        int depth = 16;
        String parent = System.getProperty("java.io.tmpdir");
        Iterator<String> words = List.of(arguments).iterator();
        while (words.hasNext()) {
            String word = words.next();
            if (word.startsWith("--") && !words.hasNext()) {
                throw new IllegalArgumentException(word + " needs a value; usage: " + USAGE);
            }
            switch (word) {
                case "--disks" ->
                    disks = Stream.of(words.next().split(",", -1))
                            .map(Integer::valueOf)
                            .toList();
                case "--snapshots" -> snapshots = Integer.parseInt(words.next());
                case "--round" -> round = Integer.parseInt(words.next());
                case "--mib" -> mib = Long.parseLong(words.next());
                case "--depth" -> depth = Integer.parseInt(words.next());
                default -> parent = word;
            }
        }
        new SnapshotBench(Path.of(parent).toAbsolutePath(), disks, snapshots, round, mib << 20, depth).run();
    }

    private void run() throws IOException {
        OUT.printf(
                Locale.ROOT, "%d snapshots each, gaps between answers in microseconds, under %s%n", snapshots, parent);
        OUT.printf(
                Locale.ROOT,
                "%-8s %5s %-6s %29s   %29s   %9s%n",
                "who",
                "disks",
                "cut",
                "while one is taken: p50 p99 max",
                "without: p50 p99 max",
                "reported");
        for (int count : diskCounts) {
            for (boolean all : count == 1 ? List.of(false) : List.of(false, true)) {
                measure(true, count, all);
                measure(false, count, all);
            }
        }
    }

    private void measure(boolean ours, int count, boolean all) throws IOException {
        Measured measured = new Measured();
        for (int left = snapshots; left > 0; left -= round) {
            measureRound(ours, count, all, Math.min(round, left), measured);
        }
        OUT.printf(
                Locale.ROOT,
                "%-8s %5d %-6s %s   %s   %9s%n",
                ours ? "catena" : "qemu",
                count,
                all ? "all" : "one",
                measured.with.text(),
                measured.without.text(),
                measured.reported < 0 ? "" : measured.reported);
    }

    /** What a client noticed, and the longest pause that was reported. */
    private static final class Measured {
        private final Gaps with = new Gaps();
        private final Gaps without = new Gaps();
        private long reported = -1;
    }

    private void measureRound(boolean ours, int count, boolean all, int snapshotsNow, Measured measured)
            throws IOException {
        Path directory = Files.createTempDirectory(parent, "bench");
        Path run = Files.createTempDirectory(Files.isDirectory(MEMORY) ? MEMORY : parent, "cb");
        try (Disks disks = ours
                ? new CatenaDisks(run, directory, count, sizeBytes)
                : new QemuDisks(run, directory, count, sizeBytes)) {
            underLoad(disks, probe -> cut(disks, all, probe, snapshotsNow, measured));
        } finally {
            DirectoryTree.delete(directory);
            DirectoryTree.delete(run);
        }
    }

    private interface Measurement {
        void run(Probe probe) throws IOException;
    }

    private void underLoad(Disks disks, Measurement measurement) throws IOException {
        List<BackgroundProgram> load = new ArrayList<>();
        try {
            for (String export : disks.exports()) {
                load.add(fio(disks.socket(), export));
            }
            LockSupport.parkNanos(SETTLE_NANOS);
            try (Probe probe =
                    new Probe(disks.socket(), disks.exports().get(0), sizeBytes - PROBED_BYTES, PROBED_BYTES)) {
                LockSupport.parkNanos(SETTLE_NANOS);
                measurement.run(probe);
            }
            for (BackgroundProgram fio : load) {
                if (!fio.isAlive()) {
                    throw new IOException("fio ended under way: " + fio.describe());
                }
            }
        } finally {
            for (BackgroundProgram fio : load) {
                fio.close();
            }
        }
    }

    private void cut(Disks disks, boolean all, Probe probe, int snapshotsNow, Measured measured) throws IOException {
        for (int i = 0; i < WARM_UP; i++) {
            disks.snapshot(all);
        }
        for (int i = 0; i < snapshotsNow; i++) {
            checkSpace();
            long begin = System.nanoTime();
            measured.with.add(
                    probe.longestGapMicros(() -> measured.reported = Math.max(measured.reported, disks.snapshot(all))));
            long tookNanos = System.nanoTime() - begin;
            measured.without.add(probe.longestGapMicros(() -> LockSupport.parkNanos(tookNanos)));
        }
    }

    /** A file system in memory takes the machine with it. */
    private void checkSpace() throws IOException {
        FileStore store = Files.getFileStore(parent);
        if (store.getUsableSpace() < store.getTotalSpace() / LEAST_FREE_PART) {
            throw new IOException("Less than an eighth of " + parent
                    + " is free; take a smaller --round, fewer --disks, a smaller --mib, or another DIRECTORY");
        }
    }

    private BackgroundProgram fio(Path socket, String export) throws IOException {
        return BackgroundProgram.start(
                "fio",
                "--name=load",
                "--ioengine=nbd",
                "--uri=nbd+unix:///" + export + "?socket=" + socket,
                "--rw=randwrite",
                "--bs=4096",
                "--iodepth=" + depth,
                "--size=" + (sizeBytes - PROBED_BYTES),
                "--time_based",
                "--runtime=3600");
    }
}
