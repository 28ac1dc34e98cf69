package io.catena.harness.smapi;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Copies of disks in use, by the calls that a storage migration makes at its source. */
@Tag("slow")
final class DataTest extends SmapiTest {
    private static final int SIZE_BYTES = 64 << 20;

    private String source;
    private String copy;
    private String remote;

    @BeforeEach
    void makeVolumes() throws IOException {
        createSr();
        source = text(createVolume("source", SIZE_BYTES), "key");
        copy = text(createVolume("copy", SIZE_BYTES), "key");
        take(source, "7");
        take(copy, "u0_mirror");
        remote = "nbd+unix:///" + copy + "?socket=" + agent.runDirectory().resolve("nbd.sock");
        write(source, 0, (byte) 1);
    }

    @Test
    void aMirrorGetsWhatIsThereAndWhatIsWritten() throws IOException {
        write(copy, 40 << 20, (byte) 9);
        JsonElement mirror = call("Data.mirror", "uri", uri(source), "domain", "7", "remote", remote);
        await(mirror, status -> status.get("complete").getAsBoolean());
        write(source, 20 << 20, (byte) 2);
        assertThat(call("Data.ls").getAsJsonArray()).containsExactly(mirror);
        assertThat(status(mirror)).satisfies(status -> {
            assertThat(status.get("failed").getAsBoolean()).isFalse();
            assertThat(status.get("progress").getAsDouble()).isEqualTo(1);
        });
        ok("Datapath.deactivate", "uri", uri(source), "domain", "7");

        await(mirror, status -> status.get("complete").getAsBoolean());
        assertThat(byteAt(copy, 0)).isEqualTo((byte) 1);
        assertThat(byteAt(copy, 20 << 20)).isEqualTo((byte) 2);
        assertThat(byteAt(copy, 40 << 20)).isZero();
        ok("Data.destroy", "operation", mirror);
        assertThat(call("Data.ls").getAsJsonArray()).isEmpty();
        assertThat(scripts.call("Data.stat", "operation", mirror).failure()).startsWith("SR_BACKEND_FAILURE_143");
    }

    @Test
    void aMirrorWhoseCopyGoesAwayHasFailedAndTheDiskGoesOn() throws IOException {
        String colons = "nbd:unix:" + agent.runDirectory().resolve("nbd.sock") + ":exportname=" + copy;
        JsonElement mirror = call("Data.mirror", "uri", uri(source), "domain", "7", "remote", colons);
        await(mirror, status -> status.get("complete").getAsBoolean());
        ok("Datapath.detach", "uri", uri(copy), "domain", "u0_mirror");
        write(source, 0, (byte) 3);

        await(mirror, status -> status.get("failed").getAsBoolean());
        write(source, 0, (byte) 4);
        assertThat(byteAt(source, 0)).isEqualTo((byte) 4);
    }

    @Test
    void blocksAreCopiedAndAMirrorIsCancelled() throws IOException {
        write(source, 8 << 20, (byte) 5);
        write(copy, 0, (byte) 9);
        Map<String, Object> blocks = Map.of("blocksize", 2 << 20, "ranges", List.of(List.of(4, 1), List.of(30, 100)));
        JsonElement copied =
                call("Data.copy", "uri", uri(source), "domain", "7", "remote", remote, "blocklist", blocks);
        await(copied, status -> status.get("complete").getAsBoolean());
        assertThat(byteAt(copy, 8 << 20)).isEqualTo((byte) 5);
        assertThat(byteAt(copy, 0)).isEqualTo((byte) 9);

        JsonElement mirror = call("Data.mirror", "uri", uri(source), "domain", "7", "remote", remote);
        assertThat(call("Data.ls").getAsJsonArray()).contains(copied, mirror);
        ok("Data.cancel", "operation", mirror);
        ok("Data.cancel", "operation", mirror);
        await(mirror, status -> status.get("failed").getAsBoolean());
        assertThat(scripts.call("Data.mirror", "uri", uri(source), "domain", "7", "remote", "http://nowhere")
                        .failure())
                .startsWith("SR_BACKEND_FAILURE_143");
    }

    private void take(String key, String domain) throws IOException {
        ok("Datapath.attach", "uri", uri(key), "domain", domain);
        ok("Datapath.activate", "uri", uri(key), "domain", domain);
    }

    private void write(String key, int offset, byte value) throws IOException {
        try (NbdClient client = connect(key)) {
            client.write(offset, bytes(value));
        }
    }

    private byte byteAt(String key, int offset) throws IOException {
        try (NbdClient client = connect(key)) {
            return client.read(offset, 512)[511];
        }
    }

    private JsonElement call(String method, Object... arguments) throws IOException {
        return scripts.call(method, arguments).result();
    }

    private JsonObject status(JsonElement operation) throws IOException {
        return call("Data.stat", "operation", operation).getAsJsonObject();
    }

    private void await(JsonElement operation, Predicate<JsonObject> condition) throws IOException {
        JsonObject now;
        do {
            now = status(operation);
            boolean isExpected = condition.test(now);
            assertThat(isExpected || !now.get("failed").getAsBoolean())
                    .as("%s", now)
                    .isTrue();
        } while (!condition.test(now));
    }
}
