package io.catena.agent.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.api.cloud.Listed;
import io.catena.agent.json.Json;
import io.catena.api.Vdi;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * An element of a list. Those of lists that get long are turned into JSON only if they are told: to do it with ten thousand for a
 * page of a hundred takes most of a second.
 */
sealed interface Element {
    /** Returns what it is sorted by; numbers are padded, so that they are in order as texts. */
    String key();

    /** Returns a field that lists are filtered by; empty if it has none of this name. */
    String field(String name);

    /** Returns the value of a key that its owner gave it. */
    Optional<String> label(String key);

    /** Returns the whole element as JSON. */
    String json();

    static Element of(Object value) {
        if (value instanceof Vdi vdi) {
            return new OfVdi(vdi);
        }
        return value instanceof Listed listed ? new OfListed(listed) : OfJson.of(value);
    }

    private static String key(String name, String id) {
        return name + "\0" + id;
    }

    /** A disk. */
    record OfVdi(Vdi vdi) implements Element {
        @Override
        public String key() {
            return Element.key(vdi.name(), vdi.vdi().toString());
        }

        @Override
        public String field(String name) {
            return switch (name) {
                case "name" -> vdi.name();
                case "state" -> vdi.state().name().toLowerCase(Locale.ROOT);
                case "sr" -> vdi.sr().toString();
                case "snapshotOf" ->
                    vdi.snapshotOf() == null ? "" : vdi.snapshotOf().toString();
                case "attached" -> Boolean.toString(!vdi.holds().isEmpty());
                default -> "";
            };
        }

        @Override
        public Optional<String> label(String key) {
            return Optional.ofNullable(vdi.keys().get(key));
        }

        @Override
        public String json() {
            return Json.writeForApi(vdi);
        }
    }

    /** One with an id and a name. */
    record OfListed(Listed listed) implements Element {
        @Override
        public String key() {
            return Element.key(listed.name(), listed.id());
        }

        @Override
        public String field(String name) {
            return name.equals("name") ? listed.name() : "";
        }

        @Override
        public Optional<String> label(String key) {
            return Optional.empty();
        }

        @Override
        public String json() {
            return Json.writeForApi(listed);
        }
    }

    /** Any other, of a list that stays short. */
    record OfJson(String json, JsonObject object) implements Element {
        /** What elements of lists are told apart by: the first of these that they have. */
        private static final List<String> IDS = List.of("vdi", "id", "job", "sr", "uuid", "token", "file", "holder");

        static OfJson of(Object value) {
            String json = Json.writeForApi(value);
            return new OfJson(json, Json.object(json));
        }

        @Override
        public String key() {
            for (String id : IDS) {
                JsonElement value = object.get(id);
                if (value != null && value.isJsonPrimitive()) {
                    return value.getAsJsonPrimitive().isNumber()
                            ? "\0" + String.format(Locale.ROOT, "%020d", value.getAsLong())
                            : Element.key(field("name"), value.getAsString());
                }
            }
            return Element.key(field("name"), json);
        }

        @Override
        public String field(String name) {
            JsonElement value = object.get(name);
            return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
        }

        @Override
        public Optional<String> label(String key) {
            return object.get("keys") instanceof JsonObject keys && keys.has(key)
                    ? Optional.of(keys.get(key).getAsString())
                    : Optional.empty();
        }
    }

    /** Whether it has all of these values in its fields. */
    default boolean fits(Map<String, String> fields) {
        return fields.entrySet().stream()
                .allMatch(field -> field(field.getKey()).equals(field.getValue()));
    }
}
