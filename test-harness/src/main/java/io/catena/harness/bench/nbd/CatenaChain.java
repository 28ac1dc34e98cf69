package io.catena.harness.bench.nbd;

import static io.catena.agent.control.client.ControlClient.part;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.nbd.client.NbdDisk;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A chain of VHDs of ours, served by an agent as users run it. */
final class CatenaChain implements Contestant {
    static final String SHARED_TITLE = "catena, 1 deep, shared";

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final AgentProcess agent;
    private final ControlClient api;
    private final int depth;
    private final String title;
    private final Path directory;
    private final Disks disks;
    private final String sr;
    private final Map<Ground, String> uris = new EnumMap<>(Ground.class);

    /** A disk that stays one file short of the depth, to be cloned; empty if the depth is 1. */
    private String template = "";

    private CatenaChain(AgentProcess agent, int depth, Path directory, Disks disks, String title) {
        this.title = title;
        this.agent = agent;
        this.api = new ControlClient(agent.runDirectory().resolve("agent.sock"), PATIENCE);
        this.depth = depth;
        this.directory = directory;
        this.disks = disks;
        this.sr = text(
                api.post("/v1/srs", object("name", directory.getFileName().toString(), "path", directory.toString())),
                "sr");
    }

    /** Makes the chain in an SR of its own. */
    static CatenaChain make(AgentProcess agent, int depth, Path directory, Disks disks) throws IOException {
        return new CatenaChain(agent, depth, directory.resolve("catena-" + depth), disks, title(depth)).filled();
    }

    /** Makes one file in an SR that other hosts could attach, too. */
    static CatenaChain makeShared(AgentProcess agent, Path directory, Disks disks) throws IOException {
        Path place = directory.resolve("catena-shared");
        CatenaChain chain = new CatenaChain(agent, 1, place, disks, SHARED_TITLE);
        chain.api.post("/v1/srs/" + part(chain.sr) + "/detach");
        chain.api.post("/v1/srs/share", object("path", place.toString(), "coordination", "files"));
        chain.api.post("/v1/srs/attach", object("path", place.toString()));
        return chain.filled();
    }

    private CatenaChain filled() throws IOException {
        if (depth > 1) {
            makeTemplate();
        }
        uris.put(Ground.PRESENT, attach(newDisk()));
        write(uris.get(Ground.PRESENT), 0);
        uris.put(Ground.SPREAD, attach(newDisk()));
        write(uris.get(Ground.SPREAD), depth - 1);
        return this;
    }

    private void makeTemplate() throws IOException {
        template = createEmpty();
        String uri = attach(template);
        for (int layer = 0; layer < depth - 1; layer++) {
            write(uri, layer);
            JsonArray which = new JsonArray();
            which.add(template);
            JsonObject body = new JsonObject();
            body.add("vdis", which);
            api.post("/v1/vdis/snapshot", body);
        }
        detach(template);
    }

    private void write(String uri, int layer) throws IOException {
        try (NbdDisk disk = NbdDisk.connect(uri, PATIENCE)) {
            if (layer == 0) {
                disks.fill(disk::write);
            } else {
                disks.change(disk::write, layer, depth);
            }
            disk.flush();
        }
    }

    private String createEmpty() {
        JsonObject body = object("name", "disk");
        body.addProperty("sizeBytes", disks.sizeBytes());
        return text(api.post("/v1/srs/" + part(sr) + "/vdis", body), "vdi");
    }

    private String newDisk() {
        return template.isEmpty()
                ? createEmpty()
                : text(api.post("/v1/vdis/" + part(template) + "/clone", new JsonObject()), "vdi");
    }

    private String attach(String vdi) {
        return text(api.post("/v1/vdis/" + part(vdi) + "/attach", object("mode", "rw")), "uri");
    }

    private void detach(String vdi) {
        api.post("/v1/vdis/" + part(vdi) + "/detach");
    }

    @Override
    public String title() {
        return title;
    }

    static String title(int depth) {
        return "catena, " + depth + " deep";
    }

    @Override
    public boolean has(Ground ground) {
        return depth > 1 || ground != Ground.OVER_PARENT;
    }

    @Override
    public Served serve(Ground ground) throws IOException {
        String lasting = uris.get(ground);
        if (lasting != null) {
            return new Served(lasting, agent.pid(), files(), () -> {});
        }
        String disk = newDisk();
        return new Served(attach(disk), agent.pid(), List.of(), () -> {
            detach(disk);
            api.delete("/v1/vdis/" + part(disk));
        });
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        try (var paths = Files.newDirectoryStream(directory, "*.vhd")) {
            paths.forEach(files::add);
        }
        return files;
    }

    private static JsonObject object(String... members) {
        JsonObject object = new JsonObject();
        for (int i = 0; i < members.length; i += 2) {
            object.addProperty(members[i], members[i + 1]);
        }
        return object;
    }

    private static String text(JsonElement object, String member) {
        return object.getAsJsonObject().get(member).getAsString();
    }
}
