package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Calls that nobody should make: each gets a failure in the caller's form, or a well typed result, and the agent goes on. */
@Tag("slow")
final class RequestFuzzTest extends SmapiTest {
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "1.5",
            "-1",
            "0",
            "9223372036854775807",
            "9223372036854775808",
            "1e400",
            "\"\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"../../etc\"",
            "\"catena:///x/y\"",
            "[]",
            "{}",
            "{\"path\":\"relative\"}",
            "{\"path\":\"/proc\\u0000\"}",
            "{\"path\":1}",
            "[[[[[[[[1]]]]]]]]");

    @Test
    void whatIsNotAnObjectWithTheArgumentsIsRefusedInForm() throws IOException {
        List<byte[]> requests = new ArrayList<>();
        for (String text :
                List.of("", " ", "{", "[]", "null", "\"x\"", "{}", "{\"dbg\":null}", "{'dbg':'x'}", "{}{}")) {
            requests.add(text.getBytes(StandardCharsets.UTF_8));
        }
        requests.add(("{\"dbg\":\"" + "[".repeat(5000)).getBytes(StandardCharsets.UTF_8));
        requests.add(("{\"dbg\":" + "[".repeat(50_000) + "]".repeat(50_000) + "}").getBytes(StandardCharsets.UTF_8));
        requests.add(new byte[] {'{', '"', 'd', 'b', 'g', '"', ':', '"', (byte) 0xff, '"', '}'});
        requests.add(new byte[3 << 20]);
        for (byte[] request : requests) {
            ScriptReply reply = scripts.run("Volume.stat", request);
            assertThat(reply.failure()).as(reply.toString()).isNotEmpty();
            assertNoTrace(reply);
        }
    }

    /** One argument after the other is left out, or has another value; then some at random. */
    @Test
    void noArgumentBreaksTheForm() throws IOException {
        createSr();
        String key = text(createVolume("disk", 1 << 20), "key");
        Random random = new Random(42);
        int refused = 0;
        for (Example example : Example.all()) {
            boolean offered = example.method().matches("(SR|Volume|Datapath)\\..*")
                    && Files.exists(scripts.executable(example.method()));
            if (!offered || example.exit() != 0) {
                continue;
            }
            JsonObject good = bound(example, key);
            for (String name : List.copyOf(good.keySet())) {
                JsonObject bad = good.deepCopy();
                bad.remove(name);
                if (random.nextBoolean()) {
                    bad.add(name, JsonParser.parseString(VALUES.get(random.nextInt(VALUES.size()))));
                }
                ScriptReply reply = scripts.run(example.method(), bad.toString().getBytes(StandardCharsets.UTF_8));
                assertThat(reply.exitCode()).as(reply.toString()).isBetween(0, 1);
                reply.json();
                assertNoTrace(reply);
                refused += reply.exitCode();
            }
        }
        assertThat(refused).isGreaterThan(60);
        assertThat(scripts.call("Plugin.diagnostics").exitCode()).isZero();
    }

    @Test
    void aNumberMayComeAsADecimalStringAndNamesInAnyCase() throws IOException {
        createSr();
        String request =
                "{\"DBG\":\"x\",\"Sr\":\"" + SR + "\",\"name\":\"n\",\"description\":\"\",\"size\":\"2097152\","
                        + "\"sharable\":false,\"unknown\":[null]}\n";
        ScriptReply reply = scripts.run("Volume.create", request.getBytes(StandardCharsets.UTF_8));
        assertThat(reply.result().getAsJsonObject().get("virtual_size").getAsLong())
                .isEqualTo(2 << 20);
    }

    private static void assertNoTrace(ScriptReply reply) {
        assertThat(reply.toString()).doesNotContain("\tat ", "io.catena", "Traceback");
    }

    private JsonObject bound(Example example, String key) {
        JsonElement stdin = example.stdin();
        String text = stdin.toString()
                .replaceAll("vhdchain:///run/sr/[0-9a-f-]*\\?key=[0-9a-f-]*", uri(key))
                .replace("/run/sr/" + SR, SR)
                .replaceAll("\"(key|key2|snapshot)\":\"[0-9a-f-]*\"", "\"$1\":\"" + key + "\"")
                .replace("/srv/vhd", directory.resolve("sr").toString());
        return JsonParser.parseString(text).getAsJsonObject();
    }
}
