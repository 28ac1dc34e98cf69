package io.catena.agent.follow;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What goes with an operation between hosts, by name, as JSON. */
final class Arguments {
    private final JsonObject fields;

    private Arguments(JsonObject fields) {
        this.fields = fields;
    }

    static Arguments none() {
        return new Arguments(new JsonObject());
    }

    static Arguments of(String name, @Nullable Object value) {
        return none().and(name, value);
    }

    static Arguments parse(String text) {
        try {
            return new Arguments(Json.object(text));
        } catch (JsonParseException e) {
            throw new SrException(SrError.BAD_REQUEST, "The arguments are no JSON object: " + e.getMessage(), e);
        }
    }

    /** Adds one; nothing if it is null. */
    Arguments and(String name, @Nullable Object value) {
        if (value != null) {
            fields.add(name, Json.read(Json.write(value), JsonElement.class));
        }
        return this;
    }

    <T> T get(String name, Class<T> type) {
        T value = optional(name, type);
        if (value == null) {
            throw new SrException(SrError.BAD_REQUEST, "The argument \"" + name + "\" is missing");
        }
        return value;
    }

    <T> @Nullable T optional(String name, Class<T> type) {
        JsonElement value = fields.get(name);
        try {
            return value == null ? null : Json.read(value, type);
        } catch (JsonParseException e) {
            throw wrong(name, e);
        }
    }

    <T> List<T> list(String name, Class<T> elements) {
        JsonElement value = fields.get(name);
        try {
            return value == null ? List.of() : Json.list(value, elements);
        } catch (JsonParseException e) {
            throw wrong(name, e);
        }
    }

    /** Adds bytes, as text. */
    Arguments andBytes(String name, byte[] bytes) {
        return and(name, Base64.getEncoder().encodeToString(bytes));
    }

    byte[] bytes(String name) {
        try {
            return Base64.getDecoder().decode(get(name, String.class));
        } catch (IllegalArgumentException e) {
            throw new SrException(SrError.BAD_REQUEST, "The argument \"" + name + "\" is no base64", e);
        }
    }

    private static SrException wrong(String name, JsonParseException reason) {
        return new SrException(
                SrError.BAD_REQUEST, "The argument \"" + name + "\" is wrong: " + reason.getMessage(), reason);
    }

    @Override
    public String toString() {
        return fields.toString();
    }
}
