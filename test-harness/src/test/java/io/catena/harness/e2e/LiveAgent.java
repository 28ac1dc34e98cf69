package io.catena.harness.e2e;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A real agent with the requests that tests make of it. They go to its control socket, as those of the command line do,
 * without a process for each. A request that is refused throws {@link io.catena.api.SrException}.
 *
 * <p><b>Threads.</b> Requests may come from any thread; starting and ending is for the test's.
 */
final class LiveAgent implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final AgentProcess process;
    private final ControlClient api;

    private LiveAgent(AgentProcess process) {
        this.process = process;
        api = new ControlClient(process.runDirectory().resolve("agent.sock"), PATIENCE);
    }

    /**
     * Starts an agent whose run directory is {@code runDirectory}. It lives for seconds at a time.
     *
     * @param options what follows {@code catena agent}
     */
    static LiveAgent start(Path runDirectory, String... options) throws IOException {
        return new LiveAgent(AgentProcess.startShortLived(runDirectory, options));
    }

    /** Starts the agent of another source tree. */
    static LiveAgent start(Path home, Path runDirectory, List<String> options) throws IOException {
        return new LiveAgent(AgentProcess.startShortLived(home, runDirectory, options));
    }

    /** Starts an agent of which something is measured: its JVM has the options of every day. */
    static LiveAgent startMeasured(Path runDirectory) throws IOException {
        return new LiveAgent(AgentProcess.start(runDirectory));
    }

    AgentProcess process() {
        return process;
    }

    ControlClient api() {
        return api;
    }

    /** Makes an SR and returns its id. */
    String createSr(String name, Path directory) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("path", directory.toString());
        return id(api.post("/v1/srs", body), "sr");
    }

    /** Attaches, or adopts, the SR in a directory and returns its id. */
    String attachSr(Path directory) {
        JsonObject body = new JsonObject();
        body.addProperty("path", directory.toString());
        body.addProperty("adopt", true);
        return id(api.post("/v1/srs/attach", body), "sr");
    }

    void detachSr(String sr) {
        api.post("/v1/srs/" + part(sr) + "/detach");
    }

    List<JsonObject> srs() {
        return objects(api.get("/v1/srs"));
    }

    JsonObject stat(String sr) {
        return api.get("/v1/srs/" + part(sr)).getAsJsonObject();
    }

    List<JsonObject> vdis(String sr) {
        return objects(api.get("/v1/srs/" + part(sr) + "/vdis"));
    }

    JsonObject vdi(String vdi) {
        return api.get("/v1/vdis/" + part(vdi)).getAsJsonObject();
    }

    /** Returns the first disk of that name. */
    JsonObject vdi(String sr, String name) {
        List<JsonObject> vdis = vdis(sr);
        return vdis.stream()
                .filter(vdi -> id(vdi, "name").equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("SR " + sr + " has no VDI " + name + ", only " + vdis));
    }

    /** Makes an empty disk and returns its id. */
    String createVdi(String sr, String name, long sizeBytes) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("sizeBytes", sizeBytes);
        return id(api.post("/v1/srs/" + part(sr) + "/vdis", body), "vdi");
    }

    /** Attaches a disk for reading and writing and returns its NBD URI. */
    String attach(String vdi) {
        return attach(vdi, "rw");
    }

    /** Attaches a disk for reading and returns its NBD URI. */
    String attachReadOnly(String vdi) {
        return attach(vdi, "ro");
    }

    /** Attaches a disk and returns the block device that it is then. */
    Path attachAsBlock(String vdi, String mode) {
        JsonObject body = new JsonObject();
        body.addProperty("mode", mode);
        body.addProperty("as", "block");
        return Path.of(id(api.post("/v1/vdis/" + part(vdi) + "/attach", body), "device"));
    }

    void resize(String vdi, long sizeBytes) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", sizeBytes);
        api.post("/v1/vdis/" + part(vdi) + "/resize", body);
    }

    private String attach(String vdi, String mode) {
        JsonObject body = new JsonObject();
        body.addProperty("mode", mode);
        return id(api.post("/v1/vdis/" + part(vdi) + "/attach", body), "uri");
    }

    void detach(String vdi) {
        api.post("/v1/vdis/" + part(vdi) + "/detach");
    }

    void destroy(String vdi) {
        api.delete("/v1/vdis/" + part(vdi));
    }

    /** Takes snapshots of disks at one instant and returns their ids, in the same order. */
    List<String> snapshot(Collection<String> vdis) {
        JsonArray which = new JsonArray();
        vdis.forEach(which::add);
        JsonObject body = new JsonObject();
        body.add("vdis", which);
        List<JsonObject> results = objects(api.post("/v1/vdis/snapshot", body));
        List<String> snapshots = new ArrayList<>();
        for (String vdi : vdis) {
            results.stream()
                    .filter(result -> id(result, "of").equals(vdi))
                    .forEach(result -> snapshots.add(id(result, "vdi")));
        }
        return snapshots;
    }

    String snapshot(String vdi) {
        return snapshot(List.of(vdi)).get(0);
    }

    /** Makes a writable copy of a disk and returns its id. */
    String cloneOf(String vdi) {
        return id(api.post("/v1/vdis/" + part(vdi) + "/clone", new JsonObject()), "vdi");
    }

    /** Runs garbage collection to its end and returns the job as it stood then. */
    JsonObject collectGarbage(String sr) {
        String job = id(api.post("/v1/srs/" + part(sr) + "/gc"), "job");
        JsonObject now;
        do {
            // The agent holds the answer back until the job has ended, or for a second.
            now = api.get("/v1/jobs/" + job + "?waitMillis=1000").getAsJsonObject();
        } while (now.get("state").getAsString().equals("running"));
        return now;
    }

    /** Connects to an attached disk. */
    NbdClient connect(String vdi) throws IOException {
        return NbdClient.connect(nbdSocket(), vdi);
    }

    Path nbdSocket() {
        return process.runDirectory().resolve("nbd.sock");
    }

    @Override
    public void close() throws IOException {
        process.close();
    }

    /** Returns a member that is a string or a number. */
    static String id(JsonElement object, String member) {
        return object.getAsJsonObject().get(member).getAsString();
    }

    static List<JsonObject> objects(JsonElement array) {
        List<JsonObject> result = new ArrayList<>();
        array.getAsJsonArray().forEach(element -> result.add(element.getAsJsonObject()));
        return result;
    }
}
