package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.machine.WholeMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The examples against the real launcher and agent, in an order in which one prepares the next. What stands in an example
 * for an SR, a volume, a path or a socket is bound to the real one first, in its arguments and in its answer; then the answer
 * has to be the example's, sizes on disk aside.
 */
@Tag("slow")
@WholeMachine
final class ExamplesTest extends SmapiTest {
    private static final String DISK = "9b1f6c3a-2d54-4e0b-8c77-1a2b3c4d5e6f";
    private static final String SNAPSHOT = "c0ffee00-1111-4222-8333-444455556666";
    private static final String CLONE = "deadbeef-0000-4aaa-8bbb-ccccddddeeee";

    /** Methods that we do not have, and so have no executable: long tasks. */
    private static final Set<String> NOT_OFFERED = Set.of("Task.stat", "Task.ls");

    /** A full disk, a volume that is active on another host, a file of ISO images. */
    private static final Set<Integer> CANNOT_ARISE_HERE = Set.of(22, 26, 50);

    private final Map<String, String> bound = new HashMap<>();
    private final Map<Integer, Example> left = new TreeMap<>();

    @Test
    void theExamplesGetTheirAnswers() throws IOException {
        Example.all().forEach(example -> left.put(example.number(), example));
        Files.createDirectory(directory.resolve("sr"));
        like(4);
        same(5);
        same(7);
        same(6);
        refused(9);
        same(8);
        same(3);
        like(1);
        like(2);
        same(10);
        same(14);
        same(18);
        volumes();
        changedBlocks();
        datapath();
        srs();
        notOffered();
        assertThat(left.keySet()).containsExactlyInAnyOrderElementsOf(CANNOT_ARISE_HERE);
    }

    private void volumes() throws IOException {
        made(19, DISK);
        same(23);
        refused(24);
        like(20);
        refused(21);
        made(25, SNAPSHOT);
        same(39);
        same(15, this::tagSnapshot);
        made(28, CLONE);
        made(29, CLONE);
        same(31);
        for (int number = 32; number <= 37; number++) {
            same(number);
        }
        assertThat(stat(real(DISK)).get("virtual_size").getAsLong()).isEqualTo(21474836480L);
        like(38);
        same(30);
    }

    private void changedBlocks() throws IOException {
        Map<String, String> before = Map.copyOf(bound);
        String disk = text(
                scripts.call(
                                "Volume.create",
                                "sr",
                                SR,
                                "name",
                                "disk 0",
                                "description",
                                "root disk",
                                "size",
                                10L << 30,
                                "sharable",
                                false)
                        .result()
                        .getAsJsonObject(),
                "key");
        bound.put(DISK, disk);
        same(40);
        String snapshot = text(
                scripts.call("Volume.snapshot", "sr", SR, "key", disk).result().getAsJsonObject(), "key");
        bound.put(SNAPSHOT, snapshot);
        write(disk, (byte) 7);
        assertOnlyFirstBlockChanged(run(example(42)).getAsJsonObject());
        bound.put(CLONE, text(createVolume("other", 10L << 30), "key"));
        refused(43);
        same(44);
        same(45);
        assertOnlyFirstBlockChanged(scripts.call(
                        "Volume.list_changed_blocks",
                        "sr",
                        SR,
                        "key",
                        snapshot,
                        "key2",
                        disk,
                        "offset",
                        0,
                        "length",
                        -1)
                .result()
                .getAsJsonObject());
        same(41);
        for (String key : List.of(snapshot, disk, real(CLONE))) {
            ok("Volume.destroy", "sr", SR, "key", key);
        }
        bound.putAll(before);
    }

    private static void assertOnlyFirstBlockChanged(JsonObject changes) {
        byte[] bitmap = Base64.getDecoder().decode(text(changes, "bitmap"));
        assertThat(changes.get("granularity").getAsInt()).isEqualTo(64 << 10);
        assertThat(bitmap).hasSize((10 << (30 - 16)) / 8).startsWith(0x80);
        assertThat(Arrays.copyOfRange(bitmap, 1, bitmap.length)).containsOnly(0);
    }

    private void tagSnapshot() throws IOException {
        for (JsonElement volume : scripts.call("SR.ls", "sr", SR).result().getAsJsonArray()) {
            JsonObject found = volume.getAsJsonObject();
            if (text(found, "name").equals("odd")) {
                ok("Volume.destroy", "sr", SR, "key", text(found, "key"));
            }
        }
        set("is_a_snapshot", "true");
        set("snapshot_of", real(DISK));
        set("snapshot_time", "2026-11-22T07:00:00Z");
    }

    private void set(String key, String value) throws IOException {
        ok("Volume.set", "sr", SR, "key", real(SNAPSHOT), "k", key, "v", value);
    }

    private void datapath() throws IOException {
        bound.put(
                "/run/sr/nbd/9b1f6c3a.sock",
                agent.runDirectory().resolve("nbd.sock").toString());
        same(47);
        same(48);
        same(51);
        ok("Datapath.attach", "uri", uri(real(DISK)), "domain", "8");
        assertThat(scripts.call("Datapath.activate", "uri", uri(real(DISK)), "domain", "8")
                        .failure())
                .startsWith(text(example(52).stdout().getAsJsonObject(), "code"));
        same(55);
        ok("Datapath.attach", "uri", uri(real(DISK)), "domain", "u0_cp_1_2");
        same(53);
        ok("Datapath.detach", "uri", uri(real(DISK)), "domain", "u0_cp_1_2");
        ok("Datapath.detach", "uri", uri(real(DISK)), "domain", "8");
        asBlockDevice();
        data();
        imported();
        same(56);
        same(57);
    }

    private void data() throws IOException {
        ok("Datapath.activate", "uri", uri(real(DISK)), "domain", "7");
        String target = text(createVolume("target", 20L << 30), "key");
        ok("Datapath.attach", "uri", uri(target), "domain", "u0_mirror");
        ok("Datapath.activate", "uri", uri(target), "domain", "u0_mirror");
        bound.put(
                "nbd://dest:10809/vol",
                "nbd+unix:///" + target + "?socket=" + agent.runDirectory().resolve("nbd.sock"));
        begun(58, "m-1");
        like(59);
        begun(60, "c-1");
        same(61);
        same(62);
        same(63);
        ok("Datapath.detach", "uri", uri(target), "domain", "u0_mirror");
        ok("Volume.destroy", "sr", SR, "key", target);
    }

    /** The answer is the example's, of an operation that was begun just now. */
    private void begun(int number, String placeholder) throws IOException {
        Example example = example(number);
        JsonArray operation = run(example).getAsJsonArray();
        assertThat(operation.get(0)).isEqualTo(example.stdout().getAsJsonArray().get(0));
        bound.put(placeholder, operation.get(1).getAsString());
    }

    private void imported() throws IOException {
        bound.put(
                "/run/sr/import/9b1f6c3a.sock",
                agent.runDirectory().resolve("import").resolve(real(DISK)).toString());
        ok("Datapath.deactivate", "uri", uri(real(DISK)), "domain", "7");
        ok("Datapath.attach", "uri", uri(real(DISK)), "domain", "0");
        same(54);
        ok("Datapath.detach", "uri", uri(real(DISK)), "domain", "0");
    }

    /** The example's implementations, and NBD after them. */
    private void asBlockDevice() throws IOException {
        String root = directory.resolve("root").toString();
        agent.cli("smapi", "install", "--root", root, "--as", "block", "--xen-backend", "vbd3");
        bound.put("/dev/nbd3", "/dev/catena/" + real(DISK));
        Example example = example(49);
        JsonArray offered = run(example).getAsJsonObject().getAsJsonArray("implementations");
        JsonArray expected = bind(example.stdout()).getAsJsonObject().getAsJsonArray("implementations");
        assertThat(offered).startsWith(expected.asList().toArray(JsonElement[]::new));
        ok("Datapath.detach", "uri", uri(real(DISK)), "domain", "u0_cp_1_2");
        agent.cli("smapi", "install", "--root", root);
    }

    private void srs() throws IOException {
        ControlClient control = new ControlClient(agent.runDirectory().resolve("agent.sock"), Duration.ofMinutes(1));
        control.post(
                "/v1/srs/" + SR + "/set",
                JsonParser.parseString("{\"chainWarning\":2,\"chainLimit\":2}").getAsJsonObject());
        write(real(DISK), (byte) 7);
        refused(27);
        String parent = text(createVolume("parent", 10L << 30), "key");
        String child = text(
                scripts.call("Volume.clone", "sr", SR, "key", real(SNAPSHOT))
                        .result()
                        .getAsJsonObject(),
                "key");
        bound.put(DISK, parent);
        bound.put(CLONE, child);
        same(46);
        same(12);
        same(13);
        like(11, this::takeAway);
        giveBack();
        for (JsonElement volume : scripts.call("SR.ls", "sr", SR).result().getAsJsonArray()) {
            ok("Volume.destroy", "sr", SR, "key", text(volume.getAsJsonObject(), "key"));
        }
        same(17);
        same(16);
    }

    /** As a file system that is not mounted when the host has started. */
    private void takeAway() throws IOException {
        agent.terminate();
        Files.move(directory.resolve("sr"), directory.resolve("away"));
        agent.restart();
    }

    private void giveBack() throws IOException {
        agent.terminate();
        Files.move(directory.resolve("away"), directory.resolve("sr"));
        agent.restart();
    }

    private void notOffered() {
        for (Example example : List.copyOf(left.values())) {
            if (NOT_OFFERED.contains(example.method())) {
                assertThat(scripts.executable(example.method())).doesNotExist();
                left.remove(example.number());
            }
        }
    }

    /** The answer is the example's. */
    private void same(int number) throws IOException {
        Example example = example(number);
        assertThat(comparable(run(example))).as(example.toString()).isEqualTo(comparable(bind(example.stdout())));
    }

    private void same(int number, Preparation preparation) throws IOException {
        preparation.run();
        Example example = example(number);
        assertThat(elements(comparable(run(example)))).isEqualTo(elements(comparable(bind(example.stdout()))));
    }

    /** The answer is the example's, about a volume that was made just now. */
    private void made(int number, String placeholder) throws IOException {
        Example example = example(number);
        JsonElement volume = run(example);
        bound.put(placeholder, text(volume.getAsJsonObject(), "key"));
        assertThat(comparable(volume)).as(example.toString()).isEqualTo(comparable(bind(example.stdout())));
    }

    /** The answer succeeds as the example does, and is of the same type. */
    private void like(int number) throws IOException {
        run(example(number));
    }

    private void like(int number, Preparation preparation) throws IOException {
        preparation.run();
        Example example = example(number);
        String health = example.stdout()
                .getAsJsonObject()
                .getAsJsonArray("health")
                .get(0)
                .getAsString();
        assertThat(run(example)
                        .getAsJsonObject()
                        .getAsJsonArray("health")
                        .get(0)
                        .getAsString())
                .isEqualTo(health);
    }

    /** The call fails with the example's code; with its parameters, if the code is that of the definition's exceptions. */
    private void refused(int number) throws IOException {
        Example example = example(number);
        JsonObject expected = bind(example.stdout()).getAsJsonObject();
        JsonObject found = run(example).getAsJsonObject();
        assertThat(found.get("code")).as(example.toString()).isEqualTo(expected.get("code"));
        if (text(expected, "code").equals("SR_BACKEND_FAILURE")) {
            assertThat(found.get("params")).as(example.toString()).isEqualTo(expected.get("params"));
        }
    }

    private Example example(int number) {
        return Objects.requireNonNull(left.remove(number), () -> "example " + number + " ran before");
    }

    private JsonElement run(Example example) throws IOException {
        String stdin = bind(example.stdin()).toString();
        String executable = example.method().equals("Plugin.query") ? "Plugin.Query" : example.method();
        ScriptReply reply = scripts.run(executable, stdin.getBytes(StandardCharsets.UTF_8));
        assertThat(reply.exitCode()).as("%s: %s", example, reply).isEqualTo(example.exit());
        return reply.json();
    }

    private String real(String placeholder) {
        return bound.getOrDefault(placeholder, placeholder);
    }

    /** In one pass: what was put in is random, and could hold another placeholder, such as {@code c-1}. */
    private JsonElement bind(JsonElement json) {
        String text = json.toString()
                .replaceAll("vhdchain:///run/sr/([0-9a-f-]*)\\?key=", "catena:///$1/")
                .replace("/run/sr/" + SR, SR)
                .replace("/srv/vhd", directory.resolve("sr").toString());
        if (bound.isEmpty()) {
            return JsonParser.parseString(text);
        }
        Pattern placeholders =
                Pattern.compile(bound.keySet().stream().map(Pattern::quote).collect(Collectors.joining("|")));
        return JsonParser.parseString(placeholders
                .matcher(text)
                .replaceAll(placeholder -> Matcher.quoteReplacement(bound.get(placeholder.group()))));
    }

    private static Set<JsonElement> elements(JsonElement list) {
        return new HashSet<>(list.getAsJsonArray().asList());
    }

    /** Leaves out what the file system decides. */
    private static JsonElement comparable(JsonElement json) {
        if (json instanceof JsonArray array) {
            JsonArray all = new JsonArray();
            array.forEach(element -> all.add(comparable(element)));
            return all;
        }
        if (!(json instanceof JsonObject object)) {
            return json;
        }
        JsonObject result = new JsonObject();
        object.entrySet().forEach(entry -> {
            boolean measured =
                    Set.of("free_space", "total_space", "physical_utilisation").contains(entry.getKey());
            result.add(entry.getKey(), measured ? new JsonPrimitive(0) : comparable(entry.getValue()));
        });
        return result;
    }

    /** What brings the SR into the state of an example. */
    @FunctionalInterface
    private interface Preparation {
        void run() throws IOException;
    }
}
