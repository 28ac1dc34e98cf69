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
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** The served {@code openapi.yaml}, and answers checked against it. */
final class Contract {
    private static final String ID = "https://catena.test/openapi.yaml";

    private static @Nullable Contract ours;

    private final JsonNode yaml;
    private final SchemaRegistry registry;
    private final Map<Pattern, Operation> paths = new LinkedHashMap<>();

    Contract(String text) {
        yaml = new YAMLMapper().readTree(text);
        registry = SchemaRegistry.withDefaultDialect(
                SpecificationVersion.DRAFT_2020_12, builder -> builder.schemas(Map.of(ID, yaml.toString())));
        // Those with the fewest variables first, as the agent looks.
        operations().stream()
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

    List<Operation> operations() {
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

    /** Returns what is wrong with an answer; nothing if all is well. */
    List<String> faults(String method, String pattern, int status, String contentType, String body) {
        JsonNode responses = yaml.path("paths")
                .path(pattern)
                .path(method.toLowerCase(Locale.ROOT))
                .path("responses");
        String key = responses.has(Integer.toString(status)) ? Integer.toString(status) : "default";
        if (status < 400 && key.equals("default")) {
            return List.of(method + " " + pattern + " answers " + status + ", which the contract does not have");
        }
        if (body.isEmpty() || !contentType.contains("json")) {
            return List.of();
        }
        String at = status >= 400
                ? "/components/responses/Problem/content/application~1problem+json/schema"
                : "/paths/" + escaped(pattern) + "/" + method.toLowerCase(Locale.ROOT) + "/responses/" + key
                        + "/content/application~1json/schema";
        Schema schema = registry.getSchema(
                SchemaLocation.of(ID + "#" + at.replace("{", "%7B").replace("}", "%7D")));
        return schema.validate(body, InputFormat.JSON).stream()
                .map(Error::toString)
                .toList();
    }

    private static String escaped(String pattern) {
        return pattern.replace("~", "~0").replace("/", "~1");
    }
}
