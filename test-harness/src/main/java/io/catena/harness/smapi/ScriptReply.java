package io.catena.harness.smapi;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What an executable of a plugin ended with. */
public record ScriptReply(String method, int exitCode, ByteBuffer stdout, String stderr) {
    private static final Gson STRICT =
            new GsonBuilder().setStrictness(Strictness.STRICT).create();

    /**
     * Returns what it wrote, which has to be one JSON value in UTF-8 and nothing else, of the type that the definition says.
     *
     * @throws AssertionError if it is not
     */
    public JsonElement json() {
        JsonElement value = parsed();
        (exitCode == 0 ? SmapiTypes.inResult(method, value) : SmapiTypes.inFailure(value)).ifPresent(problem -> {
            throw new AssertionError(problem + "\n" + this);
        });
        return value;
    }

    /**
     * Returns the result.
     *
     * @throws AssertionError if the method failed
     */
    public JsonElement result() {
        if (exitCode != 0) {
            throw new AssertionError("failed: " + this);
        }
        return json();
    }

    /** Returns the code and the parameters of the failure; throws if the method did not fail. */
    public List<String> failure() {
        if (exitCode != 1) {
            throw new AssertionError("expected exit code 1: " + this);
        }
        JsonElement failure = json();
        List<String> all = new ArrayList<>();
        all.add(failure.getAsJsonObject().get("code").getAsString());
        failure.getAsJsonObject().getAsJsonArray("params").forEach(param -> all.add(param.getAsString()));
        return all;
    }

    private JsonElement parsed() {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(stdout.duplicate())
                    .toString();
            JsonElement value = STRICT.fromJson(text, JsonElement.class);
            if (value != null) {
                return value;
            }
        } catch (CharacterCodingException | JsonParseException e) {
            throw new AssertionError("stdout is not one JSON value: " + this, e);
        }
        throw new AssertionError("stdout is empty: " + this);
    }

    @Override
    public String toString() {
        return method + ", exit code " + exitCode + "\nstdout: " + StandardCharsets.UTF_8.decode(stdout.duplicate())
                + "\nstderr: " + stderr;
    }
}
