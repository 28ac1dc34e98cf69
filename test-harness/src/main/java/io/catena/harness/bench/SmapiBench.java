package io.catena.harness.bench;

import com.google.gson.JsonObject;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Programs;
import io.catena.harness.smapi.StorageScripts;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * Measures what a call of XAPI takes through the plugins' launcher, from the start of the process to its end, beside the bare
 * start of a Python that does nothing: what XenServer's own plugins are written in.
 */
public final class SmapiBench {
    private static final int CALLS = 200;
    private static final int WARM_UP = 40;
    private static final String SR = "5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10";
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    private final StorageScripts scripts;
    private final List<String> keys = new ArrayList<>();
    private final Latencies results = new Latencies();

    private SmapiBench(StorageScripts scripts) {
        this.scripts = scripts;
    }

    /** Runs {@code [--v1] [--json] [DIRECTORY]}. */
    public static void main(String[] arguments) throws IOException, InterruptedException, ExecutionException {
        List<String> rest = new ArrayList<>(List.of(arguments));
        boolean json = rest.remove("--json");
        boolean v1 = rest.remove("--v1");
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        Path directory = Files.createTempDirectory(parent, "catena-bench");
        try (AgentProcess agent = AgentProcess.start(directory.resolve("run"))) {
            Latencies results = v1 ? SmapiV1Bench.run(agent, directory) : plugins(agent, directory);
            PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            out.print(json ? results.json() : results.table());
        } finally {
            delete(directory);
        }
    }

    private static Latencies plugins(AgentProcess agent, Path directory)
            throws IOException, InterruptedException, ExecutionException {
        Path root = Files.createDirectory(directory.resolve("root"));
        SmapiBench bench = new SmapiBench(StorageScripts.install(agent, root));
        bench.prepare(directory.resolve("sr"));
        bench.measure();
        return bench.results;
    }

    private void prepare(Path sr) throws IOException {
        Map<String, String> configuration = Map.of("path", sr.toString());
        scripts.call("SR.create", "uuid", SR, "configuration", configuration, "name", "s", "description", "")
                .result();
        scripts.call("SR.attach", "configuration", configuration).result();
        for (int i = 0; i < 8; i++) {
            JsonObject volume = scripts.call(
                            "Volume.create",
                            "sr",
                            SR,
                            "name",
                            "d",
                            "description",
                            "",
                            "size",
                            1L << 30,
                            "sharable",
                            false)
                    .result()
                    .getAsJsonObject();
            keys.add(volume.get("key").getAsString());
        }
    }

    private void measure() throws IOException, InterruptedException, ExecutionException {
        // The interpreter itself: what stands on the path may be a script that looks for it.
        String python = Programs.run(DEADLINE, "python3", "-c", "import sys; print(sys.executable)")
                .stdout()
                .strip();
        for (int atOnce : new int[] {1, 8}) {
            measure("Volume.stat", atOnce, this::stat);
            measure("attach+activate+deactivate+detach", atOnce, this::cycle);
            measure("python3 -I -S -c ''", atOnce, worker -> Programs.run(DEADLINE, python, "-I", "-S", "-c", ""));
        }
    }

    private void stat(int worker) throws IOException {
        scripts.call("Volume.stat", "sr", SR, "key", keys.get(worker)).result();
    }

    private void cycle(int worker) throws IOException {
        String uri = "catena:///" + SR + "/" + keys.get(worker);
        for (String step : List.of("attach", "activate", "deactivate", "detach")) {
            scripts.call("Datapath." + step, "uri", uri, "domain", Integer.toString(worker))
                    .result();
        }
    }

    private void measure(String what, int atOnce, Call call) throws InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(atOnce);
        try {
            run(threads, WARM_UP, atOnce, call);
            results.add(what + ", " + atOnce + " at a time", run(threads, CALLS, atOnce, call));
        } finally {
            threads.shutdown();
        }
    }

    private static double[] run(ExecutorService threads, int calls, int atOnce, Call call)
            throws InterruptedException, ExecutionException {
        List<Callable<double[]>> workers = new ArrayList<>();
        for (int i = 0; i < atOnce; i++) {
            int worker = i;
            workers.add(() -> work(calls / atOnce, worker, call));
        }
        double[] all = new double[calls / atOnce * atOnce];
        int filled = 0;
        for (Future<double[]> part : threads.invokeAll(workers)) {
            System.arraycopy(part.get(), 0, all, filled, calls / atOnce);
            filled += calls / atOnce;
        }
        return all;
    }

    private static double[] work(int calls, int worker, Call call) throws IOException {
        double[] millis = new double[calls];
        for (int i = 0; i < calls; i++) {
            long start = System.nanoTime();
            call.run(worker);
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        return millis;
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** A call by one of several workers, each of which has a volume of its own. */
    @FunctionalInterface
    private interface Call {
        void run(int worker) throws IOException;
    }
}
