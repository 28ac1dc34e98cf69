package io.catena.agent.mirror;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.copy.AgentCalls;
import io.catena.agent.json.Json;
import io.catena.agent.nbd.client.RemoteDisk;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.VdiId;
import io.catena.api.VdiSpec;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Those of an SR of another host: made and let go of over its API, written over NBD with TLS.
 *
 * @param sr its id or name
 * @param holder what this agent is called by its certificate, so that the other one lets it in
 */
record DisksOfOtherAgent(AgentCalls agent, String sr, String holder, Duration patience) implements Disks {
    @Override
    public Optional<Found> find(VdiId id) throws IOException {
        JsonObject found;
        try {
            found = agent.ask("GET", disk(id), null);
        } catch (SrException e) {
            if (e.error() == SrError.VDI_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
        Map<String, String> keys = new HashMap<>();
        found.getAsJsonObject("keys")
                .entrySet()
                .forEach(key -> keys.put(key.getKey(), key.getValue().getAsString()));
        return Optional.of(new Found(found.get("virtualSizeBytes").getAsLong(), keys));
    }

    @Override
    public void create(VdiSpec spec) throws IOException {
        JsonObject body = new JsonObject();
        body.addProperty("uuid", String.valueOf(spec.id()));
        body.addProperty("sizeBytes", spec.sizeBytes());
        body.addProperty("name", spec.name());
        body.addProperty("description", spec.description());
        body.addProperty("raw", spec.raw());
        body.add("keys", Json.object(Json.write(spec.keys())));
        JsonObject unused = agent.ask("POST", "/v1/srs/" + AgentCalls.encoded(sr) + "/vdis", body);
    }

    @Override
    public RemoteDisk open(VdiId id) throws IOException {
        release(id);
        JsonObject attachment = agent.ask("PUT", attachment(id), new JsonObject());
        JsonElement connection = attachment.get("connection");
        JsonElement port = connection == null || connection.isJsonNull()
                ? null
                : connection.getAsJsonObject().get("nbdTlsPort");
        if (port == null || port.isJsonNull()) {
            throw new SrException(
                            SrError.UNIMPLEMENTED,
                            "The agent at " + agent.url() + " does not serve disks over TCP, so that a mirror cannot"
                                    + " write there")
                    .correction("Start it with --nbd-listen and --nbd-tls-certificate, or copy a snapshot.");
        }
        InetSocketAddress server = new InetSocketAddress(agent.host(), port.getAsInt());
        return RemoteDisk.connect(server, agent.tls(), id.toString(), patience);
    }

    @Override
    public void release(VdiId id) throws IOException {
        JsonObject unused = agent.ask("DELETE", attachment(id), null);
    }

    @Override
    public void removeKey(VdiId id, String key) throws IOException {
        JsonArray keys = new JsonArray();
        keys.add(key);
        JsonObject body = new JsonObject();
        body.add("removeKeys", keys);
        JsonObject unused = agent.ask("POST", disk(id) + "/set", body);
    }

    private static String disk(VdiId id) {
        return "/v1/vdis/" + id;
    }

    private String attachment(VdiId id) {
        return disk(id) + "/attachments/" + AgentCalls.encoded(holder);
    }

    @Override
    public String text() {
        return "SR " + sr + " at " + agent.url();
    }
}
