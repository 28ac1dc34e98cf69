package io.catena.harness.smapi;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * A type of the SMAPIv3 interface definition in JSON, as the caller's unmarshaller reads it, and stricter in two points: a
 * 64-bit integer is a number, and a record has no unknown fields.
 */
@FunctionalInterface
interface JsonType {
    JsonType STRING = primitive("a string", JsonPrimitive::isString);
    JsonType BOOL = primitive("true or false", JsonPrimitive::isBoolean);
    JsonType INT64 = primitive("a 64-bit integer", JsonType::isInt64);
    JsonType FLOAT = primitive("a number", JsonPrimitive::isNumber);
    JsonType UNIT = (value, at) -> value.isJsonNull() ? Optional.empty() : wrong(at, "null", value);

    /** Says what is wrong with a value; nothing if it is of this type. */
    Optional<String> problem(JsonElement value, String at);

    private static JsonType primitive(String name, Predicate<JsonPrimitive> test) {
        return (value, at) -> value instanceof JsonPrimitive primitive && test.test(primitive)
                ? Optional.empty()
                : wrong(at, name, value);
    }

    private static boolean isInt64(JsonPrimitive value) {
        if (!value.isNumber() || !value.getAsString().matches("-?[0-9]+")) {
            return false;
        }
        return value.getAsBigInteger().bitLength() < Long.SIZE;
    }

    static JsonType list(JsonType element) {
        return (value, at) -> {
            if (!(value instanceof JsonArray array)) {
                return wrong(at, "a list", value);
            }
            for (int i = 0; i < array.size(); i++) {
                Optional<String> problem = element.problem(array.get(i), at + "[" + i + "]");
                if (problem.isPresent()) {
                    return problem;
                }
            }
            return Optional.empty();
        };
    }

    static JsonType tuple(JsonType... parts) {
        return (value, at) -> {
            if (!(value instanceof JsonArray array) || array.size() != parts.length) {
                return wrong(at, "a list of " + parts.length, value);
            }
            for (int i = 0; i < parts.length; i++) {
                Optional<String> problem = parts[i].problem(array.get(i), at + "[" + i + "]");
                if (problem.isPresent()) {
                    return problem;
                }
            }
            return Optional.empty();
        };
    }

    /** An object whose values are strings; an empty list is none. */
    static JsonType dictionary() {
        return (value, at) -> {
            if (!value.isJsonObject()) {
                return wrong(at, "an object", value);
            }
            for (Map.Entry<String, JsonElement> entry : value.getAsJsonObject().entrySet()) {
                Optional<String> problem = STRING.problem(entry.getValue(), at + "." + entry.getKey());
                if (problem.isPresent()) {
                    return problem;
                }
            }
            return Optional.empty();
        };
    }

    /** A field of a record. */
    record Field(String name, JsonType type, boolean optional) {}

    static Field field(String name, JsonType type) {
        return new Field(name, type, false);
    }

    /** A field that may be left out, but not be null. */
    static Field optional(String name, JsonType type) {
        return new Field(name, type, true);
    }

    static JsonType object(Field... fields) {
        return (value, at) -> {
            if (!value.isJsonObject()) {
                return wrong(at, "an object", value);
            }
            TreeSet<String> unknown = new TreeSet<>(value.getAsJsonObject().keySet());
            for (Field field : fields) {
                JsonElement found = value.getAsJsonObject().get(field.name());
                unknown.remove(field.name());
                if (found == null && !field.optional()) {
                    return Optional.of(at + "." + field.name() + " is missing");
                }
                Optional<String> problem =
                        found == null ? Optional.empty() : field.type().problem(found, at + "." + field.name());
                if (problem.isPresent()) {
                    return problem;
                }
            }
            return unknown.isEmpty() ? Optional.empty() : Optional.of(at + " has a field " + unknown.first());
        };
    }

    /** A case of a variant: {@code "Tag"}, or {@code ["Tag", payload]}. */
    record Case(String tag, List<JsonType> payload) {}

    static Case tag(String tag, JsonType... payload) {
        return new Case(tag, List.of(payload));
    }

    static JsonType variant(Case... cases) {
        return (value, at) -> {
            boolean bare = value instanceof JsonPrimitive primitive && primitive.isString();
            JsonArray parts = value instanceof JsonArray array ? array : new JsonArray();
            Optional<Case> found = Arrays.stream(cases)
                    .filter(one -> one.payload().isEmpty() == bare)
                    .filter(one -> bare
                            ? one.tag().equals(value.getAsString())
                            : parts.size() == 2 && parts.get(0).equals(new JsonPrimitive(one.tag())))
                    .findFirst();
            if (found.isEmpty()) {
                List<String> tags = new ArrayList<>();
                Arrays.stream(cases)
                        .forEach(one -> tags.add(one.tag() + (one.payload().isEmpty() ? "" : " of ...")));
                return wrong(at, "one of " + tags, value);
            }
            return bare ? Optional.empty() : found.get().payload().get(0).problem(parts.get(1), at + "[1]");
        };
    }

    private static Optional<String> wrong(String at, String expected, JsonElement found) {
        return Optional.of(at + " is " + found + ", expected " + expected);
    }
}
