package io.catena.harness.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.catena.harness.api.Contract.Operation;
import io.catena.harness.api.KnownThings.Kind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Makes requests of what {@code openapi.yaml} says of an operation: right ones, and ones with one mistake. For one thread. */
final class RequestMaker {
    private static final int MOST_QUERY_VALUE = 2000;
    private static final int MOST_UPLOAD_BYTES = 100_000;

    /** As a part of a path. */
    private static final List<String> ODD_PARTS = List.of(
            "..", ".", "%00", "%2F", "a%2Fb", "%25zz", "%F0%9F%92%BE", "%C3%28", "*", "a;b=c", "%20", "x".repeat(5000));

    private static final List<List<String>> HEADERS = List.of(
            List.of("If-Match", "\"0\""),
            List.of("If-Match", "*"),
            List.of("If-Match", "W/\"1\", nonsense"),
            List.of("If-None-Match", "*"),
            List.of("Idempotency-Key", "key"),
            List.of("Idempotency-Key", "k".repeat(500)),
            List.of("Prefer", "wait=1"),
            List.of("Prefer", "wait=-1, respond-async; wait=x"),
            List.of("Accept", "application/json;q=0.1, text/plain"),
            List.of("Range", "bytes=5-2"),
            List.of("Range", "bytes=0-9"),
            List.of("Last-Event-ID", "x"),
            List.of("Last-Event-ID", "3"),
            List.of("Content-Type", "text/plain"),
            List.of("X-Request-Id", "an id"),
            List.of("Accept-Encoding", "gzip"));

    private final Random random;
    private final Contract contract;
    private final RandomValues values;
    private final KnownThings known;

    /** What is wrong with a request. */
    enum Shape {
        VALID,
        WRONG_FIELD,
        MISSING_FIELD,
        EXTRA_FIELD,
        HUGE_FIELD,
        ODD_FIELD,
        NO_JSON;

        /** Whether nothing may be done for it. */
        boolean isMistake() {
            return this == WRONG_FIELD || this == MISSING_FIELD || this == EXTRA_FIELD || this == NO_JSON;
        }
    }

    /**
     * A request.
     *
     * @param mistake whether it has one for which it must be refused
     */
    record Made(
            Operation operation,
            String path,
            List<String> headers,
            @Nullable String body,
            boolean mistake) {
        @Override
        public String toString() {
            return operation.method() + " " + shortened(path) + " " + shortened(headers.toString()) + " "
                    + (body == null ? "" : shortened(body));
        }

        private static String shortened(String text) {
            int most = 300;
            return text.length() <= most ? text : text.substring(0, most) + "… (" + text.length() + ")";
        }
    }

    RequestMaker(Random random, Contract contract, RandomValues values, KnownThings known) {
        this.random = random;
        this.contract = contract;
        this.values = values;
        this.known = known;
    }

    Made make(Operation operation, Shape shape) {
        JsonNode content = operation.yaml().path("requestBody").path("content");
        JsonNode schema = content.path("application/json").path("schema");
        List<String> headers = random.nextInt(3) == 0 ? HEADERS.get(random.nextInt(HEADERS.size())) : List.of();
        String path = path(operation.pattern()) + query(operation);
        if (!schema.isMissingNode()) {
            return withBody(operation, path, headers, schema, shape);
        }
        String body = operation.hasBody() ? "\0y".repeat(random.nextInt(MOST_UPLOAD_BYTES)) : unasked(shape);
        return new Made(operation, path, headers, body, false);
    }

    private @Nullable String unasked(Shape shape) {
        return shape == Shape.ODD_FIELD ? values.odd() : null;
    }

    private Made withBody(Operation operation, String path, List<String> headers, JsonNode schema, Shape shape) {
        Map<String, String> fields = fields(schema);
        List<String> required = names(schema.path("required"));
        List<Map.Entry<String, JsonNode>> properties =
                List.copyOf(schema.path("properties").properties());
        Map.Entry<String, JsonNode> one =
                properties.isEmpty() ? Map.entry("unasked", schema) : properties.get(random.nextInt(properties.size()));
        boolean mistake = shape.isMistake();
        switch (shape) {
            case WRONG_FIELD -> fields.put(one.getKey(), values.wrong(one.getValue()));
            case HUGE_FIELD -> fields.put(one.getKey(), values.huge(one.getKey(), one.getValue()));
            case ODD_FIELD -> fields.put(one.getKey(), values.odd());
            case EXTRA_FIELD -> fields.put("unasked", values.odd());
            case MISSING_FIELD -> {
                mistake = !required.isEmpty();
                if (mistake) {
                    fields.remove(required.get(random.nextInt(required.size())));
                }
            }
            default -> {
                // As it is.
            }
        }
        String body = json(fields);
        return new Made(operation, path, headers, shape == Shape.NO_JSON ? broken(body) : body, mistake);
    }

    /** Returns all fields that there have to be, and some of the others. */
    private Map<String, String> fields(JsonNode schema) {
        List<String> required = names(schema.path("required"));
        Map<String, String> fields = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : schema.path("properties").properties()) {
            String name = field.getKey();
            boolean likely = name.equals("path") || name.equals("cron") || name.startsWith("keep");
            if (required.contains(name) || (likely ? random.nextInt(4) != 0 : random.nextInt(5) == 0)) {
                fields.put(name, values.right(name, field.getValue()));
            }
        }
        return fields;
    }

    private static List<String> names(JsonNode list) {
        List<String> names = new ArrayList<>();
        list.forEach(name -> names.add(name.asString()));
        return names;
    }

    private static String json(Map<String, String> fields) {
        List<String> texts = new ArrayList<>();
        fields.forEach((name, value) -> texts.add(RandomValues.quoted(name) + ":" + value));
        return "{" + String.join(",", texts) + "}";
    }

    private String broken(String json) {
        return switch (random.nextInt(4)) {
            case 0 -> json.substring(0, 1 + random.nextInt(json.length() - 1));
            case 1 -> "[" + json + "]";
            case 2 -> json + "}";
            default -> "[".repeat(20_000);
        };
    }

    private String path(String pattern) {
        StringBuilder path = new StringBuilder();
        for (String part : pattern.substring(1).split("/", -1)) {
            path.append('/').append(part.startsWith("{") ? variable(part) : part);
        }
        return path.toString();
    }

    private String variable(String name) {
        if (random.nextInt(20) == 0) {
            return ODD_PARTS.get(random.nextInt(ODD_PARTS.size()));
        }
        return switch (name) {
            case "{sr}" -> encoded(known.one(Kind.SR));
            case "{vdi}" -> encoded(known.one(Kind.VDI));
            case "{schedule}" -> encoded(known.one(Kind.SCHEDULE));
            case "{token}" -> encoded(known.one(Kind.TOKEN));
            case "{job}" -> Integer.toString(random.nextInt(30));
            case "{operation}" ->
                List.of("stat", "vdis", "gc", "createVdi", "keep").get(random.nextInt(5));
            case "{holder}" -> "vm-" + random.nextInt(3);
            default -> "name-" + random.nextInt(10);
        };
    }

    private String query(Operation operation) {
        List<String> parameters = new ArrayList<>();
        for (JsonNode listed : operation.yaml().path("parameters")) {
            JsonNode parameter = listed.has("$ref")
                    ? contract.yaml().at(listed.path("$ref").asString().substring(1))
                    : listed;
            boolean wanted = parameter.path("required").asBoolean(false) || random.nextInt(4) == 0;
            if (parameter.path("in").asString().equals("query") && wanted) {
                String name = parameter.path("name").asString();
                parameters.add(encoded(name) + "=" + encoded(parameter(name, parameter.path("schema"))));
            }
        }
        if (random.nextInt(40) == 0) {
            parameters.add("unasked=%00&&=");
        }
        return parameters.isEmpty() ? "" : "?" + String.join("&", parameters);
    }

    private String parameter(String name, JsonNode schema) {
        String value = random.nextInt(8) == 0 ? values.odd() : values.right(name, schema);
        JsonElement json = JsonParser.parseString(value);
        String text = json instanceof JsonPrimitive primitive ? primitive.getAsString() : value;
        return text.substring(0, Math.min(MOST_QUERY_VALUE, text.length()));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
