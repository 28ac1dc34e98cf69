package io.catena.harness.api;

import com.google.gson.JsonPrimitive;
import io.catena.harness.api.KnownThings.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/**
 * JSON that fits a schema of {@code openapi.yaml}, and some that does not. Never names a place outside of a directory, a server
 * or a device, and never asks for a block device: what is made with it can be thrown away. For one thread.
 */
final class RandomValues {
    private static final int HUGE_TEXT = 200_000;
    private static final int HUGE_DEPTH = 20_000;
    private static final int HUGE_COUNT = 5000;
    private static final long BLOCK_BYTES = 2 << 20;
    private static final long USUAL_MOST = 1 << 16;

    /** Of no type that fits, whatever is asked for. */
    private static final List<String> NO_TEXT = List.of("1", "true", "[]", "{}", "[\"a\"]", "-0.5");

    private static final List<String> NO_NUMBER = List.of(
            "\"x\"", "\"1\"", "true", "[]", "{}", "0.5", "1e400", "9223372036854775808", "-9223372036854775809");
    private static final List<String> NO_FLAG = List.of("\"true\"", "1", "0", "[]", "{}");
    private static final List<String> NO_LIST = List.of("1", "\"a\"", "{}", "true", "[1]", "[null]", "[[]]", "[{}]");
    private static final List<String> NO_OBJECT = List.of("1", "\"a\"", "[]", "true", "{\"a\":1}", "{\"a\":[]}");

    /** Right or wrong. */
    private static final List<String> ODD = List.of(
            "null",
            "\"\"",
            "\" \"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"..\"",
            "\"a/b\"",
            "\"*\"",
            "\"%00\"",
            "\"00000000-0000-0000-0000-000000000000\"",
            "\"ä\\n\\u202e\\\"\"",
            "-1",
            "0",
            "9223372036854775807",
            "[]",
            "{}",
            "{\"\":\"\"}");

    private final Random random;
    private final JsonNode yaml;
    private final ApiFixture api;
    private final KnownThings known;
    private final String token;

    /**
     * @param token with which an agent is let in by the API
     */
    RandomValues(Random random, Contract contract, ApiFixture api, KnownThings known, String token) {
        this.random = random;
        this.yaml = contract.yaml();
        this.api = api;
        this.known = known;
        this.token = token;
    }

    JsonNode resolved(JsonNode schema) {
        String reference = schema.path("$ref").asString("");
        return reference.isEmpty() ? schema : yaml.at(reference.substring(1));
    }

    /** Returns what fits. */
    String right(String name, JsonNode schema) {
        JsonNode real = resolved(schema);
        if (name.equals("config")) {
            return "{\"path\":" + quoted(place()) + "}";
        }
        if (real.has("enum")) {
            return quoted(chosen(real.path("enum")));
        }
        return switch (real.path("type").asString("string")) {
            case "integer" -> Long.toString(number(name, real));
            case "boolean" -> Boolean.toString(random.nextBoolean());
            case "array" -> list(name, real);
            case "object" -> "{" + quoted(text("key")) + ":" + quoted(text("value")) + "}";
            default -> quoted(text(name));
        };
    }

    /** Of what mounts and of what makes devices only the harmless is chosen. */
    private String chosen(JsonNode values) {
        List<String> harmless = new ArrayList<>();
        values.forEach(value -> harmless.add(value.asString()));
        harmless.removeAll(List.of("block", "nfs", "ext", "xfs"));
        return harmless.get(random.nextInt(harmless.size()));
    }

    /** Returns what must be refused. */
    String wrong(JsonNode schema) {
        JsonNode real = resolved(schema);
        if (real.has("enum") && random.nextBoolean()) {
            return "\"no such\"";
        }
        if (real.has("minimum") && random.nextBoolean()) {
            return Long.toString(real.path("minimum").asLong() - 1);
        }
        return switch (real.path("type").asString("string")) {
            case "integer" -> one(NO_NUMBER);
            case "boolean" -> one(NO_FLAG);
            case "array" -> one(NO_LIST);
            case "object" -> one(NO_OBJECT);
            default -> one(NO_TEXT);
        };
    }

    String odd() {
        return one(ODD);
    }

    /** Returns what fits but for its size. */
    String huge(String name, JsonNode schema) {
        JsonNode real = resolved(schema);
        return switch (real.path("type").asString("string")) {
            case "integer" -> one(List.of("2237677043713", "4611686018427387904", "9223372036854775807"));
            case "boolean" -> "[".repeat(HUGE_DEPTH);
            case "array" -> "[" + ("\"x\",".repeat(HUGE_COUNT) + "\"x\"]");
            case "object" -> "{\"a\":" + quoted("x".repeat(HUGE_TEXT)) + "}";
            default -> quoted((name.equals("path") ? api.directory + "/" : "") + "x".repeat(HUGE_TEXT));
        };
    }

    /** Whatever is waited for is not waited for long, and what is worked on stays small. */
    private long number(String name, JsonNode schema) {
        if (name.equals("wait") || name.equals("seconds") || name.equals("timeoutSeconds")) {
            return 1L + random.nextInt(2);
        }
        if (name.equals("sizeBytes")) {
            return random.nextInt(30) == 0 ? 1L << 36 : BLOCK_BYTES * (1 + random.nextInt(8));
        }
        long least = schema.path("minimum").asLong(0);
        long most = Math.min(schema.path("maximum").asLong(USUAL_MOST), USUAL_MOST);
        return random.nextBoolean() ? Math.min(most, least + random.nextInt(8)) : random.nextLong(least, most + 1);
    }

    private String list(String name, JsonNode schema) {
        List<String> items = new ArrayList<>();
        int count = 1 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            items.add(right(name, schema.path("items")));
        }
        return "[" + String.join(",", items) + "]";
    }

    /** Returns a text for a field or a parameter of a name. */
    String text(String name) {
        return switch (name) {
            case "path" -> place();
            case "coordination" -> "files";
            case "cron" -> random.nextInt(60) + " " + random.nextInt(24) + " * * *";
            case "timeZone" -> random.nextBoolean() ? "Europe/Berlin" : "UTC";
            case "anchor" -> "2030-01-02T03:04:05Z";
            case "window", "blackouts" -> "22:00-06:00";
            case "sr", "srs" -> known.one(Kind.SR);
            case "vdi", "vdis", "snapshot", "snapshotOf", "child", "base" -> known.one(Kind.VDI);
            case "uuid" ->
                UUID.nameUUIDFromBytes(new byte[] {(byte) random.nextInt(50)}).toString();
            case "url" -> "https://localhost:" + api.port();
            case "token" -> token;
            case "holder" -> "vm-" + random.nextInt(3);
            case "target" -> "vdb";
            case "label" -> "name-1:name-2";
            case "arguments" -> "{\"name\":\"name-1\",\"sizeBytes\":2097152}";
            case "keys" -> "{\"owner\":\"name-1\"}";
            case "group" -> "group";
            default -> "name-" + random.nextInt(10);
        };
    }

    /** Returns a place for an SR, perhaps one where there is one. */
    private String place() {
        Path directory = api.directory;
        return directory
                .resolve(random.nextBoolean() ? "new-" + random.nextInt(20) : "fresh-0")
                .toString();
    }

    private String one(List<String> of) {
        return of.get(random.nextInt(of.size()));
    }

    static String quoted(String text) {
        return new JsonPrimitive(text).toString();
    }
}
