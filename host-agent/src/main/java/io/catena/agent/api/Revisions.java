package io.catena.agent.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.json.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entity tags. One has two parts: what {@code If-Match} looks at, which changes only if somebody changes the resource, and a
 * part for {@code If-None-Match} that changes with every byte, for instance as a guest writes.
 */
final class Revisions {
    private static final List<String> VOLATILE = List.of(
            "status",
            "physicalBytes",
            "freeBytes",
            "capacityBytes",
            "virtualBytes",
            "vdis",
            "nodes",
            "maxChainDepth",
            "health",
            "warnings",
            "problems");
    private static final int HASH_BYTES = 8;

    private Revisions() {}

    static String tag(String json) {
        return "\"" + revision(json) + "." + hash(json) + "\"";
    }

    /** Returns the tag of a page of a list, which nobody changes as a whole. */
    static String tagOfList(String json) {
        String hash = hash(json);
        return "\"" + hash + "." + hash + "\"";
    }

    /** Whether one of the tags of {@code If-None-Match} is that of what is there. */
    static boolean isSame(@Nullable String ifNoneMatch, String tag) {
        return ifNoneMatch != null
                && List.of(ifNoneMatch.replace("W/", "").split("\\s*,\\s*", -1)).contains(tag);
    }

    /** Whether one of the tags of {@code If-Match} is of the revision of what is there. */
    static boolean fits(String ifMatch, String tag) {
        if (ifMatch.strip().equals("*")) {
            return true;
        }
        String revision = tag.substring(0, tag.indexOf('.') + 1);
        return List.of(ifMatch.split("\\s*,\\s*", -1)).stream().anyMatch(wanted -> wanted.startsWith(revision));
    }

    private static String revision(String json) {
        JsonElement element = Json.read(json, JsonElement.class);
        if (!element.isJsonObject()) {
            return hash(json);
        }
        JsonObject stable = element.getAsJsonObject();
        VOLATILE.forEach(stable::remove);
        return hash(stable.toString());
    }

    private static String hash(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
