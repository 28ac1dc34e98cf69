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
            "bench snapshot [--disks N,...] [--snapshots N] [--mib N] [--depth N] [DIRECTORY]";
    private static final long PROBED_BYTES = 16 << 20;
    private static final long SETTLE_NANOS = 2_000_000_000L;
    private static final long LEAST_FREE_PART = 4;
    private static final PrintStream OUT = System.out;

    private final Path parent;
    private final List<Integer> diskCounts;
    private final int snapshots;
    private final long sizeBytes;
    private final int depth;

    private SnapshotBench(Path parent, List<Integer> diskCounts, int snapshots, long sizeBytes, int depth) {
        this.parent = parent;
        this.diskCounts = diskCounts;
        this.snapshots = snapshots;
        this.sizeBytes = sizeBytes;
        this.depth = depth;
    }

    /** Runs the benchmark; see the usage. */
    public static void main(String[] arguments) throws IOException {
        List<Integer> disks = List.of(1, 8, 32);
        int snapshots = 200;
        long mib = 256;
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
                case "--mib" -> mib = Long.parseLong(words.next());
                case "--depth" -> depth = Integer.parseInt(words.next());
                default -> parent = word;
            }
        }
        new SnapshotBench(Path.of(parent).toAbsolutePath(), disks, snapshots, mib << 20, depth).run();
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
        Path directory = Files.createTempDirectory(parent, "bench");
        Path run = Files.createTempDirectory("catena");
        try (Disks disks = ours
                ? new CatenaDisks(run, directory, count, sizeBytes)
                : new QemuDisks(run, directory, count, sizeBytes)) {
            underLoad(disks, all);
        } finally {
            DirectoryTree.delete(directory);
            DirectoryTree.delete(run);
        }
    }

    private void underLoad(Disks disks, boolean all) throws IOException {
        List<BackgroundProgram> load = new ArrayList<>();
        try {
            for (String export : disks.exports()) {
                load.add(fio(disks.socket(), export));
            }
            LockSupport.parkNanos(SETTLE_NANOS);
            try (Probe probe =
                    new Probe(disks.socket(), disks.exports().get(0), sizeBytes - PROBED_BYTES, PROBED_BYTES)) {
                LockSupport.parkNanos(SETTLE_NANOS);
                report(disks, all, probe);
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

    private void report(Disks disks, boolean all, Probe probe) throws IOException {
        Gaps with = new Gaps();
        Gaps without = new Gaps();
        long[] reported = {-1};
        for (int i = 0; i < snapshots; i++) {
            checkSpace();
            long begin = System.nanoTime();
            with.add(probe.longestGapMicros(() -> reported[0] = Math.max(reported[0], disks.snapshot(all))));
            long tookNanos = System.nanoTime() - begin;
            without.add(probe.longestGapMicros(() -> LockSupport.parkNanos(tookNanos)));
        }
        OUT.printf(
                Locale.ROOT,
                "%-8s %5d %-6s %s   %s   %9s%n",
                disks.title(),
                disks.exports().size(),
                all ? "all" : "one",
                with.text(),
                without.text(),
                reported[0] < 0 ? "" : reported[0]);
    }

    /** Snapshots pile up, and each disk is written all over again after each: a file system in memory takes the machine with it. */
    private void checkSpace() throws IOException {
        FileStore store = Files.getFileStore(parent);
        if (store.getUsableSpace() < store.getTotalSpace() / LEAST_FREE_PART) {
            throw new IOException("Less than a quarter of " + parent
                    + " is free; take fewer --snapshots or --disks, a smaller --mib, or another DIRECTORY");
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
