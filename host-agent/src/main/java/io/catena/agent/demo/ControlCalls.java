package io.catena.agent.demo;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.json.Json;
import io.catena.api.AccessMode;
import io.catena.api.Export;
import io.catena.api.Job;
import io.catena.api.SnapshotResult;
import io.catena.api.Sr;
import io.catena.api.SrId;
import io.catena.api.TreeNode;
import io.catena.api.Vdi;
import io.catena.api.VdiId;
import java.nio.file.Path;
import java.util.List;

/** The requests of the control API that the tour uses. */
final class ControlCalls {
    private static final int JOB_WAIT_MILLIS = 100;

    private final ControlClient client;

    ControlCalls(ControlClient client) {
        this.client = client;
    }

    SrId createSr(String name, Path directory) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("path", directory.toString());
        return Json.read(client.post("/v1/srs", body), Sr.class).id();
    }

    VdiId createVdi(SrId sr, String name, long sizeBytes) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        body.addProperty("sizeBytes", sizeBytes);
        return Json.read(client.post("/v1/srs/" + sr + "/vdis", body), Vdi.class)
                .vdi();
    }

    Vdi vdi(VdiId vdi) {
        return Json.read(client.get("/v1/vdis/" + vdi), Vdi.class);
    }

    /** Returns where the disk is served. */
    String attach(VdiId vdi, AccessMode mode) {
        JsonObject body = new JsonObject();
        body.addProperty("mode", mode.symbol());
        return Json.read(client.post("/v1/vdis/" + vdi + "/attach", body), Export.class)
                .uri();
    }

    void detach(VdiId vdi) {
        client.post("/v1/vdis/" + vdi + "/detach");
    }

    SnapshotResult snapshot(VdiId vdi, String name) {
        JsonArray which = new JsonArray();
        which.add(vdi.toString());
        JsonObject body = new JsonObject();
        body.add("vdis", which);
        body.addProperty("name", name);
        return Json.list(client.post("/v1/vdis/snapshot", body), SnapshotResult.class)
                .get(0);
    }

    VdiId cloneVdi(VdiId vdi, String name) {
        JsonObject body = new JsonObject();
        body.addProperty("name", name);
        return Json.read(client.post("/v1/vdis/" + vdi + "/clone", body), Vdi.class)
                .vdi();
    }

    void destroy(VdiId vdi) {
        client.delete("/v1/vdis/" + vdi);
    }

    List<TreeNode> tree(SrId sr) {
        return Json.list(client.get("/v1/srs/" + sr + "/tree"), TreeNode.class);
    }

    Job collectGarbage(SrId sr) {
        return Json.read(client.post("/v1/srs/" + sr + "/gc"), Job.class);
    }

    /** Returns a job when it has ended, or as it is after a moment. */
    Job awaitJob(long id) {
        return Json.read(client.get("/v1/jobs/" + id + "?waitMillis=" + JOB_WAIT_MILLIS), Job.class);
    }
}
