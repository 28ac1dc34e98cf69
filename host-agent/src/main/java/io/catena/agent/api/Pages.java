package io.catena.agent.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Query;
import io.catena.agent.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Lists in pages: {@code limit}, and a {@code cursor} that tells after which element to go on, so that nothing is missed or
 * told twice when elements come and go meanwhile. Filters are {@code name=}, {@code state=}, {@code snapshotOf=}, {@code
 * holder=} for fields, and {@code label=KEY:VALUE} for the keys of a disk.
 */
final class Pages {
    static final int USUAL_LIMIT = 100;
    static final int MOST_LIMIT = 1000;
    static final int MOST_NODES = 10_000;

    private static final List<String> FIELDS = List.of("name", "state", "snapshotOf", "kind", "sr", "holder");

    /** What elements of lists are told apart by: the first of these that they have. */
    private static final List<String> IDS = List.of("vdi", "id", "job", "sr", "uuid", "token", "file", "holder");

    private Pages() {}

    /**
     * Returns one page.
     *
     * @param operation whose list it is: a cursor is good for one list only
     */
    static JsonObject page(String operation, List<?> list, Query query, int mostLimit) {
        int limit = query.number("limit", 1, mostLimit).map(Long::intValue).orElse(Math.min(USUAL_LIMIT, mostLimit));
        String filter = filterText(operation, query);
        Predicate<JsonObject> wanted = filter(query);
        String after = query.one("cursor").map(cursor -> after(cursor, filter)).orElse(null);
        List<Keyed> elements = new ArrayList<>();
        for (Object value : list) {
            JsonElement json = Json.read(Json.writeForApi(value), JsonElement.class);
            if (json.isJsonObject() && wanted.test(json.getAsJsonObject())) {
                elements.add(new Keyed(key(json.getAsJsonObject()), json.getAsJsonObject()));
            }
        }
        elements.sort(Comparator.comparing(Keyed::key));
        return page(elements, after, limit, filter);
    }

    /** An element of a list, with what it is sorted by. */
    private record Keyed(String key, JsonObject element) {}

    private static JsonObject page(List<Keyed> sorted, @Nullable String after, int limit, String filter) {
        JsonArray items = new JsonArray();
        String last = null;
        boolean more = false;
        for (Keyed keyed : sorted) {
            if (after != null && keyed.key.compareTo(after) <= 0) {
                continue;
            }
            if (items.size() == limit) {
                more = true;
                break;
            }
            items.add(keyed.element);
            last = keyed.key;
        }
        JsonObject page = new JsonObject();
        page.add("items", items);
        if (more && last != null) {
            page.addProperty("next", cursor(last, filter));
        }
        return page;
    }

    /** Numbers are padded, so that they are in order as texts. */
    private static String key(JsonObject element) {
        String name = text(element, "name");
        for (String id : IDS) {
            JsonElement value = element.get(id);
            if (value != null && value.isJsonPrimitive()) {
                boolean number = value.getAsJsonPrimitive().isNumber();
                String text = number ? String.format(Locale.ROOT, "%020d", value.getAsLong()) : value.getAsString();
                return (number ? "" : name) + "\0" + text;
            }
        }
        return name + "\0" + element;
    }

    private static String text(JsonObject element, String field) {
        JsonElement value = element.get(field);
        return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
    }

    private static Predicate<JsonObject> filter(Query query) {
        Predicate<JsonObject> all = element -> true;
        for (String field : FIELDS) {
            String expected = query.one(field).orElse(null);
            if (expected != null) {
                all = all.and(element -> text(element, field).equals(expected));
            }
        }
        for (String label : query.all("label")) {
            all = all.and(element -> hasLabel(element, label));
        }
        return all;
    }

    private static boolean hasLabel(JsonObject element, String label) {
        int colon = label.indexOf(':');
        String key = colon < 0 ? label : label.substring(0, colon);
        if (!(element.get("keys") instanceof JsonObject keys) || !keys.has(key)) {
            return false;
        }
        return colon < 0 || keys.get(key).getAsString().equals(label.substring(colon + 1));
    }

    private static String filterText(String operation, Query query) {
        StringBuilder text = new StringBuilder(operation);
        FIELDS.forEach(field -> text.append('\0').append(query.all(field)));
        return text.append('\0').append(query.all("label")).toString();
    }

    private static String cursor(String key, String filter) {
        String json = Json.write(Map.of("after", key, "filter", Integer.toHexString(filter.hashCode())));
        return Base64.getUrlEncoder().withoutPadding().encodeToString(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String after(String cursor, String filter) {
        try {
            JsonObject json = Json.object(new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8));
            if (text(json, "filter").equals(Integer.toHexString(filter.hashCode()))) {
                return text(json, "after");
            }
        } catch (RuntimeException e) {
            throw badCursor();
        }
        throw badCursor();
    }

    private static ApiException badCursor() {
        return new ApiException(
                400,
                "BAD_CURSOR",
                "The cursor is not one that this list has given for these filters",
                "Begin again without a cursor.");
    }
}
