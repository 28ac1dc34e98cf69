package io.catena.agent.demo;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.nbd.client.NbdDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An SR with disks that are written, snapshots that come and go, and merges, held back so that they can be watched. For one
 * thread.
 */
final class LivingExample {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long DISK_BYTES = 8L << 30;
    private static final int PIECE_BYTES = 1 << 20;
    private static final int PIECES_PER_ROUND = 3;
    private static final long ROUND_MILLIS = 1500;
    private static final int ROUNDS_PER_SNAPSHOT = 4;
    private static final int MOST_SNAPSHOTS = 14;
    private static final long GC_BYTES_PER_SECOND = 4 << 20;

    /** That many MiB are to be merged when one looks for the first time. */
    private static final int FIRST_PIECES = 24;

    private static final List<String> DISKS = List.of("web-1", "web-2", "database", "mail", "build");

    private final ControlClient client;
    private final Path directory;
    private final Random random = new Random(7);
    private final List<String> snapshots = new ArrayList<>();
    private int numbered;

    /**
     * @param directory where the SRs are to be
     */
    LivingExample(ControlClient client, Path directory) {
        this.client = client;
        this.directory = directory;
    }

    /** Makes the SRs, the disks, and something to be merged; returns a token of an administrator. */
    String make() throws IOException {
        for (String sr : List.of("main", "archive")) {
            client.post(
                    "/v1/srs", json("name", sr, "path", directory.resolve(sr).toString()));
        }
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
        beginMerging();
        return text(client.post("/v1/tokens", json("role", "admin", "name", "demo")), "token");
    }

    private void schedule(JsonObject body, String keeps, int kept) {
        body.addProperty("sr", "main");
        body.addProperty(keeps, kept);
        client.post("/v1/schedules", body);
    }

    /** The snapshot in the middle goes, and leaves two base copies that become one. */
    private void beginMerging() throws IOException {
        String disk = "database";
        for (int i = 0; i < 3; i++) {
            write(disk, FIRST_PIECES);
            snapshot(disk);
        }
        destroy(1);
    }

    /** Writes, takes snapshots, deletes some and merges, until it is stopped. */
    void live(CountDownLatch stopped) throws IOException, InterruptedException {
        int round = 0;
        do {
            String disk = DISKS.get(round % DISKS.size());
            write(disk, PIECES_PER_ROUND);
            if (round % ROUNDS_PER_SNAPSHOT == 1) {
                snapshot(disk);
            }
            if (snapshots.size() > MOST_SNAPSHOTS) {
                destroy(random.nextInt(snapshots.size()));
            }
            round++;
        } while (!stopped.await(ROUND_MILLIS, TimeUnit.MILLISECONDS));
    }

    private void write(String disk, int pieces) throws IOException {
        JsonElement attached = client.get("/v1/vdis/" + disk).getAsJsonObject().get("export");
        byte[] piece = new byte[PIECE_BYTES];
        try (NbdDisk nbd = NbdDisk.connect(text(attached, "uri"), PATIENCE)) {
            for (int i = 0; i < pieces; i++) {
                random.nextBytes(piece);
                nbd.write((long) random.nextInt(200) * PIECE_BYTES, ByteBuffer.wrap(piece));
            }
            nbd.flush();
        }
    }

    private void snapshot(String disk) {
        numbered++;
        JsonObject body = json("name", disk + " no. " + numbered);
        JsonArray disks = new JsonArray();
        disks.add(disk);
        body.add("vdis", disks);
        JsonElement taken =
                client.post("/v1/vdis/snapshot", body).getAsJsonArray().get(0);
        snapshots.add(text(taken, "vdi"));
    }

    private void destroy(int snapshot) {
        client.delete("/v1/vdis/" + snapshots.remove(snapshot));
        client.post("/v1/srs/main/gc");
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
}
