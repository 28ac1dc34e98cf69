package io.catena.agent.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSyntaxException;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The JSON object that a request carries. Every getter throws {@link SrError#BAD_REQUEST}, naming the field, if its value
 * is missing or of another type; {@link #nothingElse} if there is a field that was not asked for.
 */
public final class Body {
    private static final Pattern PLACE = Pattern.compile("at line (\\d+) column (\\d+)");

    private final JsonObject fields;
    private final TreeSet<String> unread;

    /**
     * @param text what the client sent; nothing is the empty object
     */
    public Body(String text) {
        try {
            fields = text.isBlank() ? new JsonObject() : Json.object(text);
        } catch (JsonSyntaxException e) {
            throw new SrException(SrError.BAD_REQUEST, "The request body is not JSON" + place(e), e);
        } catch (JsonParseException e) {
            throw new SrException(SrError.BAD_REQUEST, "The request body is not a JSON object: " + e.getMessage(), e);
        }
        unread = new TreeSet<>(fields.keySet());
    }

    public boolean has(String field) {
        return fields.has(field);
    }

    public String string(String field) {
        return primitive(field, "a string", JsonPrimitive::isString)
                .orElseThrow(() -> missing(field))
                .getAsString();
    }

    public Optional<String> optionalString(String field) {
        return primitive(field, "a string", JsonPrimitive::isString).map(JsonPrimitive::getAsString);
    }

    public boolean flag(String field) {
        return primitive(field, "true or false", JsonPrimitive::isBoolean)
                .map(JsonPrimitive::getAsBoolean)
                .orElse(false);
    }

    /** Gson says how it could be made to read it all the same; of use to the client is only where it is wrong. */
    private static String place(JsonSyntaxException e) {
        Matcher place = PLACE.matcher(String.valueOf(e.getMessage()));
        return place.find() ? ": it is wrong at line " + place.group(1) + ", column " + place.group(2) : "";
    }

    /** Returns true or false; null if the field is absent. */
    public @Nullable Boolean optionalFlag(String field) {
        return has(field) ? Boolean.valueOf(flag(field)) : null;
    }

    /** Returns a whole number; null if the field is absent. */
    public @Nullable Long optionalNumber(String field) {
        return has(field) ? Long.valueOf(number(field)) : null;
    }

    public long number(String field) {
        JsonPrimitive value =
                primitive(field, "a whole number", JsonPrimitive::isNumber).orElseThrow(() -> missing(field));
        try {
            return Long.parseLong(value.getAsString());
        } catch (NumberFormatException e) {
            throw wrong(field, "a whole number", value, e);
        }
    }

    /** Returns a number of things; null if the field is absent. */
    public @Nullable Integer optionalInt(String field) {
        if (!has(field)) {
            return null;
        }
        long value = number(field);
        if (value != (int) value) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The field \"" + field + "\" is " + value + ", expected a small number")
                    .field(field);
        }
        return (int) value;
    }

    /** Returns an object whose values are all strings; the empty one if the field is absent. */
    public Map<String, String> stringMap(String field) {
        JsonElement map = fields.get(field);
        unread.remove(field);
        if (map == null) {
            return Map.of();
        }
        if (!map.isJsonObject()) {
            throw wrong(field, "an object", map, null);
        }
        Map<String, String> strings = new TreeMap<>();
        map.getAsJsonObject().asMap().forEach((key, value) -> {
            if (!(value instanceof JsonPrimitive text) || !text.isString()) {
                throw wrong(field, "an object of strings", map, null);
            }
            strings.put(key, text.getAsString());
        });
        return strings;
    }

    /** Returns an object whose values are strings, or null for what is to be removed; the empty one if the field is absent. */
    public Map<String, Optional<String>> patch(String field) {
        JsonElement map = fields.get(field);
        unread.remove(field);
        if (map == null) {
            return Map.of();
        }
        if (!map.isJsonObject()) {
            throw wrong(field, "an object", map, null);
        }
        Map<String, Optional<String>> changes = new TreeMap<>();
        map.getAsJsonObject().asMap().forEach((key, value) -> {
            if (!value.isJsonNull() && !(value instanceof JsonPrimitive text && text.isString())) {
                throw wrong(field, "an object of strings, or null", map, null);
            }
            changes.put(key, value.isJsonNull() ? Optional.empty() : Optional.of(value.getAsString()));
        });
        return changes;
    }

    public List<String> strings(String field) {
        List<String> strings = stringsOrNone(field);
        if (strings.isEmpty()) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The field \"" + field + "\" is [], expected a list of strings that is not empty")
                    .field(field);
        }
        return strings;
    }

    /** Returns a list that may be empty. */
    public List<String> stringsOrNone(String field) {
        JsonElement list = fields.get(field);
        unread.remove(field);
        if (list == null) {
            throw missing(field);
        }
        if (!list.isJsonArray()) {
            throw wrong(field, "a list of strings", list, null);
        }
        List<String> strings = new ArrayList<>();
        for (JsonElement element : list.getAsJsonArray()) {
            if (!(element instanceof JsonPrimitive text) || !text.isString()) {
                throw wrong(field, "a list of strings", list, null);
            }
            strings.add(text.getAsString());
        }
        return strings;
    }

    /** To be called when all fields were read: a misspelt field must not be taken for an absent one. */
    public void nothingElse() {
        if (!unread.isEmpty()) {
            throw new SrException(
                            SrError.BAD_REQUEST,
                            "The request body has a field \"" + unread.first() + "\", which is none of this request's")
                    .field(unread.first())
                    .correction("openapi.yaml has the fields of every request.");
        }
    }

    private Optional<JsonPrimitive> primitive(String field, String expected, Predicate<JsonPrimitive> type) {
        JsonElement value = fields.get(field);
        unread.remove(field);
        if (value == null || value.isJsonNull()) {
            return Optional.empty();
        }
        if (value instanceof JsonPrimitive primitive && type.test(primitive)) {
            return Optional.of(primitive);
        }
        throw wrong(field, expected, value, null);
    }

    private static SrException missing(String field) {
        return new SrException(SrError.BAD_REQUEST, "The request body lacks the field \"" + field + "\"").field(field);
    }

    private static SrException wrong(String field, String expected, JsonElement found, @Nullable Throwable cause) {
        SrException refusal = new SrException(
                        SrError.BAD_REQUEST, "The field \"" + field + "\" is " + found + ", expected " + expected)
                .field(field);
        if (cause != null) {
            refusal.initCause(cause);
        }
        return refusal;
    }
}
