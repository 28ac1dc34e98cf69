package io.catena.harness.bench;

import com.google.gson.GsonBuilder;
import io.catena.api.AccessMode;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import io.catena.harness.model.DirectExports;
import io.catena.sr.VhdRepository;
import io.catena.sr.job.Environment;
import io.catena.sr.job.Jobs;
import io.catena.sr.open.Wanted;
import io.catena.store.FileStorage;
import io.catena.vhd.VhdCreator;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * Measures what an SR costs that holds many disks, beside one that holds few: what is done with one disk must not cost more
 * because there are others.
 */
public final class SrBench {
    private static final int FEW = 100;
    private static final int MANY = 10_000;
    private static final long DISK_BYTES = 10L << 30;
    private static final String ROW = "%-22s %12s %12s %8s%n";

    private final Path directory;
    private final DirectExports exports = new DirectExports();

    private SrBench(Path directory) {
        this.directory = directory;
    }

    /** Runs {@code [--json] [DIRECTORY]}. */
    public static void main(String[] arguments) throws IOException {
        List<String> rest = new ArrayList<>(List.of(arguments));
        boolean json = rest.remove("--json");
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        Path directory = Files.createTempDirectory(parent, "catena-bench-sr");
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        try {
            SrBench bench = new SrBench(directory);
            Map<String, Double> few = bench.measure(FEW);
            Map<String, Double> many = bench.measure(MANY);
            out.print(json ? json(few, many) : table(few, many));
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    private static String json(Map<String, Double> few, Map<String, Double> many) {
        return new GsonBuilder()
                        .setPrettyPrinting()
                        .create()
                        .toJson(Map.of(Integer.toString(FEW), few, Integer.toString(MANY), many))
                + "\n";
    }

    private static String table(Map<String, Double> few, Map<String, Double> many) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, ROW, "", FEW + " VDIs", MANY + " VDIs", "ratio"));
        few.forEach((what, value) -> {
            double other = Objects.requireNonNull(many.get(what));
            text.append(String.format(
                    Locale.ROOT,
                    ROW,
                    what,
                    String.format(Locale.ROOT, "%.3f", value),
                    String.format(Locale.ROOT, "%.3f", other),
                    String.format(Locale.ROOT, "%.1f", other / value)));
        });
        return text.toString();
    }

    private Map<String, Double> measure(int disks) throws IOException {
        Path sr = Files.createDirectory(directory.resolve("sr-" + disks));
        Path redo = Files.createDirectory(directory.resolve("redo-" + disks));
        VdiId one = make(sr, disks);
        Map<String, Double> result = new LinkedHashMap<>();
        try (Jobs jobs = new Jobs(Clock.systemUTC())) {
            result.put("adopt, ms", millis(() -> attach(sr, redo, jobs).close()));
            long before = usedBytes();
            VhdRepository[] held = new VhdRepository[1];
            result.put("attach, ms", millis(() -> held[0] = attach(sr, redo, jobs)));
            try (VhdRepository repository = Objects.requireNonNull(held[0])) {
                measure(repository, one, result);
                result.put("heap, MiB", (usedBytes() - before) / (double) (1 << 20));
                repository.detach(one);
            }
        }
        return result;
    }

    private void measure(VhdRepository repository, VdiId one, Map<String, Double> result) throws IOException {
        result.put("first scan, ms", millis(repository::scan));
        result.put("scan again, ms", median(() -> {}, repository::scan));
        result.put("stat, ms", median(() -> {}, repository::stat));
        result.put("ls, ms", median(() -> {}, repository::vdis));
        result.put("stat of one, ms", median(() -> {}, () -> repository.vdi(one)));
        repository.attach(one, AccessMode.READ_WRITE);
        Timing.Work write = () -> exports.device(one).write(0, ByteBuffer.allocate(4096));
        result.put("snapshot of one, ms", median(write, () -> repository.snapshot(List.of(one), "s")));
    }

    private static double median(Timing.Work prepare, Timing.Work work) throws IOException {
        prepare.run();
        work.run();
        return Timing.of(prepare, work).median() * 1000;
    }

    private static double millis(Timing.Work work) throws IOException {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e6;
    }

    private static VdiId make(Path sr, int disks) throws IOException {
        VhdCreator creator = new VhdCreator(new FileStorage(sr));
        for (int i = 0; i < disks; i++) {
            creator.dynamic(new UUID(disks, i) + ".vhd", DISK_BYTES, new UUID(disks, i), 0);
        }
        return new VdiId(new UUID(disks, disks / 2));
    }

    private VhdRepository attach(Path sr, Path redo, Jobs jobs) {
        Environment environment = new Environment(
                new FileStorage(redo),
                new UUID(1, 1),
                exports,
                jobs,
                Clock.systemUTC(),
                System::nanoTime,
                UUID::randomUUID);
        String path = sr.resolveSibling(new SrId(new UUID(2, 2)).toString()).toString();
        return VhdRepository.attach(new FileStorage(sr), path, environment, Wanted.ADOPTED);
    }

    private static long usedBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
