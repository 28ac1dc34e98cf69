package io.catena.harness.bench.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.Fio;
import io.catena.harness.peer.FioJob;
import io.catena.harness.peer.FioResult;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;

/**
 * Measures the latency of a disk under fio without and with many clients of the API beside it: some wait for a job, some follow
 * events, and requests come all the time. The runs take turns, so that what else happens on the machine hits both.
 */
public final class ApiBench implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int MIB = 1 << 20;
    private static final int DISK_MIB = 256;
    private static final int REQUESTS_PER_SECOND = 50;
    private static final int QUEUE_DEPTH = 8;
    private static final int BLOCK_BYTES = 4096;

    private final AgentProcess agent;
    private final ControlClient control;
    private final TestCertificates certificates;
    private final int port;

    private ApiBench(Path directory) throws IOException {
        certificates = new TestCertificates(directory.resolve("tls"));
        certificates.certify("server", "localhost");
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        agent = AgentProcess.start(
                directory.resolve("run"),
                "--libvirt=none",
                "--api-listen=127.0.0.1:" + port,
                "--api-certificate=" + certificates.certificate("server"),
                "--api-key=" + certificates.key("server"),
                "--api-state=" + directory.resolve("state"));
        control = new ControlClient(agent.runDirectory().resolve("agent.sock"), PATIENCE);
    }

    /** Runs {@code [--seconds N] [--runs N] [--waiting N] [--readers N] [DIRECTORY]}. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> rest = new ArrayList<>(List.of(arguments));
        int seconds = option(rest, "--seconds", 10);
        int runs = option(rest, "--runs", 3);
        int waiting = option(rest, "--waiting", 2000);
        int readers = option(rest, "--readers", 200);
        Path parent = Path.of(rest.isEmpty() ? System.getProperty("java.io.tmpdir") : rest.get(0));
        Path directory = Files.createTempDirectory(parent, "catena-bench");
        try (ApiBench bench = new ApiBench(directory)) {
            bench.measure(directory.resolve("sr"), seconds, runs, waiting, readers);
        } finally {
            try (var files = Files.walk(directory)) {
                files.sorted((a, b) -> b.compareTo(a))
                        .forEach(file -> file.toFile().delete());
            }
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

    private void measure(Path sr, int seconds, int runs, int waiting, int readers)
            throws IOException, InterruptedException {
        String uri = disk(sr);
        long job = slowJob();
        String token = text(control.post("/v1/tokens", object("role", "operator")), "token");
        URI root = URI.create("https://localhost:" + port);
        FioJob work = new FioJob(
                uri,
                "randrw",
                BLOCK_BYTES,
                QUEUE_DEPTH,
                (long) DISK_MIB * MIB,
                OptionalLong.of(seconds),
                false,
                List.of());
        Fio.run(work, PATIENCE); // the first run meets code that is not compiled yet
        print(
                "%-10s %12s %12s %12s %12s %9s %9s",
                "clients", "read p50", "read p99", "write p99", "IOPS", "threads", "RSS");
        for (int run = 0; run < runs; run++) {
            report("none", Fio.run(work, PATIENCE));
            try (ApiLoad load = new ApiLoad(root, token, certificates.authority())) {
                load.await(job, waiting);
                load.follow(readers);
                load.ask("/v1/srs/bench", REQUESTS_PER_SECOND);
                load.awaitAnswers(REQUESTS_PER_SECOND, PATIENCE);
                load.reset();
                report(waiting + "+" + readers, Fio.run(work, PATIENCE));
                print(
                        "           %d requests of the API meanwhile, p99 %.1f ms, %d failures",
                        load.asked(), load.p99Nanos() / 1e6, load.failures());
            }
        }
    }

    private void report(String clients, FioResult result) throws IOException {
        print(
                "%-10s %9.2f ms %9.2f ms %9.2f ms %12.0f %9s %9s",
                clients,
                result.read().p50Nanos() / 1e6,
                result.read().p99Nanos() / 1e6,
                result.write().p99Nanos() / 1e6,
                result.read().iops() + result.write().iops(),
                status("Threads"),
                status("VmRSS"));
    }

    private String status(String field) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + agent.pid() + "/status")).stream()
                .filter(line -> line.startsWith(field + ":"))
                .map(line -> line.substring(field.length() + 1).strip())
                .findFirst()
                .orElse("?");
    }

    private static void print(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }

    private String disk(Path sr) throws IOException {
        control.post("/v1/srs", object("name", "bench", "path", sr.toString()));
        String uri = made("disk");
        try (NbdDisk disk = NbdDisk.connect(uri, PATIENCE)) {
            for (int i = 0; i < DISK_MIB; i++) {
                disk.write((long) i * MIB, ByteBuffer.wrap(filled()));
            }
            disk.flush();
        }
        return uri;
    }

    private String made(String name) {
        JsonObject body = object("name", name);
        body.addProperty("sizeBytes", (long) DISK_MIB * MIB);
        control.post("/v1/srs/bench/vdis", body);
        return text(control.post("/v1/vdis/" + name + "/attach", new JsonObject()), "uri");
    }

    /** Starts a collection that has something to copy, and may do so very slowly. */
    private long slowJob() throws IOException {
        JsonObject slowly = new JsonObject();
        slowly.addProperty("bytesPerSecond", 100);
        control.post("/v1/srs/bench/gc/set", slowly);
        try (NbdDisk disk = NbdDisk.connect(made("other"), PATIENCE)) {
            for (int i = 0; i < 2; i++) {
                disk.write(4L * i * MIB, ByteBuffer.wrap(filled()));
                JsonObject body = object("name", "snapshot-" + i);
                JsonArray vdis = new JsonArray();
                vdis.add("other");
                body.add("vdis", vdis);
                control.post("/v1/vdis/snapshot", body);
            }
        }
        control.delete("/v1/vdis/snapshot-0");
        return control.post("/v1/srs/bench/gc").getAsJsonObject().get("job").getAsLong();
    }

    private static byte[] filled() {
        byte[] piece = new byte[MIB];
        Arrays.fill(piece, (byte) 7);
        return piece;
    }

    private static JsonObject object(String... keysAndValues) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            object.addProperty(keysAndValues[i], keysAndValues[i + 1]);
        }
        return object;
    }

    private static String text(JsonElement answer, String key) {
        return answer.getAsJsonObject().get(key).getAsString();
    }

    @Override
    public void close() throws IOException {
        agent.kill9();
        agent.close();
    }
}
