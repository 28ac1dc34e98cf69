package io.catena.harness.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures for how long guests wait while the agent is started anew after a kill, with many disks attached: from the start of
 * the process until a read of the disk that was attached last is answered. A machine that does other things as well tells that
 * poorly; the processor time that it took says more there.
 */
final class StartBench implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long POLL_NANOS = 1_000_000;
    private static final int MIB = 1 << 20;
    private static final long DISK_BYTES = 64L * MIB;

    private final AgentProcess agent;
    private final Path socket;

    private StartBench(Path runDirectory) throws IOException {
        agent = AgentProcess.start(runDirectory, "--libvirt=none");
        socket = runDirectory.resolve("nbd.sock");
    }

    /** Runs {@code [--disks N] [--runs N] [DIRECTORY]}. */
    public static void main(String[] arguments) throws IOException {
        List<String> rest = new ArrayList<>(List.of(arguments));
        int disks = option(rest, "--disks", 100);
        int runs = option(rest, "--runs", 11);
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        Path directory = Files.createTempDirectory(parent, "bench");
        try (StartBench bench = new StartBench(directory.resolve("run"))) {
            bench.measure(directory.resolve("sr"), disks, runs);
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    private static int option(List<String> rest, String name, int usual) {
        int at = rest.indexOf(name);
        if (at < 0) {
            return usual;
        }
        int value = Integer.parseInt(rest.remove(at + 1));
        rest.remove(at);
        return value;
    }

    private void measure(Path sr, int disks, int runs) throws IOException {
        String last = attach(sr, disks);
        long[] nanos = new long[runs];
        long[] processorMillis = new long[runs];
        for (int run = 0; run < runs; run++) {
            agent.kill9();
            long begin = System.nanoTime();
            CompletableFuture<Void> ready = CompletableFuture.runAsync(this::restart);
            awaitRead(last, begin);
            nanos[run] = System.nanoTime() - begin;
            processorMillis[run] = processorTime().toMillis();
            ready.join();
        }
        Arrays.sort(nanos);
        Arrays.sort(processorMillis);
        System.out.printf(
                Locale.ROOT,
                "%d disks, %d starts after a kill, until a read is answered: min %.0f, median %.0f, max %.0f ms;"
                        + " processor time min %d, median %d, max %d ms%n",
                disks,
                runs,
                nanos[0] / 1e6,
                nanos[runs / 2] / 1e6,
                nanos[runs - 1] / 1e6,
                processorMillis[0],
                processorMillis[runs / 2],
                processorMillis[runs - 1]);
    }

    /** Of the agent, the only program that runs for this one, and of all its threads, compilers included; to 10 ms. */
    private static Duration processorTime() {
        return ProcessHandle.current()
                .children()
                .filter(ProcessHandle::isAlive)
                .flatMap(agent -> agent.info().totalCpuDuration().stream())
                .reduce(Duration.ZERO, Duration::plus);
    }

    /** Makes disks that each have a snapshot, and were written before and after it; returns the last. */
    private String attach(Path sr, int disks) throws IOException {
        ControlClient control = new ControlClient(agent.runDirectory().resolve("agent.sock"), PATIENCE);
        JsonObject made = new JsonObject();
        made.addProperty("name", "bench");
        made.addProperty("path", sr.toString());
        control.post("/v1/srs", made);
        String vdi = "";
        for (int i = 0; i < disks; i++) {
            JsonObject disk = new JsonObject();
            disk.addProperty("name", "disk" + i);
            disk.addProperty("sizeBytes", DISK_BYTES);
            vdi = text(control.post("/v1/srs/bench/vdis", disk), "vdi");
            JsonObject writable = new JsonObject();
            writable.addProperty("mode", "rw");
            control.post("/v1/vdis/" + vdi + "/attach", writable);
            write(vdi);
            JsonArray one = new JsonArray();
            one.add(vdi);
            JsonObject which = new JsonObject();
            which.add("vdis", one);
            control.post("/v1/vdis/snapshot", which);
            write(vdi);
        }
        return vdi;
    }

    private void write(String vdi) throws IOException {
        try (NbdClient client = NbdClient.connect(socket, vdi)) {
            client.write(0, new byte[MIB]);
        }
    }

    private void restart() {
        try {
            agent.restart();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A client that comes too early is refused, and tries again, as a guest's does. */
    private void awaitRead(String vdi, long begin) throws IOException {
        while (true) {
            try (NbdClient client = NbdClient.connect(socket, vdi)) {
                client.read(0, 4096);
                return;
            } catch (IOException e) {
                if (System.nanoTime() - begin > PATIENCE.toNanos()) {
                    throw e;
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private static String text(JsonElement object, String member) {
        return object.getAsJsonObject().get(member).getAsString();
    }

    @Override
    public void close() throws IOException {
        agent.close();
    }
}
