package io.catena.harness.bench;

import com.google.gson.GsonBuilder;
import io.catena.agent.linux.LinuxFiles;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.ReflinkImage;
import io.catena.sr.gc.PushDown;
import io.catena.store.FileStorage;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Measures merging, on the file system of a directory and, as root, on an XFS that shares extents, against {@code qemu-img
 * commit} of the same shape in qcow2 and a plain {@code cp} of the same bytes; then what a guest feels of a live merge. What
 * vhd-util took is from a record.
 */
public final class CoalesceBench {
    private static final long GIB = 1L << 30;
    private static final int BLOCK = 2 << 20;
    private static final int DELTAS = 30;
    private static final long XFS_BYTES = 12 * GIB;
    private static final Duration DEADLINE = Duration.ofMinutes(5);
    private static final NewVhd MAKER = new NewVhd(Clock.systemUTC(), UUID::randomUUID);

    private final Path directory;
    private final String fileSystem;
    private final FileStorage storage;
    private final List<Measured> results;

    private CoalesceBench(Path directory, String fileSystem, List<Measured> results) {
        this.directory = directory;
        this.fileSystem = fileSystem;
        this.storage = LinuxFiles.storage(directory);
        this.results = results;
    }

    /** Runs {@code [--json] [DIRECTORY]}. */
    public static void main(String[] args) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(args));
        boolean json = arguments.remove("--json");
        Path base = Path.of(arguments.isEmpty() ? System.getProperty("java.io.tmpdir") : arguments.get(0));
        Path directory = Files.createTempDirectory(base, "catena-bench-coalesce");
        List<Measured> results = new ArrayList<>();
        Map<String, Map<String, Double>> latency = new LinkedHashMap<>();
        try {
            String type = Files.getFileStore(directory).type();
            Path plain = Files.createDirectory(directory.resolve("plain"));
            new CoalesceBench(plain, type, results).run();
            latency.putAll(new LatencyBench(plain).run());
            DirectoryTree.delete(plain);
            if (ReflinkImage.isPossible()) {
                try (ReflinkImage xfs = ReflinkImage.mount(ReflinkImage.Kind.XFS, directory, XFS_BYTES)) {
                    new CoalesceBench(xfs.root(), "xfs", results).run();
                }
            } else {
                System.err.println("XFS is left out: only root can mount");
            }
        } finally {
            DirectoryTree.delete(directory);
        }
        System.out.println(
                json
                        ? new GsonBuilder()
                                .setPrettyPrinting()
                                .create()
                                .toJson(Map.of("merging", results, "guestLatencyMicros", latency))
                        : table(results) + LatencyBench.table(latency));
    }

    private void run() throws IOException {
        full();
        fragmented();
        deep();
    }

    private void full() throws IOException {
        MAKER.create(storage, "p.vhd", GIB, NewDiskType.DYNAMIC);
        MAKER.snapshot(storage, "k.vhd", "p.vhd");
        write("k.vhd", BLOCK, BLOCK, GIB, 1);
        copyFile("p.vhd", "empty.vhd");
        qemu("create", "-q", "-f", "qcow2", path("p.qcow2"), "1G");
        copyFile("p.qcow2", "empty.qcow2");
        overlay("k.qcow2", "p.qcow2");
        rawContent("k.vhd", "content.raw");
        qemu("convert", "-q", "-n", "-f", "raw", "-O", "qcow2", path("content.raw"), path("k.qcow2"));
        Files.delete(directory.resolve("content.raw"));
        Timing.Work ours = () -> merge("p.vhd", "k.vhd");
        Timing.Work theirs = () -> commit("p.qcow2", "k.qcow2");
        compare(
                "1 GiB into an empty parent",
                4.95,
                () -> copyFile("empty.vhd", "p.vhd"),
                ours,
                () -> copyFile("empty.qcow2", "p.qcow2"),
                theirs);
        compare("1 GiB into a full parent", 3.54, () -> {}, ours, () -> {}, theirs);
        Timing.Pair cp = Timing.inTurn(
                () -> copyFile("empty.vhd", "p.vhd"),
                ours,
                () -> Files.deleteIfExists(directory.resolve("copy")),
                () -> Programs.run(
                        DEADLINE,
                        "sh",
                        "-c",
                        "cp --reflink=never \"$1\" \"$2\" && sync \"$2\"",
                        "sh",
                        path("k.vhd"),
                        path("copy")));
        add("1 GiB into an empty parent", cp.ours(), null, "cp and sync", cp.peer());
        clear();
    }

    private void fragmented() throws IOException {
        MAKER.create(storage, "p.vhd", GIB, NewDiskType.DYNAMIC);
        copyFile("p.vhd", "empty.vhd");
        MAKER.snapshot(storage, "k.vhd", "p.vhd");
        write("k.vhd", 4096, 64 * 512, 128L * BLOCK, 2);
        qemu("create", "-q", "-f", "qcow2", path("p.qcow2"), "1G");
        copyFile("p.qcow2", "empty.qcow2");
        qemu(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-o",
                "cluster_size=4096",
                "-b",
                path("p.qcow2"),
                "-F",
                "qcow2",
                path("k.qcow2"));
        rawContent("k.vhd", "content.raw");
        qemu("convert", "-q", "-n", "-S", "4k", "-f", "raw", "-O", "qcow2", path("content.raw"), path("k.qcow2"));
        Files.delete(directory.resolve("content.raw"));
        compare(
                "32 MiB in runs of 4 KiB",
                8.91,
                () -> copyFile("empty.vhd", "p.vhd"),
                () -> merge("p.vhd", "k.vhd"),
                () -> copyFile("empty.qcow2", "p.qcow2"),
                () -> commit("p.qcow2", "k.qcow2"));
        clear();
    }

    /** Each delta has 4 MiB in pieces of 64 KiB at random places. */
    private void deep() throws IOException {
        MAKER.create(storage, "p.vhd", GIB, NewDiskType.DYNAMIC);
        copyFile("p.vhd", "empty.vhd");
        qemu("create", "-q", "-f", "qcow2", path("p.qcow2"), "1G");
        copyFile("p.qcow2", "empty.qcow2");
        String below = "p";
        List<String> deltas = new ArrayList<>();
        for (int i = 0; i < DELTAS; i++) {
            String name = "d" + i;
            MAKER.snapshot(storage, name + ".vhd", below + ".vhd");
            overlay(name + ".qcow2", below + ".qcow2");
            scatter(name, i);
            deltas.add(0, name + ".vhd");
            below = name;
        }
        compare(
                DELTAS + " deltas of 4 MiB into one",
                null,
                () -> copyFile("empty.vhd", "p.vhd"),
                () -> merge("p.vhd", deltas.toArray(String[]::new)),
                () -> copyFile("empty.qcow2", "p.qcow2"),
                () -> {
                    qemu("commit", "-q", "-d", "-b", path("p.qcow2"), path("d" + (DELTAS - 1) + ".qcow2"));
                    sync("p.qcow2");
                });
        clear();
    }

    private void scatter(String name, int seed) throws IOException {
        Random random = new Random(seed);
        byte[] piece = new byte[64 << 10];
        List<String> command = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
        try (Layer layer = ChainFile.vhd(storage, name + ".vhd").openWritable(storage, null)) {
            for (int i = 0; i < 64; i++) {
                random.nextBytes(piece);
                long offset = random.nextInt((int) (GIB / piece.length)) * (long) piece.length;
                layer.write(offset, ByteBuffer.wrap(piece));
                command.addAll(List.of("-c", "write -q -P " + (1 + i) + " " + offset + " " + piece.length));
            }
        }
        command.add(path(name + ".qcow2"));
        Programs.run(DEADLINE, command.toArray(String[]::new));
    }

    private void compare(
            String what,
            @Nullable Double recorded,
            Timing.Work prepareOurs,
            Timing.Work ours,
            Timing.Work prepareTheirs,
            Timing.Work theirs)
            throws IOException {
        Timing.Pair times = Timing.inTurn(prepareOurs, ours, prepareTheirs, theirs);
        add(what, times.ours(), recorded, "qemu-img commit, and sync", times.peer());
    }

    private void merge(String parent, String... nodes) throws IOException {
        List<ChainFile> files = new ArrayList<>();
        for (String node : nodes) {
            files.add(ChainFile.vhd(storage, node));
        }
        new PushDown(storage, new UnwatchedJob()).copy(files, storage, ChainFile.vhd(storage, parent));
    }

    private void commit(String parent, String child) throws IOException {
        qemu("commit", "-q", "-d", path(child));
        sync(parent);
    }

    private void sync(String name) throws IOException {
        Programs.run(DEADLINE, "sync", path(name));
    }

    private void overlay(String name, String parent) throws IOException {
        qemu("create", "-q", "-f", "qcow2", "-b", path(parent), "-F", "qcow2", path(name));
    }

    private void rawContent(String node, String raw) throws IOException {
        try (Layer layer = ChainFile.vhd(storage, node).openReadOnly(storage)) {
            storage.delete(raw);
            try (var out = storage.create(raw)) {
                out.truncate(layer.sizeBytes());
                ByteBuffer piece = ByteBuffer.allocate(BLOCK);
                for (long offset = 0; offset < layer.sizeBytes(); ) {
                    long run = layer.run(offset, Math.min(BLOCK, layer.sizeBytes() - offset));
                    if (run > 0) {
                        layer.read(offset, piece.clear().limit((int) run));
                        out.write(offset, piece.flip());
                    }
                    offset += Math.abs(run);
                }
            }
        }
    }

    private void write(String node, int pieceBytes, int stepBytes, long endBytes, int seed) throws IOException {
        byte[] bytes = new byte[pieceBytes];
        Random random = new Random(seed);
        try (Layer layer = ChainFile.vhd(storage, node).openWritable(storage, null)) {
            for (long offset = 0; offset < endBytes; offset += stepBytes) {
                random.nextBytes(bytes);
                layer.write(offset, ByteBuffer.wrap(bytes));
            }
        }
    }

    private static void qemu(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(arguments));
        Programs.run(DEADLINE, command.toArray(String[]::new));
    }

    private void copyFile(String from, String to) throws IOException {
        Files.deleteIfExists(directory.resolve(to));
        Files.copy(directory.resolve(from), directory.resolve(to));
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private void clear() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private void add(String what, Timing ours, @Nullable Double recorded, String peer, Timing peerTiming) {
        Measured measured = new Measured(fileSystem + ": " + what, ours, recorded, peer, peerTiming);
        results.add(measured);
        System.err.print(line(measured));
    }

    private static String table(List<Measured> results) {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-42s %8s %17s  %9s %7s  %8s %7s%n",
                "merging, seconds, median of " + Timing.RUNS,
                "catena",
                "from-to",
                "vhd-util*",
                "ratio",
                "peer",
                "ratio"));
        results.forEach(measured -> text.append(line(measured)));
        return text.append("* recorded on ext4; load of this machine now ")
                .append(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage())
                .append('\n')
                .toString();
    }

    private static String line(Measured measured) {
        Timing ours = measured.ours();
        Timing peer = measured.peerTiming();
        Double recorded = measured.vhdUtilSeconds();
        return String.format(
                Locale.ROOT,
                "%-42s %8.3f %17s  %s  %s%n",
                measured.operation(),
                ours.median(),
                String.format(Locale.ROOT, "%.3f-%.3f", ours.min(), ours.max()),
                recorded == null ? " ".repeat(17) : ratio(recorded, ours.median()),
                peer == null ? "" : ratio(peer.median(), ours.median()) + "  " + measured.peer());
    }

    private static String ratio(double theirs, double ours) {
        return String.format(Locale.ROOT, "%9.3f %6.1fx", theirs, theirs / ours);
    }
}
