package io.catena.harness.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ContentDownload;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.follow.PeerOptions;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.harness.peer.NbdClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** An agent in this process with a disk, which is to be copied or mirrored to another agent. For one test thread. */
final class SourceAgent implements AutoCloseable {
    static final int SIZE_BYTES = 24 << 20;

    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Path directory;
    private final String disk;
    private Agent agent;

    /**
     * @param self how it shows other agents who it is; null if it does not
     * @param newDisk what is asked for beside the size
     */
    SourceAgent(Path directory, @Nullable PeerOptions self, String newDisk) throws IOException {
        this.directory = directory;
        agent = start(self);
        String sr = text(post("/v1/srs", "{'name':'s','path':'" + directory.resolve("sr") + "'}"), "sr");
        disk = text(post("/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + SIZE_BYTES + "," + newDisk + "}"), "vdi");
    }

    private Agent start(@Nullable PeerOptions self) throws IOException {
        return Agent.start(
                runDirectory(),
                new Agent.Options(
                        NbdLimits.DEFAULT, null, false, null, directory.resolve("state"), List.of(), null, self),
                nbdSocket -> new NoHypervisor());
    }

    void restart(@Nullable PeerOptions self) throws IOException {
        agent.close();
        agent = start(self);
    }

    Path runDirectory() {
        return directory.resolve("run");
    }

    String disk() {
        return disk;
    }

    ControlClient local() {
        return new ControlClient(RunDirectory.controlSocket(runDirectory()), DEADLINE);
    }

    /** Asks with a body in which apostrophes stand for quotation marks. */
    JsonElement post(String path, String body) {
        return local().post(path, json(body));
    }

    JsonElement get(String path) {
        return local().get(path);
    }

    /** Returns a job when it has ended, or some time is over. */
    JsonObject job(String id, int millis) {
        return get("/v1/jobs/" + id + "?waitMillis=" + millis).getAsJsonObject();
    }

    /** Connects to the disk, which has to be attached. */
    NbdClient connect() throws IOException {
        return NbdClient.connect(runDirectory().resolve("nbd.sock"), disk);
    }

    byte[] content(String vdi) throws IOException {
        return content(runDirectory(), vdi);
    }

    static byte[] content(Path runDirectory, String vdi) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ContentDownload(RunDirectory.controlSocket(runDirectory))
                .fetch("/v1/vdis/" + vdi + "/content?format=raw", Channels.newChannel(bytes), (done, of) -> {});
        return bytes.toByteArray();
    }

    static byte[] bytes(int count, Random random) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    static JsonObject json(String text) {
        return JsonParser.parseString(text.replace('\'', '"')).getAsJsonObject();
    }

    static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }

    @Override
    public void close() {
        agent.close();
    }
}
