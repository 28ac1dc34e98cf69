package io.catena.agent.cli.vdi;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/**
 * Changed parts as {@code rbd diff --format json} tells them: {@code [{"offset":0,"length":65536,"exists":"true"}]}. Backup
 * tools take such a list as a hint which parts to read; the others they take from the backup before, or as zeros.
 */
final class RbdHints {
    private RbdHints() {}

    /** All is said to exist, so that all is read: a part that became zeros is found to be so by its reader. */
    static JsonArray of(JsonArray ranges) {
        JsonArray hints = new JsonArray();
        for (JsonElement range : ranges) {
            JsonObject hint = new JsonObject();
            hint.add("offset", range.getAsJsonObject().get("offset"));
            hint.add("length", range.getAsJsonObject().get("lengthBytes"));
            hint.addProperty("exists", "true");
            hints.add(hint);
        }
        return hints;
    }
}
