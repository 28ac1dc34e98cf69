package io.catena.agent.api;

import com.google.gson.JsonObject;
import io.catena.agent.api.problem.ApiException;
import io.catena.agent.control.Query;
import io.catena.agent.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Lists in pages: {@code limit}, and a {@code cursor} that tells after which element to go on, so that nothing is missed or
 * told twice when elements come and go meanwhile. Filters are {@code name=}, {@code state=}, {@code snapshotOf=}, {@code
 * holder=}, {@code attached=} for fields, and {@code label=KEY:VALUE} for the keys of a disk.
 */
final class Pages {
    static final int USUAL_LIMIT = 100;
    static final int MOST_LIMIT = 1000;
    static final int MOST_NODES = 10_000;

    private static final List<String> FIELDS =
            List.of("name", "state", "snapshotOf", "kind", "sr", "holder", "attached");

    private Pages() {}

    /**
     * Returns one page, as JSON.
     *
     * @param operation whose list it is: a cursor is good for one list only
     */
    static String page(String operation, List<?> list, Query query, int mostLimit) {
        int limit = query.number("limit", 1, mostLimit).map(Long::intValue).orElse(Math.min(USUAL_LIMIT, mostLimit));
        String filter = filterText(operation, query);
        Predicate<Element> wanted = filter(query);
        String after = query.one("cursor").map(cursor -> after(cursor, filter)).orElse(null);
        List<Keyed> elements = new ArrayList<>();
        for (Object value : list) {
            Element element = Element.of(value);
            String key = element.key();
            if ((after == null || key.compareTo(after) > 0) && wanted.test(element)) {
                elements.add(new Keyed(key, element));
            }
        }
        elements.sort(Comparator.comparing(Keyed::key));
        return page(elements, limit, filter);
    }

    /** An element of a list, with what it is sorted by. */
    private record Keyed(String key, Element element) {}

    private static String page(List<Keyed> sorted, int limit, String filter) {
        List<Keyed> told = sorted.subList(0, Math.min(limit, sorted.size()));
        StringBuilder json = new StringBuilder("{\"items\":[");
        for (int i = 0; i < told.size(); i++) {
            json.append(i == 0 ? "" : ",").append(told.get(i).element.json());
        }
        json.append(']');
        if (told.size() < sorted.size()) {
            String next = cursor(told.get(told.size() - 1).key, filter);
            json.append(",\"next\":").append(Json.write(next));
        }
        return json.append('}').toString();
    }

    private static Predicate<Element> filter(Query query) {
        Map<String, String> fields = new HashMap<>();
        FIELDS.forEach(field -> query.one(field).ifPresent(value -> fields.put(field, value)));
        Predicate<Element> all = element -> element.fits(fields);
        for (String label : query.all("label")) {
            all = all.and(element -> hasLabel(element, label));
        }
        return all;
    }

    private static boolean hasLabel(Element element, String label) {
        int colon = label.indexOf(':');
        Optional<String> value = element.label(colon < 0 ? label : label.substring(0, colon));
        return value.isPresent() && (colon < 0 || value.get().equals(label.substring(colon + 1)));
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
            if (json.get("filter").getAsString().equals(Integer.toHexString(filter.hashCode()))) {
                return json.get("after").getAsString();
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
