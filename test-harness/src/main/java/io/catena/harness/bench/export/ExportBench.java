package io.catena.harness.bench.export;

import io.catena.agent.control.client.ContentDownload;
import io.catena.harness.bench.DirectoryTree;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Measures exports of a disk of which every other block holds data, and of a hundredth that changed, beside {@code nbdcopy} and
 * {@code qemu-img convert} that read the same snapshot from the same agent. All in turn, run by run, so that what else the
 * machine does falls on all. Our streams and nbdcopy's go to /dev/null, qemu-img
 * writes a file. A raw stream is compared with an nbdcopy that, as it does, fetches the holes, too.
 */
public final class ExportBench {
    private static final String USAGE = "bench export [--size GIB] [--runs N] [DIRECTORY]";
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    private static final long ROOM_FACTOR = 3;
    private static final PrintStream OUT = System.out;

    private final Path directory;
    private final long sizeBytes;
    private final int runs;

    /** What each takes, in seconds, run by run. */
    private final Map<String, double[]> seconds = new LinkedHashMap<>();

    /** How many bytes each sent. */
    private final Map<String, Long> sent = new LinkedHashMap<>();

    private ExportBench(Path directory, long sizeBytes, int runs) {
        this.directory = directory;
        this.sizeBytes = sizeBytes;
        this.runs = runs;
    }

    /** Runs the benchmark; see the usage. */
    public static void main(String[] arguments) throws IOException {
        long gib = 10;
        int runs = 5;
        Path parent = Path.of(System.getProperty("java.io.tmpdir"));
        Iterator<String> words = List.of(arguments).iterator();
        while (words.hasNext()) {
            String word = words.next();
            if (word.startsWith("--") && !words.hasNext()) {
                throw new IllegalArgumentException(word + " needs a value; usage: " + USAGE);
            }
            switch (word) {
                case "--size" -> gib = Long.parseLong(words.next());
                case "--runs" -> runs = Integer.parseInt(words.next());
                default -> parent = Path.of(word);
            }
        }
        requireRoom(parent, gib << 30);
        Path directory = Files.createTempDirectory(parent.toAbsolutePath(), "bench-export");
        Path run = Files.createTempDirectory("catena");
        try (AgentProcess agent = AgentProcess.start(run)) {
            new ExportBench(directory, gib << 30, runs).measure(agent);
        } finally {
            DirectoryTree.delete(directory);
            DirectoryTree.delete(run);
        }
    }

    /** Half of the disk, in the SR, and twice as files: none of it may fill the file system. */
    private static void requireRoom(Path parent, long sizeBytes) throws IOException {
        long free = Files.getFileStore(parent).getUsableSpace();
        if (free < sizeBytes * ROOM_FACTOR) {
            throw new IOException(parent + " has " + free + " bytes free, needed are " + sizeBytes * ROOM_FACTOR
                    + "; give another directory or a smaller --size");
        }
    }

    private void measure(AgentProcess agent) throws IOException {
        SparseDisk disk = new SparseDisk(agent, directory, sizeBytes);
        String uri = disk.serve();
        for (int run = 0; run < runs; run++) {
            for (String format : List.of("raw", "vhd", "qcow2")) {
                export(agent, run, "export " + format, disk.after(), format, null);
            }
            for (String format : List.of("vhd", "qcow2")) {
                export(agent, run, "1 % delta as " + format, disk.after(), format, disk.before());
            }
            time(
                    run,
                    "nbdcopy, all bytes",
                    sizeBytes,
                    () -> program("sh", "-c", "nbdcopy --no-extents -- \"$0\" - > /dev/null", uri));
            time(run, "nbdcopy, data only", sizeBytes / 2, () -> program("nbdcopy", "--", uri, "null:"));
            Path image = directory.resolve("image");
            time(
                    run,
                    "qemu-img convert to qcow2",
                    sizeBytes / 2,
                    () -> program("qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri, image.toString()));
            Files.delete(image);
        }
        print(agent);
    }

    private static void program(String... command) throws IOException {
        Programs.run(PATIENCE, command);
    }

    private void export(AgentProcess agent, int run, String what, String vdi, String format, @Nullable String base)
            throws IOException {
        String path = "/v1/vdis/" + vdi + "/content?format=" + format + (base == null ? "" : "&base=" + base);
        ContentDownload download = new ContentDownload(agent.runDirectory().resolve("agent.sock"));
        long[] length = new long[1];
        try (FileChannel nowhere = FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE)) {
            time(run, what, 0, () -> download.fetch(path, nowhere, (done, of) -> length[0] = of));
        }
        sent.put(what, length[0]);
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    private void time(int run, String what, long bytes, Work work) throws IOException {
        long start = System.nanoTime();
        work.run();
        seconds.computeIfAbsent(what, w -> new double[runs])[run] = (System.nanoTime() - start) / 1e9;
        sent.putIfAbsent(what, bytes);
    }

    private void print(AgentProcess agent) throws IOException {
        OUT.printf(Locale.ROOT, "%d GiB, half of them data, %d runs, under %s%n", sizeBytes >> 30, runs, directory);
        OUT.printf(Locale.ROOT, "%-26s %9s %9s %9s %10s%n", "", "median s", "least", "most", "MiB/s");
        seconds.forEach((what, times) -> {
            double[] sorted = times.clone();
            Arrays.sort(sorted);
            double median = median(what);
            OUT.printf(
                    Locale.ROOT,
                    "%-26s %9.2f %9.2f %9.2f %10.0f   %s%n",
                    what,
                    median,
                    sorted[0],
                    sorted[runs - 1],
                    Objects.requireNonNull(sent.get(what)) / median / (1 << 20),
                    ratio(what));
        });
        OUT.println("the agent's most memory: " + mostMemory(agent));
    }

    /** Raw streams are compared with what sends all bytes as well, others with what leaves out holes. */
    private String ratio(String what) {
        if (!what.startsWith("export")) {
            return "";
        }
        String peer = what.endsWith("raw") ? "nbdcopy, all bytes" : "nbdcopy, data only";
        return String.format(
                Locale.ROOT,
                "%.2f x nbdcopy, %.2f x qemu-img",
                median(peer) / median(what),
                median("qemu-img convert to qcow2") / median(what));
    }

    private double median(String what) {
        double[] sorted = Objects.requireNonNull(seconds.get(what)).clone();
        Arrays.sort(sorted);
        return sorted[runs / 2];
    }

    private static String mostMemory(AgentProcess agent) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + agent.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("unknown");
    }
}
