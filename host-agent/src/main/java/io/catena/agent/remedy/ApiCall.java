package io.catena.agent.remedy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import io.catena.remedy.Remedy;
import io.catena.remedy.Verb;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A request of the API over the network.
 *
 * @param path what is not known stands in braces, as in the description of the API
 * @param body empty if none is needed
 */
public record ApiCall(String method, String path, JsonObject body) {
    private static final Map<Verb, String> REQUESTS = new EnumMap<>(Map.ofEntries(
            Map.entry(Verb.SR_ATTACH, "POST /v1/srs/attach"),
            Map.entry(Verb.SR_CHECK, "POST /v1/srs/{sr}/check"),
            Map.entry(Verb.SR_CREATE, "POST /v1/srs"),
            Map.entry(Verb.SR_DETACH, "POST /v1/srs/{sr}/detach"),
            Map.entry(Verb.SR_FORGET, "POST /v1/srs/{sr}/forget"),
            Map.entry(Verb.SR_LS, "GET /v1/srs"),
            Map.entry(Verb.SR_PROBE, "POST /v1/srs/probe"),
            Map.entry(Verb.SR_QUOTA, "PUT /v1/srs/{sr}/quotas/{owner}"),
            Map.entry(Verb.SR_SHARE, "POST /v1/srs/share"),
            Map.entry(Verb.SR_SET, "POST /v1/srs/{sr}/set"),
            Map.entry(Verb.VDI_ATTACH, "POST /v1/vdis/{vdi}/attach"),
            Map.entry(Verb.VDI_CLONE, "POST /v1/vdis/{vdi}/clone"),
            Map.entry(Verb.VDI_COPY, "POST /v1/vdis/{vdi}/copy"),
            Map.entry(Verb.VDI_CREATE, "POST /v1/srs/{sr}/vdis"),
            Map.entry(Verb.VDI_DEACTIVATE, "POST /v1/vdis/{vdi}/deactivate"),
            Map.entry(Verb.VDI_DESTROY, "DELETE /v1/vdis/{vdi}"),
            Map.entry(Verb.VDI_DETACH, "POST /v1/vdis/{vdi}/detach"),
            Map.entry(Verb.VDI_EXPORT, "GET /v1/vdis/{vdi}/content"),
            Map.entry(Verb.VDI_IMPORT, "PUT /v1/srs/{sr}/vdis/{vdi}/content"),
            Map.entry(Verb.VDI_LS, "GET /v1/srs/{sr}/vdis"),
            Map.entry(Verb.VDI_RESIZE, "POST /v1/vdis/{vdi}/resize"),
            Map.entry(Verb.VDI_SNAPSHOT, "POST /v1/vdis/snapshot"),
            Map.entry(Verb.VDI_TREE, "GET /v1/srs/{sr}/tree"),
            Map.entry(Verb.GC_PAUSE, "POST /v1/srs/{sr}/gc/pause"),
            Map.entry(Verb.GC_RUN, "POST /v1/srs/{sr}/gc"),
            Map.entry(Verb.GC_SET, "POST /v1/srs/{sr}/gc/set"),
            Map.entry(Verb.GC_STATUS, "GET /v1/srs/{sr}/gc"),
            Map.entry(Verb.JOB_LS, "GET /v1/jobs"),
            Map.entry(Verb.LIBVIRT_DETACH, "POST /v1/guests/{guest}/detach"),
            Map.entry(Verb.LIBVIRT_LS, "GET /v1/guests"),
            Map.entry(Verb.LIBVIRT_XML, "POST /v1/vdis/{vdi}/libvirt-xml"),
            Map.entry(Verb.SCHEDULE_LS, "GET /v1/schedules"),
            Map.entry(Verb.HOST_LS, "POST /v1/hosts/list"),
            Map.entry(Verb.HOST_FENCED, "POST /v1/hosts/fenced"),
            Map.entry(Verb.TOKEN_LS, "GET /v1/tokens"),
            Map.entry(Verb.TOKEN_REVOKE, "DELETE /v1/tokens/{token}"),
            Map.entry(Verb.CLIENT_LS, "GET /v1/clients"),
            Map.entry(Verb.CLIENT_REMOVE, "DELETE /v1/clients/{client}"),
            Map.entry(Verb.CLIENT_SET, "PUT /v1/clients/{client}"),
            Map.entry(Verb.JOB_WAIT, "GET /v1/jobs/{job}?wait=60")));

    /** Those who call over the network wait for a job by its own means. */
    private static final Set<String> NOT_ASKED = Set.of("wait");

    /** Returns the request that makes a call; empty if the API has none. */
    public static Optional<ApiCall> of(Remedy remedy) {
        String request = REQUESTS.get(remedy.verb());
        if (request == null || remedy.arguments().containsKey("deleteUnknown")) {
            return Optional.empty();
        }
        Map<String, String> left = new LinkedHashMap<>(remedy.arguments());
        String[] parts = request.split(" ", 2);
        String path = parts[1];
        for (Map.Entry<String, String> argument : remedy.arguments().entrySet()) {
            String variable = "{" + argument.getKey() + "}";
            if (path.contains(variable)) {
                left.remove(argument.getKey());
                path = isBlank(argument) ? path : path.replace(variable, argument.getValue());
            }
        }
        JsonObject body = new JsonObject();
        if (!parts[0].equals("GET")) {
            left.forEach((name, value) -> add(body, argument(remedy.verb(), name), value));
        }
        return Optional.of(new ApiCall(parts[0], path, body));
    }

    /** Snapshots are taken of several disks at a time. */
    private static String argument(Verb verb, String name) {
        return verb == Verb.VDI_SNAPSHOT && name.equals("vdi") ? "vdis" : name;
    }

    /** Whether an argument is a word in capitals that the user replaces. */
    private static boolean isBlank(Map.Entry<String, String> argument) {
        return argument.getValue().equals(argument.getKey().toUpperCase(Locale.ROOT));
    }

    private static void add(JsonObject body, String name, String value) {
        switch (name) {
            case "size" -> body.add("sizeBytes", element(value));
            case "readOnly" -> body.addProperty("mode", "ro");
            case "vdis" -> {
                JsonArray vdis = new JsonArray();
                vdis.add(value);
                body.add("vdis", vdis);
            }
            case "key" -> {
                JsonObject keys = new JsonObject();
                String[] pair = value.split("=", 2);
                keys.addProperty(pair[0], pair[1]);
                body.add("keys", keys);
            }
            default -> {
                if (!NOT_ASKED.contains(name)) {
                    body.add(name, element(value));
                }
            }
        }
    }

    private static JsonElement element(String value) {
        if (value.equals(Remedy.ON) || value.equals("on")) {
            return new JsonPrimitive(true);
        }
        return value.matches("\\d{1,18}") ? new JsonPrimitive(Long.parseLong(value)) : new JsonPrimitive(value);
    }

    /** For people: method, path, and the body if there is one. */
    @Override
    public String toString() {
        return method + " " + path + (body.isEmpty() ? "" : " " + body);
    }
}
