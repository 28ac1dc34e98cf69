package io.catena.agent.demo;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.nbd.client.NbdDisk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A living example for the web page: an agent with a certificate of its own making, an SR with disks that are written, snapshots
 * that come and go, and merges, held back so that they can be watched.
 *
 * <p><b>Threads.</b> For one thread; {@link #stop} may be called by another.
 */
public final class WebDemo implements Closeable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long DISK_BYTES = 8L << 30;
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PIECES_PER_ROUND = 3;
    private static final long ROUND_MILLIS = 1500;
    private static final int MOST_SNAPSHOTS = 14;
    private static final long GC_BYTES_PER_SECOND = 4 << 20;
    private static final List<String> DISKS = List.of("web-1", "web-2", "database", "mail", "build");

    private final Path directory;
    private final TourAgent agent;
    private final ControlClient client;
    private final Random random = new Random(7);
    private final List<String> snapshots = new ArrayList<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * Starts the agent.
     *
     * @param directory for everything; absent or empty, and short, for it holds sockets
     * @param agentCommand what starts an agent
     * @param port where to listen on the loopback address
     */
    public WebDemo(Path directory, List<String> agentCommand, int port) throws IOException {
        this.directory = Files.createDirectories(directory);
        Path certificate = directory.resolve("certificate.pem");
        Path key = directory.resolve("key.pem");
        SelfSigned.write(certificate, key);
        List<String> command = new ArrayList<>(agentCommand);
        command.addAll(List.of("--libvirt", "none", "--api-listen", "127.0.0.1:" + port));
        command.addAll(List.of("--api-certificate", certificate.toString(), "--api-key", key.toString()));
        agent = TourAgent.start(command, directory.resolve("run"), directory.resolve("agent.log"));
        client = agent.control();
    }

    /** Makes the SRs and the disks; returns a token of an administrator. */
    public String prepare() {
        client.post(
                "/v1/srs",
                json("name", "main", "path", directory.resolve("main").toString()));
        client.post(
                "/v1/srs",
                json("name", "archive", "path", directory.resolve("archive").toString()));
        JsonObject slow = new JsonObject();
        slow.addProperty("bytesPerSecond", GC_BYTES_PER_SECOND);
        client.post("/v1/srs/main/gc/set", slow);
        for (String disk : DISKS) {
            JsonObject body = json("name", disk, "description", "of the example");
            body.addProperty("sizeBytes", DISK_BYTES);
            body.add("keys", json("owner", disk.startsWith("web") || disk.equals("database") ? "shop" : "office"));
            client.post("/v1/srs/main/vdis", body);
            client.post("/v1/vdis/" + disk + "/attach", json("holder", "vm-" + disk));
        }
        schedule(json("name", "nightly", "cron", "30 2 * * *"), "keepDaily", 7);
        JsonObject often = json("name", "shop");
        often.add("keys", json("owner", "shop"));
        often.addProperty("everyMinutes", 2);
        schedule(often, "keepLast", 2);
        return text(client.post("/v1/tokens", json("role", "admin", "name", "demo")), "token");
    }

    private void schedule(JsonObject body, String keeps, int snapshots) {
        body.addProperty("sr", "main");
        body.addProperty(keeps, snapshots);
        client.post("/v1/schedules", body);
    }

    /** Writes, takes snapshots, deletes some and merges, until it is stopped. */
    public void run() throws IOException, InterruptedException {
        try {
            for (int round = 0; !stopped.await(ROUND_MILLIS, TimeUnit.MILLISECONDS); round++) {
                String disk = DISKS.get(round % DISKS.size());
                write(disk);
                if (round % 4 == 1) {
                    snapshot(disk, round);
                }
                if (snapshots.size() > MOST_SNAPSHOTS) {
                    client.delete("/v1/vdis/" + snapshots.remove(random.nextInt(snapshots.size())));
                }
                if (round % 30 == 29) {
                    client.post("/v1/srs/main/gc");
                }
            }
        } finally {
            close();
        }
    }

    private void write(String disk) throws IOException {
        JsonElement attached = client.get("/v1/vdis/" + disk).getAsJsonObject().get("export");
        byte[] piece = new byte[PIECE_BYTES];
        try (NbdDisk nbd = NbdDisk.connect(text(attached, "uri"), PATIENCE)) {
            for (int i = 0; i < PIECES_PER_ROUND; i++) {
                random.nextBytes(piece);
                nbd.write((long) random.nextInt(200) * PIECE_BYTES, ByteBuffer.wrap(piece));
            }
            nbd.flush();
        }
    }

    private void snapshot(String disk, int round) {
        JsonObject body = json("name", disk + " no. " + (round / 4 + 1));
        JsonArray disks = new JsonArray();
        disks.add(disk);
        body.add("vdis", disks);
        JsonElement taken =
                client.post("/v1/vdis/snapshot", body).getAsJsonArray().get(0);
        snapshots.add(text(taken, "vdi"));
    }

    private static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }

    private static JsonObject json(String... keysAndValues) {
        JsonObject json = new JsonObject();
        for (int i = 0; i + 1 < keysAndValues.length; i += 2) {
            json.addProperty(keysAndValues[i], keysAndValues[i + 1]);
        }
        return json;
    }

    /** Ends {@link #run}, and waits until nothing is left of the example. */
    public void stop() throws InterruptedException {
        stopped.countDown();
        closed.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() throws IOException {
        if (closed.getCount() == 0) {
            return;
        }
        agent.close();
        Deleting.tree(directory);
        closed.countDown();
    }
}
