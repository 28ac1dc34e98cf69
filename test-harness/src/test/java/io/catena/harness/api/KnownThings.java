package io.catena.harness.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.harness.api.ApiFixture.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The ids of what an agent has, so that random requests name what there is. Makes something when there is nothing left. */
final class KnownThings {
    static final String GONE = "00000000-0000-4000-8000-000000000000";

    /** More than that are too slow to list. */
    private static final int MOST_SRS = 4;

    private final ApiFixture api;
    private final String admin;
    private final Random random;
    private final Map<Kind, List<String>> known = new EnumMap<>(Kind.class);
    private int made;

    /** What can be named. */
    enum Kind {
        SR,
        VDI,
        SCHEDULE,
        TOKEN
    }

    /**
     * @param admin the token with which it looks; it is never told, as it must not be revoked
     */
    KnownThings(ApiFixture api, String admin, Random random) {
        this.api = api;
        this.admin = admin;
        this.random = random;
    }

    /** Returns the id of something; of nothing if there is nothing of the kind, and now and then all the same. */
    String one(Kind kind) {
        List<String> all = known.getOrDefault(kind, List.of());
        return all.isEmpty() || random.nextInt(20) == 0 ? GONE : all.get(random.nextInt(all.size()));
    }

    void look() throws IOException {
        known.clear();
        List<JsonObject> srs = items("/v1/srs");
        srs.removeIf(sr -> !sr.get("attached").getAsBoolean());
        if (srs.isEmpty() || !hasDisk(id(srs.get(srs.size() - 1), "sr"))) {
            fresh();
            srs = items("/v1/srs");
        }
        put(Kind.SR, "sr", srs);
        known.put(Kind.VDI, new ArrayList<>());
        for (JsonObject sr : srs.subList(Math.max(0, srs.size() - MOST_SRS), srs.size())) {
            items("/v1/srs/" + id(sr, "sr") + "/vdis")
                    .forEach(vdi -> known.get(Kind.VDI).add(id(vdi, "vdi")));
        }
        put(Kind.SCHEDULE, "id", items("/v1/schedules"));
        List<JsonObject> tokens = items("/v1/tokens");
        tokens.removeIf(token -> admin.contains(id(token, "id")));
        put(Kind.TOKEN, "id", tokens);
    }

    private boolean hasDisk(String sr) throws IOException {
        return !items("/v1/srs/" + sr + "/vdis").isEmpty() || disk(sr);
    }

    private boolean disk(String sr) throws IOException {
        return api.ask("POST", admin, "/v1/srs/" + sr + "/vdis", "{'sizeBytes':4194304,'name':'first'}")
                        .status()
                == 201;
    }

    /** Another SR: whatever limits the others were given. */
    private void fresh() throws IOException {
        String name = "fresh-" + made++;
        Answer sr = api.ask(
                "POST", admin, "/v1/srs", "{'path':'" + api.directory.resolve(name) + "','name':'" + name + "'}");
        if (sr.status() != 201 || !disk(sr.text("sr"))) {
            throw new IOException("there is nothing to work with: " + sr.status() + " " + sr.body());
        }
    }

    private void put(Kind kind, String field, List<JsonObject> items) {
        known.put(
                kind,
                new ArrayList<>(items.stream().map(item -> id(item, field)).toList()));
    }

    private static String id(JsonObject item, String field) {
        return item.get(field).getAsString();
    }

    /** Returns the first of a list; nothing if it cannot be listed now. */
    private List<JsonObject> items(String path) throws IOException {
        List<JsonObject> items = new ArrayList<>();
        Answer answer = api.get(admin, path);
        if (answer.status() == 200) {
            for (JsonElement item : answer.object().getAsJsonArray("items")) {
                items.add(item.getAsJsonObject());
            }
        }
        return items;
    }
}
