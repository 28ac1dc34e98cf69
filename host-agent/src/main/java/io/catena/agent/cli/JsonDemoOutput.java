package io.catena.agent.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.cli.session.Session;
import io.catena.agent.json.Json;
import io.catena.api.Job;
import io.catena.api.TreeNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Prints a demo as one JSON document, when it has passed: {@code {"passed":true,"millis":N,"checks":N,"kept":DIR?,
 * "steps":[{"step":N,"title":T,"command":C?,"facts":{...},"checks":[{"check":NAME,"passed":true,"text":T}],
 * "tree":[...]?}]}}.
 */
final class JsonDemoOutput implements DemoOutput {
    private final Session session;
    private final JsonArray steps = new JsonArray();
    private JsonObject step = new JsonObject();
    private int checks;

    JsonDemoOutput(Session session) {
        this.session = session;
    }

    @Override
    public void step(String title, String explanation, String command) {
        step = new JsonObject();
        steps.add(step);
        step.addProperty("step", steps.size());
        step.addProperty("title", title);
        if (!command.isEmpty()) {
            step.addProperty("command", "catena " + command);
        }
        step.add("facts", new JsonObject());
        step.add("checks", new JsonArray());
    }

    @Override
    public void fact(String name, Object value, String text) {
        step.getAsJsonObject("facts").add(name, tree(value));
    }

    @Override
    public void passed(String name, String text) {
        checks++;
        JsonObject check = new JsonObject();
        check.addProperty("check", name);
        check.addProperty("passed", true);
        check.addProperty("text", text);
        step.getAsJsonArray("checks").add(check);
    }

    @Override
    public void tree(List<TreeNode> roots) {
        step.add("tree", tree((Object) roots));
    }

    private static JsonElement tree(Object value) {
        return Json.read(Json.write(value), JsonElement.class);
    }

    @Override
    public void progress(Job job) {
        step.getAsJsonObject("facts").add("job", tree((Object) job));
    }

    @Override
    public void end(Duration took, @Nullable Path kept) {
        JsonObject document = new JsonObject();
        document.addProperty("passed", true);
        document.addProperty("millis", took.toMillis());
        document.addProperty("checks", checks);
        document.addProperty("kept", kept == null ? null : kept.toString());
        document.add("steps", steps);
        session.print(document, () -> "");
    }
}
