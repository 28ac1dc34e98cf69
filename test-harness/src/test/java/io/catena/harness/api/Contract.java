package io.catena.harness.api;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.catena.agent.api.ApiServer;
import io.catena.agent.control.Role;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The served {@code openapi.yaml}, and answers checked against it. */
final class Contract {
    private static final String ID = "https://catena.test/openapi.yaml";

    private static final String PROBLEM = "/components/responses/Problem/content/application~1problem+json/schema";

    /** Where the form of failures over the Unix socket is; the contract has it in words. */
    static final String UNIX_FAILURE = "/components/schemas/UnixFailure";

    private static final String UNIX_FAILURE_SCHEMA = """
            type: object
            required: [error]
            properties:
              error:
                type: object
                required: [code, number, message, retryable]
                properties:
                  code: {type: string, pattern: "^[A-Z_]+$"}
                  number: {type: integer}
                  message: {type: string, minLength: 1}
                  correction: {type: string, minLength: 1}
                  retryable: {type: boolean}
            """;

    private static @Nullable Contract ours;

    private final JsonNode yaml;
    private final SchemaRegistry registry;
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();
    private final Map<Pattern, Operation> paths = new LinkedHashMap<>();

    Contract(String text) {
        yaml = new YAMLMapper().readTree(text);
        registry = SchemaRegistry.withDefaultDialect(
                SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(Map.of(ID, withoutUntold(yaml))));
        // Those with the fewest variables first, as the agent looks.
        all().stream()
                .sorted(Comparator.comparing(Operation::variables))
                .forEach(operation -> paths.put(operation.path(), operation));
    }

    /** Returns the one that this build's agent serves. */
    static synchronized Contract ours() throws IOException {
        if (ours == null) {
            try (InputStream in = Objects.requireNonNull(ApiServer.class.getResourceAsStream("openapi.yaml"))) {
                ours = new Contract(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        return ours;
    }

    JsonNode yaml() {
        return yaml;
    }

    /** What can be asked. */
    record Operation(String method, String pattern, JsonNode yaml) {
        String id() {
            return yaml.path("operationId").asString();
        }

        Role role() {
            return Role.parse(yaml.path("x-role").asString());
        }

        /** Whether it is open to everybody: it is answered before anything is asked of who may. */
        boolean isOpen() {
            return yaml.has("security");
        }

        boolean hasBody() {
            return yaml.has("requestBody");
        }

        private Pattern path() {
            return Pattern.compile(pattern.replaceAll("\\{\\w+}", "[^/]*"));
        }

        private long variables() {
            return pattern.chars().filter(c -> c == '{').count();
        }
    }

    /** Returns which operation a request asks for. */
    Optional<Operation> operation(String method, String pathAndQuery) {
        String path = pathAndQuery.split("\\?", 2)[0];
        return paths.entrySet().stream()
                .filter(entry -> entry.getValue().method().equals(method))
                .filter(entry -> entry.getKey().matcher(path).matches())
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** Returns those for which one has to have a role. */
    List<Operation> operations() {
        return all().stream().filter(operation -> !operation.isOpen()).toList();
    }

    private List<Operation> all() {
        List<Operation> operations = new ArrayList<>();
        for (Map.Entry<String, JsonNode> path : yaml.path("paths").properties()) {
            for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
                if (!method.getKey().equals("parameters")) {
                    operations.add(
                            new Operation(method.getKey().toUpperCase(Locale.ROOT), path.getKey(), method.getValue()));
                }
            }
        }
        return operations;
    }

    /** Returns what is wrong with an answer over the network; nothing if all is well. */
    List<String> faults(String method, String pattern, int status, String contentType, String body) {
        JsonNode responses = responses(method, pattern);
        String key = responses.has(Integer.toString(status)) ? Integer.toString(status) : "default";
        if (!responses.has(key) || (status < 400 && key.equals("default"))) {
            return List.of(method + " " + pattern + " answers " + status + ", which the contract does not have");
        }
        if (body.isEmpty()) {
            return List.of();
        }
        String type = contentType.split(";", 2)[0].strip();
        JsonNode content = status >= 400
                ? yaml.at("/components/responses/Problem/content")
                : responses.path(key).path("content");
        if (!content.has(type)) {
            return List.of("the type is " + contentType + ", not of " + content.propertyNames());
        }
        if (!type.endsWith("json")) {
            return List.of();
        }
        return status >= 400 ? faults(PROBLEM, body) : faults(success(method, pattern, key), body);
    }

    /** Returns what is wrong with a failure over the network, whatever was asked. */
    List<String> faultsOfProblem(String contentType, String body) {
        return contentType.startsWith("application/problem+json")
                ? faults(PROBLEM, body)
                : List.of("a failure of the type " + contentType);
    }

    /** Returns what is wrong with a success over the Unix socket: its status says nothing, and a list is a bare array. */
    List<String> faultsOverUnix(String method, String pattern, String body) {
        List<String> faults = new ArrayList<>();
        for (String status : responses(method, pattern).propertyNames()) {
            if (status.startsWith("2")) {
                String schema = success(method, pattern, status);
                List<String> found = faults(body.startsWith("[") ? schema + "/properties/items" : schema, body);
                if (found.isEmpty()) {
                    return List.of();
                }
                faults.addAll(found);
            }
        }
        return faults;
    }

    /** Returns what is wrong with a value, compared with the schema at a place in the file. */
    List<String> faults(String at, String json) {
        Schema schema = schemas.computeIfAbsent(
                at,
                place -> registry.getSchema(
                        SchemaLocation.of(ID + "#" + place.replace("{", "%7B").replace("}", "%7D"))));
        try {
            return schema.validate(json, InputFormat.JSON).stream()
                    .map(Error::toString)
                    .toList();
        } catch (RuntimeException e) { // what the parser throws
            return List.of("cannot be checked: " + e);
        }
    }

    private JsonNode responses(String method, String pattern) {
        return yaml.path("paths")
                .path(pattern)
                .path(method.toLowerCase(Locale.ROOT))
                .path("responses");
    }

    private static String success(String method, String pattern, String status) {
        return "/paths/" + pattern.replace("~", "~0").replace("/", "~1") + "/" + method.toLowerCase(Locale.ROOT)
                + "/responses/" + status + "/content/application~1json/schema";
    }

    /** For clients there may be fields and words that they do not know; this build's agent has none but those in its contract. */
    private static String withoutUntold(JsonNode yaml) {
        JsonNode copy = yaml.deepCopy();
        ObjectNode components = (ObjectNode) copy.path("components").path("schemas");
        components.set("UnixFailure", new YAMLMapper().readTree(UNIX_FAILURE_SCHEMA));
        close(components);
        for (JsonNode path : copy.path("paths")) {
            for (JsonNode operation : path) {
                close(operation.path("responses"));
            }
        }
        return copy.toString();
    }

    private static void close(JsonNode node) {
        node.forEach(Contract::close);
        if (node instanceof ObjectNode object && node.has("x-known")) {
            object.set("enum", node.path("x-known"));
        }
        if (node instanceof ObjectNode object
                && node.path("properties").isObject()
                && node.path("type").asString("").equals("object")
                && !node.has("additionalProperties")) {
            object.put("additionalProperties", false);
        }
    }
}
