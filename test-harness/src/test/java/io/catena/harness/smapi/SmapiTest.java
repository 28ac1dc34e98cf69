package io.catena.harness.smapi;

import com.google.gson.JsonObject;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real agent, the plugins installed for it, and short words for the calls that many tests make. */
@Timeout(600)
abstract class SmapiTest {
    static final String SR = "5f2c9d1e-8a41-4f0e-9a55-6c1d9b7e2f10";

    private static final int BYTES = 8192;

    @TempDir
    Path directory;

    AgentProcess agent;
    StorageScripts scripts;

    @BeforeEach
    void start() throws IOException {
        agent = AgentProcess.startShortLived(directory.resolve("run"));
        scripts = StorageScripts.install(agent, Files.createDirectory(directory.resolve("root")));
    }

    @AfterEach
    void end() throws IOException {
        agent.close();
    }

    Map<String, String> configuration() {
        return Map.of("path", directory.resolve("sr").toString());
    }

    /** Makes an SR and attaches it. */
    void createSr() throws IOException {
        ok("SR.create", "uuid", SR, "configuration", configuration(), "name", "s", "description", "");
        ok("SR.attach", "configuration", configuration());
    }

    JsonObject createVolume(String name, long size) throws IOException {
        return scripts.call("Volume.create", "sr", SR, "name", name, "description", "", "size", size, "sharable", false)
                .result()
                .getAsJsonObject();
    }

    JsonObject stat(String key) throws IOException {
        return scripts.call("Volume.stat", "sr", SR, "key", key).result().getAsJsonObject();
    }

    void ok(String method, Object... arguments) throws IOException {
        scripts.call(method, arguments).result();
    }

    /** Writes to a disk as a domain does that has it for itself. */
    void write(String key, byte value) throws IOException {
        ok("Datapath.attach", "uri", uri(key), "domain", "writer");
        ok("Datapath.activate", "uri", uri(key), "domain", "writer");
        try (NbdClient client = connect(key)) {
            client.write(0, bytes(value));
            client.flush();
        }
        ok("Datapath.deactivate", "uri", uri(key), "domain", "writer");
        ok("Datapath.detach", "uri", uri(key), "domain", "writer");
    }

    /** Returns the byte that {@link #write} wrote, or 0. */
    byte read(String key) throws IOException {
        ok("Datapath.attach", "uri", uri(key), "domain", "reader");
        ok("Datapath.activate_readonly", "uri", uri(key), "domain", "reader");
        try (NbdClient client = connect(key)) {
            return client.read(0, BYTES)[BYTES - 1];
        } finally {
            ok("Datapath.detach", "uri", uri(key), "domain", "reader");
        }
    }

    NbdClient connect(String key) throws IOException {
        return NbdClient.connect(agent.runDirectory().resolve("nbd.sock"), key);
    }

    static byte[] bytes(byte value) {
        byte[] bytes = new byte[BYTES];
        Arrays.fill(bytes, value);
        return bytes;
    }

    static String text(JsonObject object, String field) {
        return object.get(field).getAsString();
    }

    static String uri(String key) {
        return "catena:///" + SR + "/" + key;
    }
}
