package io.catena.harness.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Puts a value that cannot be into one of the small files of a repository. */
final class Spoiler {
    /** What such files may have, and need not. */
    private static final List<String> FIELDS = List.of(
            "keys",
            "rivals",
            "limits",
            "owners",
            "snapshotOf",
            "created",
            "origin",
            "file",
            "chainWarning",
            "window",
            "name");

    private static final int LONG = 100_000;

    private final Path own;
    private final Random random;

    /**
     * @param own the directory of the repository's own files
     */
    Spoiler(Path own, Random random) {
        this.own = own;
        this.random = random;
    }

    void spoil() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(own, 2)) {
            files = all.filter(file -> Files.isRegularFile(file, NOFOLLOW_LINKS)
                            && file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
        if (!files.isEmpty()) {
            spoil(files.get(random.nextInt(files.size())));
        }
    }

    private void spoil(Path file) throws IOException {
        try {
            JsonElement json = JsonParser.parseString(Files.readString(file, UTF_8));
            if (json.isJsonObject()) {
                spoil(json.getAsJsonObject());
                Files.writeString(file, json.toString());
            }
        } catch (JsonParseException | CharacterCodingException e) {
            // An earlier trick's.
        }
    }

    private void spoil(JsonObject object) {
        List<String> names =
                Stream.concat(object.keySet().stream(), FIELDS.stream()).toList();
        String name = names.get(random.nextInt(names.size()));
        JsonElement value = object.get(name);
        boolean deeper = random.nextBoolean();
        if (deeper && value instanceof JsonObject inner) {
            spoil(inner);
        } else if (deeper && value instanceof JsonArray list && !list.isEmpty()) {
            list.set(random.nextInt(list.size()), strange());
        } else {
            object.add(name, strange());
        }
    }

    private JsonElement strange() {
        return switch (random.nextInt(13)) {
            case 0 -> JsonNull.INSTANCE;
            case 1 -> new JsonPrimitive(-1);
            case 2 -> new JsonPrimitive(Long.MAX_VALUE);
            case 3 -> new JsonPrimitive(new BigDecimal("1e999"));
            case 4 -> new JsonPrimitive("");
            case 5 -> new JsonPrimitive("\u0001\uffff");
            case 6 -> new JsonPrimitive("x".repeat(LONG));
            case 7 -> new JsonArray();
            case 8 -> new JsonObject();
            case 9 -> list(JsonNull.INSTANCE);
            case 10 -> object(JsonNull.INSTANCE);
            case 11 -> list(new JsonObject());
            default -> object(new JsonObject());
        };
    }

    private static JsonArray list(JsonElement value) {
        JsonArray list = new JsonArray();
        list.add(value);
        return list;
    }

    private static JsonObject object(JsonElement value) {
        JsonObject object = new JsonObject();
        object.add("x", value);
        return object;
    }
}
