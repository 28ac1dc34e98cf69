package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.harness.api.ApiFixture.Answer;
import io.catena.harness.tool.PlantedChain;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Of chains that are longer than JSON can be nested, programs are told the truth, and people where they go on. */
@Timeout(120)
@Tag("slow")
class LongChainTest {
    private static final int LENGTH = 250;

    /** How deep trees are nested. */
    private static final int NESTED = 100;

    private final ApiFixture api;
    private final Path directory;
    private final String viewer;

    LongChainTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        this.directory = directory.resolve("sr-main");
        viewer = api.token(Role.ADMIN);
        api.sr("main");
    }

    @AfterEach
    void close() {
        api.close();
    }

    private void scan() {
        api.local().post("/v1/srs/main/scan");
    }

    private Map<String, JsonObject> nodes() throws IOException {
        JsonArray items = items("/v1/srs/main/nodes?limit=10000");
        Map<String, JsonObject> nodes = new HashMap<>();
        items.forEach(item -> nodes.put(item.getAsJsonObject().get("id").getAsString(), item.getAsJsonObject()));
        assertThat(nodes).hasSize(items.size());
        return nodes;
    }

    private JsonArray items(String path) throws IOException {
        Answer answer = api.get(viewer, path);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.object().getAsJsonArray("items");
    }

    @Test
    void eachNodeIsListedWithWhatItBuildsOn() throws IOException {
        PlantedChain chain = new PlantedChain(1, LENGTH).plant(directory);
        scan();

        Map<String, JsonObject> nodes = nodes();

        assertThat(nodes).hasSize(LENGTH);
        for (int i = 0; i < LENGTH; i++) {
            JsonObject node = Objects.requireNonNull(nodes.get(chain.id(i).toString()));
            assertThat(node.get("depth").getAsInt()).isEqualTo(i + 1);
            assertThat(node.get("children").getAsInt()).isEqualTo(i < LENGTH - 1 ? 1 : 0);
            assertThat(text(node, "parent"))
                    .isEqualTo(i == 0 ? "" : chain.id(i - 1).toString());
        }
    }

    private static String text(JsonObject object, String field) {
        JsonElement value = object.get(field);
        return value == null ? "" : value.getAsString();
    }

    @Test
    void thePlanOfADeletionKnowsTheBaseCopyAndTheSizeIsOfTheWholeChain() throws IOException {
        // So that what is deleted builds on the last node of a tree.
        PlantedChain chain = new PlantedChain(1, NESTED + 1).plant(directory);
        scan();

        String plan = api.ask("DELETE", viewer, "/v1/vdis/" + chain.disk() + "?dryRun=true", null)
                .body();
        long bytes = api.get(viewer, "/v1/vdis/" + chain.disk() + "/space")
                .object()
                .get("chainBytes")
                .getAsLong();

        assertThat(plan).contains("Its base copy " + chain.file(NESTED - 1) + " is needed by nobody else");
        assertThat(bytes)
                .isEqualTo(nodes().values().stream()
                        .mapToLong(node -> node.get("physicalBytes").getAsLong())
                        .sum());
    }

    @Test
    void theTreeForPeopleSaysWhereItGoesOn() throws IOException {
        PlantedChain chain = new PlantedChain(1, LENGTH).plant(directory);
        scan();

        JsonArray roots = items("/v1/srs/main/tree");

        assertThat(roots).hasSize(3);
        assertThat(roots.toString())
                .contains("shown apart: " + chain.file(NESTED) + " on it")
                .contains("builds on " + chain.file(NESTED - 1));
    }

    @Test
    void thoseOfACircleAreListedOnceAndSaySo() throws IOException {
        PlantedChain chain = new PlantedChain(1, LENGTH).plantCircle(directory);
        scan();

        Map<String, JsonObject> nodes = nodes();

        assertThat(nodes).hasSize(LENGTH);
        assertThat(nodes.values())
                .allSatisfy(node -> assertThat(text(node, "note")).contains("circle"));
        assertThat(nodes.values().stream().filter(node -> text(node, "parent").isEmpty()))
                .hasSize(1);
        assertThat(api.ask("DELETE", viewer, "/v1/vdis/" + chain.disk() + "?dryRun=true", null)
                        .status())
                .isEqualTo(200);
    }
}
