package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.agent.control.Query;
import io.catena.agent.control.Role;
import io.catena.agent.control.Route;
import io.catena.harness.api.ApiFixture.Answer;
import io.catena.harness.api.Contract.Operation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** That the agent does what {@code openapi.yaml} says, and nothing else; whatever it is sent. */
@Timeout(300)
@Tag("slow")
class ContractTest {
    private static final String GONE = "00000000-0000-4000-8000-000000000000";
    private static final int HUGE = 200_000;

    private final ApiFixture api;
    private final String admin;
    private final Contract contract;
    private String sr = "";
    private String vdi = "";
    private int made;

    ContractTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        admin = api.token(Role.ADMIN);
        contract = new Contract(api.get("", "/v1/openapi.yaml").body());
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void everyRouteIsInTheContractWithItsRoleAndStatusAndTheOtherWayRound() {
        Map<String, String> routes = new TreeMap<>();
        for (Route route : api.server().routes()) {
            String text =
                    route.method() + " " + route.pattern() + " " + route.role().text() + " " + route.status();
            assertThat(routes.put(route.operationId(), text))
                    .as(route.operationId())
                    .isNull();
        }
        Map<String, String> promised = new TreeMap<>();
        for (Operation operation : contract.operations()) {
            int status = operation.yaml().path("responses").properties().stream()
                    .map(Map.Entry::getKey)
                    .filter(key -> key.startsWith("2") && !key.equals("204"))
                    .mapToInt(Integer::parseInt)
                    .max()
                    .orElse(0);
            promised.put(
                    operation.id(),
                    operation.method() + " " + operation.pattern() + " "
                            + operation.role().text() + " " + status);
        }

        assertThat(routes).isEqualTo(promised);
    }

    /** Any other name is refused. */
    @Test
    void aQueryMayHaveTheNamesOfTheContract() {
        Set<String> promised = contract.yaml().findParents("in").stream()
                .filter(parameter -> parameter.path("in").asString().equals("query"))
                .map(parameter -> parameter.path("name").asString())
                .collect(Collectors.toSet());
        promised.add("waitMillis");

        assertThat(Query.NAMES).containsExactlyInAnyOrderElementsOf(promised);
    }

    /** The browser has to be told each kind by its name. */
    @Test
    void thePageFollowsEveryKindOfEvent() throws IOException {
        List<String> kinds = new ArrayList<>();
        contract.yaml()
                .at("/components/schemas/Event/properties/kind/x-known")
                .forEach(kind -> kinds.add(kind.asString()));

        String page = api.get("", "/api.js").body();
        String list = page.substring(page.indexOf("const KINDS = ["));
        assertThat(Pattern.compile("'([a-z.-]+)'")
                        .matcher(list.substring(0, list.indexOf(']')))
                        .results())
                .extracting(found -> found.group(1))
                .containsExactlyInAnyOrderElementsOf(kinds)
                .hasSizeGreaterThan(30);
    }

    /** A request for each operation that is right, and many that are not: never a 5xx of ours, never an answer out of contract. */
    @Test
    void whateverIsSentTheAnswerIsInTheContract() throws IOException {
        Map<String, List<String>> faults = new LinkedHashMap<>();
        int requests = 0;
        for (Operation operation : contract.operations()) {
            for (Optional<String> body : bodies(operation)) {
                ensure();
                Answer answer = ask(operation, body.orElse(null));
                requests++;
                List<String> found = new ArrayList<>(contract.faults(
                        operation.method(),
                        operation.pattern(),
                        answer.status(),
                        answer.header("Content-Type"),
                        answer.body()));
                if (answer.status() == 500) {
                    found.add("status 500: " + answer.body());
                }
                if (!found.isEmpty()) {
                    String shortBody = body.map(text -> text.substring(0, Math.min(200, text.length())))
                            .orElse("");
                    faults.put(operation.id() + " " + shortBody, found);
                }
            }
        }

        assertThat(faults).isEmpty();
        assertThat(requests).isGreaterThan(300);
    }

    /** There is always an SR with a disk: requests may destroy them. */
    private void ensure() throws IOException {
        if (sr.isEmpty() || look("/v1/srs/" + sr).status() != 200) {
            sr = api.sr("main" + made++);
            vdi = "";
        }
        if (vdi.isEmpty() || look("/v1/vdis/" + vdi).status() != 200) {
            vdi = api.ask("POST", admin, "/v1/srs/" + sr + "/vdis", "{'sizeBytes':2097152}")
                    .text("vdi");
        }
        if (look("/v1/schedules/nightly").status() == 404) {
            api.ask(
                    "POST",
                    admin,
                    "/v1/schedules",
                    "{'name':'nightly','sr':'" + sr + "','cron':'30 2 * * *','keepLast':3}");
        }
    }

    private Answer ask(Operation operation, @Nullable String body) throws IOException {
        String path = operation
                .pattern()
                .replace("{sr}", sr)
                .replace("{vdi}", vdi)
                .replace("{job}", "1")
                .replace("{holder}", "vm-1")
                .replace("{owner}", "ann")
                .replace("{operation}", "stat")
                .replace("{name}", "pvc")
                .replace("{guest}", "guest")
                .replace("{client}", "node-1")
                .replace("{schedule}", "nightly")
                .replace("{token}", GONE);
        return api.unchecked(operation.method(), admin, path, body);
    }

    private Answer look(String path) throws IOException {
        return api.unchecked("GET", admin, path, null);
    }

    private List<Optional<String>> bodies(Operation operation) {
        List<Optional<String>> bodies = new ArrayList<>();
        if (!operation.hasBody()) {
            return List.of(Optional.empty(), Optional.of("{\"unasked\":1}"), Optional.of("[]"), Optional.of("{"));
        }
        JsonNode schema = operation
                .yaml()
                .path("requestBody")
                .path("content")
                .path("application/json")
                .path("schema");
        Map<String, String> valid = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : schema.path("properties").properties()) {
            valid.put(field.getKey(), value(field.getKey(), field.getValue()));
        }
        Map<String, String> required = new LinkedHashMap<>(valid);
        List<String> names = new ArrayList<>();
        schema.path("required").forEach(name -> names.add(name.asString()));
        required.keySet().retainAll(names);
        bodies.add(Optional.of(json(required)));
        bodies.add(Optional.of(json(valid)));
        bodies.add(Optional.of("{\"unasked\":1}"));
        bodies.add(Optional.of("[1]"));
        bodies.add(Optional.of("{\"a\":"));
        bodies.add(Optional.of("[".repeat(20_000)));
        for (String name : valid.keySet()) {
            for (String wrong :
                    List.of("null", "-1", "1e400", "[]", "{}", "\"" + "x".repeat(HUGE) + "\"", "\"\\u0000\"")) {
                Map<String, String> changed = new LinkedHashMap<>(required);
                changed.put(name, wrong);
                bodies.add(Optional.of(json(changed)));
            }
            if (required.containsKey(name)) {
                Map<String, String> without = new LinkedHashMap<>(required);
                without.remove(name);
                bodies.add(Optional.of(json(without)));
            }
        }
        return bodies;
    }

    private String value(String name, JsonNode schema) {
        return switch (name) {
            case "path" -> "\"" + api.directory.resolve("new" + made++) + "\"";
            case "sizeBytes" -> "4194304";
            case "vdis" -> "[\"" + vdi + "\"]";
            case "vdi", "child", "snapshot" -> "\"" + vdi + "\"";
            case "sr" -> "\"" + sr + "\"";
            case "srs", "removeKeys" -> "[\"a\"]";
            case "role" -> "\"viewer\"";
            case "window" -> "\"22:00-06:00\"";
            case "uuid" -> "\"" + UUID.randomUUID() + "\"";
            case "cron" -> "\"30 2 * * *\"";
            case "timeZone" -> "\"Europe/Berlin\"";
            case "workers", "seconds", "timeoutSeconds" -> "1";
            case "chainLimit" -> "20";
            case "chainWarning" -> "10";
            default ->
                switch (schema.path("type").asString("")) {
                    case "integer" -> "60";
                    case "boolean" -> "false";
                    case "object" -> "{\"a\":\"b\"}";
                    default ->
                        schema.has("enum") ? "\"" + schema.path("enum").get(0).asString() + "\"" : "\"a\"";
                };
        };
    }

    private static String json(Map<String, String> fields) {
        return fields.entrySet().stream()
                .map(field -> "\"" + field.getKey() + "\":" + field.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }
}
