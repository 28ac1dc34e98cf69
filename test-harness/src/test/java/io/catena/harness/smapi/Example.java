package io.catena.harness.smapi;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A call and its answer, checked against the types of the real interface definition.
 *
 * @param number its line in the file, from 1
 */
record Example(int number, String method, JsonElement stdin, int exit, JsonElement stdout) {
    static List<Example> all() throws IOException {
        List<Example> examples = new ArrayList<>();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(Example.class.getResourceAsStream("examples.jsonl")), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonObject object = JsonParser.parseString(line).getAsJsonObject();
                examples.add(new Example(
                        examples.size() + 1,
                        object.get("method").getAsString(),
                        object.get("stdin"),
                        object.get("exit").getAsInt(),
                        object.get("stdout")));
            }
        }
        return examples;
    }

    @Override
    public String toString() {
        return "example " + number + " (" + method + ")";
    }
}
