package io.catena.harness.bench.mirror;

import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;

/**
 * Measures how fast a mirror copies a full disk, beside {@code nbdcopy} from disk to disk of the same agent, and what a guest's
 * random writes lose while the mirror is in sync: to another SR of the agent, and to another agent over TLS. All in turn, run by
 * run.
 */
public final class MirrorBench {
    private static final String USAGE = "bench mirror [--mib N] [--runs N] [--seconds N] [DIRECTORY]";
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final int MIB = 1 << 20;
    private static final int BLOCK_BYTES = 64 << 10;
    private static final int QUEUE_DEPTH = 8;

    /** The disk, and in each run a copy by each of three. */
    private static final int COPIES_OF_A_RUN = 3;

    private static final PrintStream OUT = System.out;

    private final MirrorPair pair;
    private final long sizeBytes;
    private final int seconds;
    private final Map<String, List<Double>> rates = new LinkedHashMap<>();

    private MirrorBench(MirrorPair pair, long sizeBytes, int seconds) {
        this.pair = pair;
        this.sizeBytes = sizeBytes;
        this.seconds = seconds;
    }

    /** Runs the benchmark; see the usage. */
    public static void main(String[] arguments) throws IOException {
        List<String> rest = new ArrayList<>(List.of(arguments));
        long sizeBytes = (long) option(rest, "--mib", 512) * MIB;
        int runs = option(rest, "--runs", 3);
        int seconds = option(rest, "--seconds", 10);
        if (rest.size() > 1) {
            throw new IllegalArgumentException("usage: " + USAGE);
        }
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        requireRoom(parent, sizeBytes * (1 + (long) runs * COPIES_OF_A_RUN));
        Path directory = Files.createTempDirectory(parent.toAbsolutePath(), "mirror");
        try (MirrorPair pair = new MirrorPair(directory)) {
            new MirrorBench(pair, sizeBytes, seconds).measure(runs);
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    private static int option(List<String> rest, String name, int usual) {
        int at = rest.indexOf(name);
        if (at < 0) {
            return usual;
        }
        if (at + 1 == rest.size()) {
            throw new IllegalArgumentException(name + " needs a value; usage: " + USAGE);
        }
        int value = Integer.parseInt(rest.remove(at + 1));
        rest.remove(at);
        return value;
    }

    private static void requireRoom(Path parent, long neededBytes) throws IOException {
        long free = Files.getFileStore(parent).getUsableSpace();
        if (free < neededBytes) {
            throw new IOException(parent + " has " + free + " bytes free, needed are " + neededBytes
                    + "; give another directory, a smaller --mib or fewer --runs");
        }
    }

    private void measure(int runs) throws IOException {
        String disk = pair.disk("first", sizeBytes);
        fill(disk);
        for (int run = 0; run < runs; run++) {
            String copy = pair.disk("second", sizeBytes);
            copied("nbdcopy", () -> Programs.run(PATIENCE, "nbdcopy", "--flush", "--", pair.uri(disk), pair.uri(copy)));
            written("no mirror", disk);
            mirrored("mirror to another SR", disk, () -> pair.mirrorHere(disk));
            mirrored("mirror to another agent, TLS", disk, () -> pair.mirrorThere(disk));
        }
        print(runs);
    }

    private void fill(String disk) throws IOException {
        Random random = new Random(1);
        byte[] bytes = new byte[MIB];
        try (NbdDisk filled = NbdDisk.connect(pair.uri(disk), PATIENCE)) {
            for (long offset = 0; offset < sizeBytes; offset += MIB) {
                random.nextBytes(bytes);
                filled.write(offset, ByteBuffer.wrap(bytes));
            }
            filled.flush();
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    /** Begins a mirror. */
    @FunctionalInterface
    private interface Begin {
        String job() throws IOException;
    }

    private void mirrored(String what, String disk, Begin begin) throws IOException {
        String[] job = new String[1];
        copied(what, () -> {
            job[0] = begin.job();
            pair.awaitInSync(job[0]);
        });
        written(what, disk);
        pair.cancel(job[0]);
    }

    private void copied(String by, Work work) throws IOException {
        long start = System.nanoTime();
        work.run();
        add("copied by " + by, sizeBytes * 1e9 / (System.nanoTime() - start));
    }

    private void written(String with, String disk) throws IOException {
        FioJob guest = new FioJob(
                pair.uri(disk),
                "randwrite",
                BLOCK_BYTES,
                QUEUE_DEPTH,
                sizeBytes,
                OptionalLong.of(seconds),
                false,
                List.of());
        add("guest's writes, " + with, Fio.run(guest, PATIENCE).write().bytesPerSecond());
    }

    private void add(String what, double bytesPerSecond) {
        rates.computeIfAbsent(what, w -> new ArrayList<>()).add(bytesPerSecond / MIB);
    }

    private void print(int runs) {
        OUT.printf(
                Locale.ROOT,
                "%d MiB, all data; guest: random writes of %d KiB, %d at a time; %d runs%n",
                sizeBytes / MIB,
                BLOCK_BYTES >> 10,
                QUEUE_DEPTH,
                runs);
        OUT.printf(Locale.ROOT, "%-48s %12s %9s %9s%n", "", "median MiB/s", "least", "most");
        rates.forEach((what, all) -> {
            double[] sorted = all.stream().mapToDouble(Double::doubleValue).toArray();
            Arrays.sort(sorted);
            OUT.printf(
                    Locale.ROOT,
                    "%-48s %12.0f %9.0f %9.0f%n",
                    what,
                    sorted[sorted.length / 2],
                    sorted[0],
                    sorted[sorted.length - 1]);
        });
    }
}
