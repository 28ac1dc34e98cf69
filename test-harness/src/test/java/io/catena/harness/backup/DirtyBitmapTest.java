package io.catena.harness.backup;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients of NBD are told of changes since a snapshot. */
@Tag("slow")
@Timeout(120)
class DirtyBitmapTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int PAGE = 64 << 10;
    private static final int SIZE_BYTES = 4 << 20;
    private static final int INVALID = 22;

    private final Path run;
    private final Agent agent;
    private final String disk;
    private final String first;
    private final String second;
    private final String third;

    /** A page is written before each snapshot: 0, 3 and 5; the second is written over in part. */
    DirtyBitmapTest(@TempDir Path directory) throws IOException {
        run = directory.resolve("run");
        agent = Agent.start(
                run,
                new Agent.Options(NbdLimits.DEFAULT, null, false, null, directory.resolve("state")),
                nbdSocket -> new NoHypervisor());
        String sr = text(post("/v1/srs", "{'name':'s','path':'" + directory.resolve("sr") + "'}"), "sr");
        disk = text(post("/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + SIZE_BYTES + ",'name':'disk'}"), "vdi");
        attach(disk, "rw");
        first = writtenAndCut(0, PAGE);
        second = writtenAndCut(3 * PAGE, PAGE);
        third = writtenAndCut(5 * PAGE + 512, 512);
    }

    private String writtenAndCut(int offset, int length) throws IOException {
        try (NbdClient client = NbdClient.connect(run.resolve("nbd.sock"), disk)) {
            client.write(offset, new byte[length]);
        }
        JsonElement cut = post("/v1/vdis/snapshot", "{'vdis':['" + disk + "']}");
        return text(cut.getAsJsonArray().get(0), "vdi");
    }

    @AfterEach
    void close() {
        agent.close();
    }

    @Test
    void nbdinfoAndQemuImgSeeWhatChangedSinceASnapshot() throws IOException {
        String uri = attach(third, "ro");

        assertThat(nbdinfo(uri))
                .contains("base:allocation", "qemu:dirty-bitmap:" + first, "qemu:dirty-bitmap:" + second)
                .doesNotContain("qemu:dirty-bitmap:" + third);
        assertThat(map(uri, second)).containsExactly("0+327680 clean", "327680+65536 dirty", "393216+3801088 clean");
        assertThat(map(uri, first))
                .containsExactly(
                        "0+196608 clean",
                        "196608+65536 dirty",
                        "262144+65536 clean",
                        "327680+65536 dirty",
                        "393216+3801088 clean");
        // qemu calls data what is clean, and takes the rest for holes.
        assertThat(Programs.run(DEADLINE, "qemu-img", "map", "--output=json", "--image-opts", qemu(third, second))
                        .json()
                        .getAsJsonArray())
                .extracting(extent -> extent.getAsJsonObject().get("start") + " "
                        + extent.getAsJsonObject().get("data"))
                .containsExactly("0 true", "327680 false", "393216 true");
    }

    @Test
    void severalAreAskedAtOnceAndEachForItself() throws IOException {
        attach(third, "ro");
        try (NbdClient client = NbdClient.connectStructured(
                run.resolve("nbd.sock"),
                third,
                "qemu:dirty-bitmap:" + second,
                "base:allocation",
                "qemu:dirty-bitmap:" + first)) {
            List<NbdClient.Chunk> chunks = client.receiveChunks(
                    client.sendRequest(0, NbdClient.BLOCK_STATUS, 2 * PAGE, 4 * PAGE, new byte[0]));

            assertThat(chunks).extracting(NbdClient.Chunk::context).containsExactly(1, 2, 3);
            assertThat(chunks.get(0).extents()).startsWith(PAGE, 3, PAGE, 0, PAGE + 512, 3, 512, 0);
            assertThat(chunks.get(1).extents()).containsExactly(3 * PAGE, 0, PAGE, 1);
            assertThat(chunks.get(2).extents()).containsExactly(PAGE, 0, PAGE, 1, PAGE, 0, PAGE, 1);
        }
    }

    @Test
    void aSnapshotWithoutDataStillTells() throws IOException {
        post("/v1/vdis/" + first + "/data-destroy", "{}");
        String uri = attach(third, "ro");

        assertThat(nbdinfo(uri)).contains("qemu:dirty-bitmap:" + first);
        assertThat(map(uri, first)).contains("196608+65536 dirty", "327680+65536 dirty");
    }

    @Test
    void whatIsNotKnownOrMayChangeIsNoContext() throws IOException {
        String uri = attach(third, "ro");
        assertThat(setContexts(third, UUID.randomUUID().toString())).isEqualTo(INVALID);
        assertThat(setContexts(third, disk)).as("since a disk that is written").isEqualTo(INVALID);
        assertThat(setContexts(disk, first)).as("of a disk that is written").isEqualTo(INVALID);
        assertThat(setContexts(third, first)).isZero();
        Outcome refused = Programs.tryRun(DEADLINE, "nbdinfo", "--map=qemu:dirty-bitmap:" + UUID.randomUUID(), uri);
        assertThat(refused.exitCode()).isNotZero();
    }

    /** Returns the error of a question after a context was asked for. */
    private int setContexts(String export, String base) throws IOException {
        try (NbdClient client =
                NbdClient.connectStructured(run.resolve("nbd.sock"), export, "qemu:dirty-bitmap:" + base)) {
            return client.requestChunk(0, NbdClient.BLOCK_STATUS, 0, PAGE).error();
        }
    }

    private static String nbdinfo(String uri) throws IOException {
        return Programs.run(DEADLINE, "nbdinfo", uri).stdout();
    }

    private static List<String> map(String uri, String base) throws IOException {
        JsonArray runs = Programs.run(DEADLINE, "nbdinfo", "--json", "--map=qemu:dirty-bitmap:" + base, uri)
                .json()
                .getAsJsonArray();
        return runs.asList().stream()
                .map(JsonElement::getAsJsonObject)
                .map(one -> String.format(
                        Locale.ROOT,
                        "%d+%d %s",
                        one.get("offset").getAsLong(),
                        one.get("length").getAsLong(),
                        one.get("description").getAsString()))
                .toList();
    }

    private String qemu(String export, String base) {
        return "driver=nbd,server.type=unix,server.path=" + run.resolve("nbd.sock") + ",export=" + export
                + ",x-dirty-bitmap=qemu:dirty-bitmap:" + base;
    }

    /** Returns where the disk is served. */
    private String attach(String vdi, String mode) {
        return text(post("/v1/vdis/" + vdi + "/attach", "{'mode':'" + mode + "'}"), "uri");
    }

    private JsonElement post(String path, String body) {
        JsonObject json = JsonParser.parseString(body.replace('\'', '"')).getAsJsonObject();
        return new ControlClient(RunDirectory.controlSocket(run), DEADLINE).post(path, json);
    }

    private static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }
}
