package io.catena.harness.bench.mirror;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.TestCertificates;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Two agents of this host, of which the second takes copies from the first over TLS. For one thread. */
final class MirrorPair implements Closeable {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String NAME = "source-host";

    private final TestCertificates certificates;
    private final int port = freePort();
    private final AgentProcess there;
    private final AgentProcess here;

    MirrorPair(Path directory) throws IOException {
        certificates = new TestCertificates(directory.resolve("tls"));
        certificates.certify("there", "localhost");
        certificates.certify("here", NAME);
        there = start(Files.createDirectory(directory.resolve("there")), "there", port, "--libvirt=none");
        try {
            here = start(
                    Files.createDirectory(directory.resolve("here")),
                    "here",
                    0,
                    "--cluster-url=https://" + NAME + ":1");
        } catch (IOException e) {
            there.close();
            throw e;
        }
        String client = "{'role':'operator','everything':true}";
        client(there).put("/v1/clients/" + NAME, json(client));
        for (String sr : List.of("first", "second")) {
            ask("/v1/srs", "{'name':'" + sr + "','path':'" + directory.resolve(sr) + "'}");
        }
        client(there).post("/v1/srs", json("{'name':'third','path':'" + directory.resolve("third") + "'}"));
    }

    private AgentProcess start(Path directory, String role, int apiPort, String more) throws IOException {
        String certificate = certificates.certificate(role).toString();
        String key = certificates.key(role).toString();
        String authority = certificates.authority().toString();
        return AgentProcess.start(
                directory.resolve("run"),
                "--api-listen=127.0.0.1:" + apiPort,
                "--api-certificate=" + certificate,
                "--api-key=" + key,
                "--api-ca=" + authority,
                "--nbd-listen=127.0.0.1:0",
                "--nbd-tls-certificate=" + certificate,
                "--nbd-tls-key=" + key,
                "--nbd-tls-ca=" + authority,
                more);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static ControlClient client(AgentProcess agent) {
        return new ControlClient(agent.runDirectory().resolve("agent.sock"), PATIENCE);
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text.replace('\'', '"')).getAsJsonObject();
    }

    private JsonElement ask(String path, String body) {
        return client(here).post(path, json(body));
    }

    /** Makes a disk of the first agent and attaches it; returns its id. */
    String disk(String sr, long sizeBytes) {
        String id = ask("/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + sizeBytes + "}")
                .getAsJsonObject()
                .get("vdi")
                .getAsString();
        JsonElement unused = ask("/v1/vdis/" + id + "/attach", "{}");
        return id;
    }

    String uri(String disk) {
        return "nbd+unix:///" + disk + "?socket=" + here.runDirectory().resolve("nbd.sock");
    }

    /** Begins a mirror to the second SR of the same agent; returns its job. */
    String mirrorHere(String disk) {
        return job(json("{'sr':'second'}"), disk);
    }

    /** Begins a mirror to the other agent; returns its job. */
    String mirrorThere(String disk) throws IOException {
        JsonObject body = json("{'url':'https://localhost:" + port + "','sr':'third'}");
        body.addProperty("authorities", Files.readString(certificates.authority()));
        return job(body, disk);
    }

    private String job(JsonObject body, String disk) {
        return client(here)
                .post("/v1/vdis/" + disk + "/mirror", body)
                .getAsJsonObject()
                .get("job")
                .getAsString();
    }

    /** Waits until the copy holds what the disk does. */
    void awaitInSync(String job) {
        JsonObject now;
        do {
            now = client(here).get("/v1/jobs/" + job + "?waitMillis=20").getAsJsonObject();
            if (!now.get("state").getAsString().equals("running")) {
                throw new IllegalStateException("the mirror ended: " + now);
            }
        } while (!now.get("phase").getAsString().startsWith("in sync"));
    }

    /** Ends a mirror, whose copy stays. */
    void cancel(String job) {
        JsonElement unused = ask("/v1/jobs/" + job + "/cancel", "{}");
        JsonElement ended = client(here).get("/v1/jobs/" + job + "?waitMillis=30000");
        if (ended.getAsJsonObject().get("state").getAsString().equals("running")) {
            throw new IllegalStateException("the mirror does not end: " + ended);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            here.close();
        } finally {
            there.close();
        }
    }
}
