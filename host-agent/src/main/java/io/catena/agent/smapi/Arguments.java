package io.catena.agent.smapi;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import io.catena.agent.json.Json;
import io.catena.api.SrError;
import io.catena.api.SrException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The named arguments of a call, typed as the caller's own unmarshaller types them: names in upper or lower case, unknown
 * ones ignored, a 64-bit number as a JSON integer or a decimal string. Every method throws {@link SrError#BAD_REQUEST},
 * naming the argument, if it is missing or of another type.
 */
final class Arguments {
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,19}");
    private static final int MAX_QUOTED_CHARS = 80;

    private final Map<String, JsonElement> values = new TreeMap<>();

    /** Reads the JSON object that a call has on its standard input. */
    Arguments(ByteBuffer stdin) {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(stdin).toString();
            put(Json.object(text));
        } catch (CharacterCodingException e) {
            throw new SrException(SrError.BAD_REQUEST, "The arguments are not UTF-8", e);
        } catch (JsonParseException e) {
            throw new SrException(
                    SrError.BAD_REQUEST, "The arguments are not a JSON object: " + abbreviated("" + e.getMessage()), e);
        }
    }

    private Arguments(JsonObject object) {
        put(object);
    }

    private void put(JsonObject object) {
        object.asMap().forEach((name, value) -> values.put(name.toLowerCase(Locale.ROOT), value));
    }

    String string(String name) {
        return text(name, primitive(name, "a string", JsonPrimitive::isString));
    }

    boolean flag(String name) {
        return primitive(name, "true or false", JsonPrimitive::isBoolean).getAsBoolean();
    }

    long int64(String name) {
        JsonPrimitive value = primitive(name, "an integer", primitive -> primitive.isNumber() || primitive.isString());
        String digits = value.getAsString();
        try {
            if (INTEGER.matcher(digits).matches()) {
                return Long.parseLong(digits);
            }
        } catch (NumberFormatException e) {
            throw wrong(name, "an integer of 64 bits", value);
        }
        throw wrong(name, "an integer", value);
    }

    /** Returns an object of strings. */
    Map<String, String> strings(String name) {
        JsonElement value = value(name);
        if (!value.isJsonObject()) {
            throw wrong(name, "an object of strings", value);
        }
        Map<String, String> strings = new TreeMap<>();
        value.getAsJsonObject().asMap().forEach((key, element) -> {
            if (!(element instanceof JsonPrimitive primitive) || !primitive.isString()) {
                throw wrong(name, "an object of strings", value);
            }
            strings.put(wellFormed(name, key), text(name, primitive));
        });
        return strings;
    }

    /** A variant whose payload is a string. */
    record Variant(String tag, String payload) {}

    Variant variant(String name) {
        JsonElement value = value(name);
        if (value instanceof JsonArray pair
                && pair.size() == 2
                && pair.asList().stream().allMatch(part -> part instanceof JsonPrimitive text && text.isString())) {
            return new Variant(pair.get(0).getAsString(), pair.get(1).getAsString());
        }
        throw wrong(name, "a tag and a string", value);
    }

    /**
     * Parts of a disk.
     *
     * @param ranges a first block and a number of blocks each
     */
    record Blocks(long blockBytes, List<List<Long>> ranges) {}

    Blocks blocks(String name) {
        JsonElement value = value(name);
        if (!value.isJsonObject()) {
            throw wrong(name, "a block size and ranges", value);
        }
        Arguments fields = new Arguments(value.getAsJsonObject());
        if (!(fields.value("ranges") instanceof JsonArray ranges)) {
            throw wrong("ranges", "a list of pairs", fields.value("ranges"));
        }
        return new Blocks(
                fields.int64("blocksize"),
                ranges.asList().stream().map(Arguments::pair).toList());
    }

    private static List<Long> pair(JsonElement value) {
        if (!(value instanceof JsonArray pair) || pair.size() != 2) {
            throw wrong("ranges", "a list of pairs", value);
        }
        Arguments both = new Arguments(new JsonObject());
        both.values.put("start", pair.get(0));
        both.values.put("length", pair.get(1));
        return List.of(both.int64("start"), both.int64("length"));
    }

    /** Returns {@code text} short enough for an error message. */
    static String abbreviated(String text) {
        return text.length() <= MAX_QUOTED_CHARS ? text : text.substring(0, MAX_QUOTED_CHARS) + "...";
    }

    private JsonPrimitive primitive(String name, String expected, Predicate<JsonPrimitive> type) {
        JsonElement value = value(name);
        if (value instanceof JsonPrimitive primitive && type.test(primitive)) {
            return primitive;
        }
        throw wrong(name, expected, value);
    }

    private JsonElement value(String name) {
        JsonElement value = values.get(name);
        if (value == null) {
            throw new SrException(SrError.BAD_REQUEST, "The argument \"" + name + "\" is missing");
        }
        return value;
    }

    private static String text(String name, JsonPrimitive value) {
        return wellFormed(name, value.getAsString());
    }

    /** Half of a surrogate pair, which JSON can spell, could be neither stored nor answered as UTF-8. */
    private static String wellFormed(String name, String text) {
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new SrException(SrError.BAD_REQUEST, "The argument \"" + name + "\" holds half a character");
        }
        return text;
    }

    private static SrException wrong(String name, String expected, JsonElement found) {
        return new SrException(
                SrError.BAD_REQUEST,
                "The argument \"" + name + "\" is " + abbreviated(found.toString()) + ", expected " + expected);
    }
}
