package io.catena.harness.bench.snapshot;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Disks of ours, served by an agent as users run it. */
final class CatenaDisks implements Disks {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final AgentProcess agent;
    private final ControlClient api;
    private final List<String> vdis = new ArrayList<>();

    CatenaDisks(Path runDirectory, Path directory, int count, long sizeBytes) throws IOException {
        agent = AgentProcess.start(runDirectory);
        api = new ControlClient(runDirectory.resolve("agent.sock"), PATIENCE);
        JsonObject sr = object("name", "bench", "path", directory.resolve("sr").toString());
        String id = text(api.post("/v1/srs", sr), "sr");
        for (int i = 0; i < count; i++) {
            JsonObject disk = object("name", "disk-" + i);
            disk.addProperty("sizeBytes", sizeBytes);
            String vdi = text(api.post("/v1/srs/" + id + "/vdis", disk), "vdi");
            api.post("/v1/vdis/" + vdi + "/attach", object("mode", "rw"));
            vdis.add(vdi);
        }
    }

    @Override
    public Path socket() {
        return agent.runDirectory().resolve("nbd.sock");
    }

    @Override
    public List<String> exports() {
        return vdis;
    }

    @Override
    public long snapshot(boolean all) {
        JsonArray which = new JsonArray();
        (all ? vdis : vdis.subList(0, 1)).forEach(which::add);
        JsonObject body = new JsonObject();
        body.add("vdis", which);
        long longest = 0;
        for (JsonElement result : api.post("/v1/vdis/snapshot", body).getAsJsonArray()) {
            longest = Math.max(
                    longest, result.getAsJsonObject().get("pauseMicros").getAsLong());
        }
        return longest;
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
        agent.close();
    }
}
