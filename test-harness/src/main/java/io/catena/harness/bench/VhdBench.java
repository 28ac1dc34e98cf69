package io.catena.harness.bench;

import com.google.gson.GsonBuilder;
import io.catena.check.CheckOptions;
import io.catena.check.VhdCheck;
import io.catena.check.finding.Verdict;
import io.catena.format.DynamicHeader;
import io.catena.format.Footer;
import io.catena.format.SparseLayout;
import io.catena.harness.peer.Programs;
import io.catena.harness.peer.VhdiMount;
import io.catena.store.BlockFile;
import io.catena.store.FileStorage;
import io.catena.tool.HostFile;
import io.catena.tool.NewDiskType;
import io.catena.tool.NewVhd;
import io.catena.tool.OpenChain;
import io.catena.tool.VhdCoalesce;
import io.catena.tool.VhdConvert;
import io.catena.tool.VhdRead;
import io.catena.tool.VhdScan;
import io.catena.vhd.ChainFile;
import io.catena.vhd.Layer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Measures the tools for single VHD files, in this process, without its start. What vhd-util took is from a record; its
 * times have the start of its process in them, which is 2 ms, and it goes around the page cache, which costs it reads from
 * the disk. We and a peer take turns, so that both see the same load of the machine.
 */
public final class VhdBench {
    private static final long GIB = 1L << 30;
    private static final int BLOCK = DynamicHeader.DEFAULT_BLOCK_SIZE;
    private static final Duration DEADLINE = Duration.ofMinutes(2);

    private final Path directory;
    private final FileStorage storage;
    private final NewVhd maker = new NewVhd(Clock.systemUTC(), UUID::randomUUID);
    private final List<Measured> results = new ArrayList<>();

    private VhdBench(Path directory) {
        this.directory = directory;
        this.storage = new FileStorage(directory);
    }

    /**
     * Runs all measurements and prints them.
     *
     * @param args "--json" for JSON; then, or alone, the directory to work in, which must be on the disk to be measured
     */
    public static void main(String[] args) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(args));
        boolean json = arguments.remove("--json");
        Path base = Path.of(arguments.isEmpty() ? System.getProperty("java.io.tmpdir") : arguments.get(0));
        Path directory = Files.createTempDirectory(base, "catena-bench");
        VhdBench bench = new VhdBench(directory);
        try {
            bench.run();
        } finally {
            DirectoryTree.delete(directory);
        }
        System.out.println(json ? new GsonBuilder().setPrettyPrinting().create().toJson(bench.results) : bench.table());
    }

    private void run() throws IOException {
        create("create 100 GiB", 100 * GIB, 0.0033);
        create("create 2040 GiB", 2040 * GIB, 0.0172);
        snapshot("snapshot of 100 GiB", 100 * GIB, 0.0057);
        snapshot("snapshot of 2040 GiB", 2040 * GIB, 0.0202);
        createFixed();
        scan();
        checkFull();
        checkSpread();
        fragmentedChild();
        fullChild();
        convert();
    }

    private void create(String what, long bytes, double recorded) throws IOException {
        Timing.Pair times = Timing.inTurn(
                () -> delete("a.vhd"),
                () -> maker.create(storage, "a.vhd", bytes, NewDiskType.DYNAMIC),
                () -> delete("q.vhd"),
                () -> qemuCreate("subformat=dynamic", bytes));
        add(new Measured(what, times.ours(), recorded, "qemu-img create, with its start", times.peer()));
    }

    private void qemuCreate(String options, long bytes) throws IOException {
        Programs.run(
                DEADLINE, "qemu-img", "create", "-q", "-f", "vpc", "-o", options, path("q.vhd"), Long.toString(bytes));
    }

    private void snapshot(String what, long bytes, double recorded) throws IOException {
        delete("a.vhd");
        maker.create(storage, "a.vhd", bytes, NewDiskType.DYNAMIC);
        Timing ours = Timing.of(() -> delete("s.vhd"), () -> maker.snapshot(storage, "s.vhd", "a.vhd"));
        add(new Measured(what, ours, recorded, null, null));
        delete("s.vhd");
        delete("a.vhd");
    }

    private void scan() throws IOException {
        for (int i = 0; i < 500; i++) {
            maker.create(storage, "scan/b" + i + ".vhd", 100 * GIB, NewDiskType.DYNAMIC);
            maker.snapshot(storage, "scan/s" + i + ".vhd", "scan/b" + i + ".vhd");
        }
        Path scanned = directory.resolve("scan");
        Timing ours =
                Timing.of(() -> {}, () -> require(VhdScan.of(List.of(scanned)).size() == 1000));
        add(new Measured("scan of 1000", ours, 0.290, null, null));
        DirectoryTree.delete(scanned);
    }

    private void createFixed() throws IOException {
        Timing.Pair times = Timing.inTurn(
                () -> delete("a.vhd"),
                () -> maker.create(storage, "a.vhd", GIB, NewDiskType.FIXED),
                () -> delete("q.vhd"),
                () -> qemuCreate("subformat=fixed", GIB));
        add(new Measured("create fixed 1 GiB, as a hole", times.ours(), 0.99, "qemu-img create", times.peer()));
        delete("a.vhd");
        delete("q.vhd");
    }

    /** Every block allocated, one behind the other, in a file of holes. */
    private void checkFull() throws IOException {
        maker.create(storage, "full.vhd", 500 * GIB, NewDiskType.DYNAMIC);
        int blocks = (int) (500 * GIB / BLOCK);
        SparseLayout layout = new SparseLayout(500 * GIB, 1536, blocks, BLOCK);
        try (BlockFile file = storage.open("full.vhd")) {
            ByteBuffer table = ByteBuffer.allocate(blocks * Integer.BYTES);
            ByteBuffer footer = ByteBuffer.allocate(Footer.SIZE);
            file.readFully(0, footer);
            long end = file.size() - Footer.SIZE;
            for (int block = 0; block < blocks; block++) {
                int entry = layout.entryAfter(end);
                table.putInt(entry);
                end = layout.blockEnd(entry);
            }
            file.write(1536, table.flip());
            file.write(end, footer.flip());
        }
        Timing ours = Timing.of(() -> {}, () -> check("full.vhd", CheckOptions.PLAIN));
        add(new Measured("check 500 GiB, fully allocated", ours, 168.0, null, null));
        Timing open = Timing.of(() -> {}, () -> {
            try (Layer layer = ChainFile.vhd(storage, "full.vhd").openReadOnly(storage)) {
                require(layer.sizeBytes() == 500 * GIB);
            }
        });
        add(new Measured("open 500 GiB, fully allocated", open, null, null, null));
        delete("full.vhd");
    }

    /** 1 TiB, of which every 512th block is allocated and full: 2 GiB. */
    private void checkSpread() throws IOException {
        maker.create(storage, "big.vhd", 1024 * GIB, NewDiskType.DYNAMIC);
        try (Layer layer = ChainFile.vhd(storage, "big.vhd").openWritable(storage, null)) {
            fill(layer, 512L * BLOCK);
        }
        Timing plain = Timing.of(() -> {}, () -> check("big.vhd", CheckOptions.PLAIN));
        add(new Measured("check 1 TiB, 2 GiB allocated", plain, 0.762, null, null));
        Timing data = Timing.of(() -> {}, () -> check("big.vhd", CheckOptions.THOROUGH));
        add(new Measured("check 1 TiB, 2 GiB allocated, with data", data, 4.90, null, null));
        delete("big.vhd");
    }

    private void check(String name, CheckOptions options) throws IOException {
        Verdict verdict =
                new VhdCheck(storage, Clock.systemUTC()).check(name, options).verdict();
        require(verdict == Verdict.VALID);
    }

    /** Writes random data into each block that begins at a multiple of {@code stride}. */
    private static void fill(Layer layer, long stride) throws IOException {
        byte[] bytes = new byte[BLOCK];
        new Random(1).nextBytes(bytes);
        for (long offset = 0; offset < layer.sizeBytes(); offset += stride) {
            ByteBuffer.wrap(bytes).putLong(0, offset);
            layer.write(offset, ByteBuffer.wrap(bytes));
        }
    }

    /** A GiB of data in a disk of 4 GiB, there and back; both leave out the holes. */
    private void convert() throws IOException {
        maker.create(storage, "c.vhd", 4 * GIB, NewDiskType.DYNAMIC);
        try (Layer layer = ChainFile.vhd(storage, "c.vhd").openWritable(storage, null)) {
            fill(layer, 4L * BLOCK);
        }
        for (VhdConvert.Format format : VhdConvert.Format.values()) {
            String to = format == VhdConvert.Format.RAW ? "raw" : "vpc";
            String options = format == VhdConvert.Format.FIXED ? "subformat=fixed,force_size=on" : "force_size=on";
            Timing.Pair times = Timing.inTurn(
                    () -> delete("ours"), () -> convert("c.vhd", "ours", format), () -> delete("q"), () -> {
                        List<String> command = new ArrayList<>(List.of("qemu-img", "convert", "-f", "vpc", "-O", to));
                        command.addAll(to.equals("raw") ? List.of() : List.of("-o", options));
                        command.addAll(List.of(path("c.vhd"), path("q")));
                        Programs.run(DEADLINE, command.toArray(new String[0]));
                        Programs.run(DEADLINE, "sync", path("q"));
                    });
            String what = "convert 1 GiB in 4 GiB, dynamic to " + format.name().toLowerCase(Locale.ROOT);
            add(new Measured(what, times.ours(), null, "qemu-img convert, and sync", times.peer()));
        }
        delete("ours");
        delete("q");
        delete("c.vhd");
    }

    private void convert(String from, String to, VhdConvert.Format format) throws IOException {
        try (OpenChain chain = OpenChain.readOnly(storage, from)) {
            new VhdConvert(Clock.systemUTC(), UUID::randomUUID, new UnwatchedJob()).convert(chain, storage, to, format);
        }
    }

    private void fullChild() throws IOException {
        maker.create(storage, "p.vhd", GIB, NewDiskType.DYNAMIC);
        maker.snapshot(storage, "k.vhd", "p.vhd");
        try (Layer layer = ChainFile.vhd(storage, "k.vhd").openWritable(storage, null)) {
            fill(layer, BLOCK);
        }
        Files.copy(directory.resolve("p.vhd"), directory.resolve("empty"));
        Timing.Work cp = () -> Programs.run(
                DEADLINE, "sh", "-c", "cp \"$1\" \"$2\" && sync \"$2\"", "sh", path("k.vhd"), path("copy"));
        Timing.Pair empty = Timing.inTurn(
                () -> {
                    delete("p.vhd");
                    Files.copy(directory.resolve("empty"), directory.resolve("p.vhd"));
                },
                () -> coalesce("k.vhd"),
                () -> delete("copy"),
                cp);
        add(new Measured(
                "coalesce 1 GiB into an empty parent", empty.ours(), 4.95, "cp of the child, and sync", empty.peer()));
        Timing.Pair full = Timing.inTurn(() -> {}, () -> coalesce("k.vhd"), () -> delete("copy"), cp);
        add(new Measured(
                "coalesce 1 GiB into a full parent", full.ours(), 3.54, "cp of the child, and sync", full.peer()));
        delete("copy");
        read();
        delete("k.vhd");
        delete("p.vhd");
    }

    private void read() throws IOException {
        Timing.Work ours = () -> {
            try (OpenChain chain = OpenChain.readOnly(storage, "k.vhd")) {
                VhdRead.copy(chain, 0, GIB, OutputStream.nullOutputStream());
            }
        };
        Timing.Pair qemu = Timing.inTurn(
                () -> {},
                ours,
                () -> {},
                () -> Programs.run(
                        DEADLINE,
                        "qemu-img",
                        "convert",
                        "-n",
                        "-f",
                        "vpc",
                        path("p.vhd"),
                        "--target-image-opts",
                        "driver=null-co,size=" + 2 * GIB));
        add(new Measured(
                "read 1 GiB through a chain",
                qemu.ours(),
                2.47,
                "qemu-img convert of the parent, to nothing",
                qemu.peer()));
        try (VhdiMount mount = VhdiMount.open(directory.resolve("k.vhd"))) {
            Timing.Pair libvhdi = Timing.inTurn(() -> {}, ours, () -> {}, () -> {
                try (InputStream in = Files.newInputStream(mount.view())) {
                    require(in.transferTo(OutputStream.nullOutputStream()) == GIB);
                }
            });
            add(new Measured(
                    "read 1 GiB through a chain", libvhdi.ours(), 2.47, "libvhdi through FUSE", libvhdi.peer()));
        }
    }

    private void fragmentedChild() throws IOException {
        maker.create(storage, "p2.vhd", GIB, NewDiskType.DYNAMIC);
        Files.copy(directory.resolve("p2.vhd"), directory.resolve("empty2"));
        maker.snapshot(storage, "k2.vhd", "p2.vhd");
        try (Layer layer = ChainFile.vhd(storage, "k2.vhd").openWritable(storage, null)) {
            byte[] bytes = new byte[4096];
            new Random(2).nextBytes(bytes);
            for (long offset = 0; offset < 128L * BLOCK; offset += 64 * 512) {
                layer.write(offset, ByteBuffer.wrap(bytes));
            }
        }
        Timing ours = Timing.of(
                () -> {
                    delete("p2.vhd");
                    Files.copy(directory.resolve("empty2"), directory.resolve("p2.vhd"));
                },
                () -> coalesce("k2.vhd"));
        add(new Measured("coalesce 32 MiB in runs of 4 KiB", ours, 8.91, null, null));
    }

    private void coalesce(String child) throws IOException {
        new VhdCoalesce(new UnwatchedJob()).coalesce(HostFile.of(directory.resolve(child)), false);
    }

    private void add(Measured measured) {
        results.add(measured);
        System.err.println(line(measured));
    }

    private String table() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-48s %9s %19s %10s %7s  %9s %7s%n",
                "operation, seconds, median of " + Timing.RUNS,
                "catena",
                "from-to",
                "vhd-util*",
                "ratio",
                "peer",
                "ratio"));
        results.forEach(measured -> text.append(line(measured)).append('\n'));
        return text.append("* recorded; load of this machine now ")
                .append(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage())
                .toString();
    }

    private static String line(Measured measured) {
        Timing ours = measured.ours();
        String spread = String.format(Locale.ROOT, "%.4f-%.4f", ours.min(), ours.max());
        String line = String.format(Locale.ROOT, "%-48s %9.4f %19s ", measured.operation(), ours.median(), spread);
        line += compare(measured.vhdUtilSeconds(), ours.median());
        Timing peer = measured.peerTiming();
        return peer == null ? line : line + " " + compare(peer.median(), ours.median()) + "  " + measured.peer();
    }

    private static String compare(@Nullable Double theirs, double ours) {
        return theirs == null ? " ".repeat(18) : String.format(Locale.ROOT, "%10.4f %6.1fx", theirs, theirs / ours);
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private void delete(String name) throws IOException {
        Files.deleteIfExists(directory.resolve(name));
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new IllegalStateException("the measured operation did not do what it should");
        }
    }
}
