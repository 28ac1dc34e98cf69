package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.control.Role;
import io.catena.agent.control.client.ControlClient;
import io.catena.harness.peer.AgentProcess;
import io.catena.harness.peer.NbdClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk is copied from agent to agent, by the command line, and either is killed in the middle. */
@Timeout(300)
@Tag("slow")
class CopyToKillTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int BLOCK_BYTES = 2 << 20;
    private static final int BLOCKS = 6;

    /** So much is sent in a second that there is time to kill somebody. */
    private static final String RATE = "2M";

    @Test
    void itArrivesWholeWhoeverDies(@TempDir Path directory) throws IOException {
        try (ApiProcess there = new ApiProcess(Files.createDirectory(directory.resolve("there")));
                AgentProcess here = AgentProcess.startShortLived(directory.resolve("run"), "--libvirt=none")) {
            there.sr("offsite");
            String snapshot = writtenAndCut(here, directory.resolve("sr"));
            byte[] content = SourceAgent.content(here.runDirectory(), snapshot);
            Path token = Files.writeString(directory.resolve("token"), there.token(Role.OPERATOR) + "\n");

            String first = UUID.randomUUID().toString();
            long job = begin(here, there, snapshot, first, token);
            await(here, job, one -> isNoted(there));
            there.agent().kill9();
            await(here, job, one -> one.get("phase").getAsString().contains("try 2"));
            there.agent().restart();
            await(here, job, one -> one.get("phase").getAsString().contains("what lacks from byte"));
            awaitDone(here, job);
            assertThat(SourceAgent.content(there.agent().runDirectory(), first)).isEqualTo(content);

            String second = UUID.randomUUID().toString();
            await(here, begin(here, there, snapshot, second, token), CopyToKillTest::isUnderWay);
            here.kill9();
            assertThat(disks(there)).containsExactly(first);
            here.restart();
            JsonObject rest = awaitDone(here, begin(here, there, snapshot, second, token));
            assertThat(SourceAgent.content(there.agent().runDirectory(), second))
                    .isEqualTo(content);
            assertThat(rest.get("doneBytes").getAsLong())
                    .as("it went on where it was")
                    .isPositive()
                    .isLessThan((long) BLOCKS * BLOCK_BYTES);
            assertThat(temporary(there)).isEmpty();
        }
    }

    private static String writtenAndCut(AgentProcess agent, Path directory) throws IOException {
        String sr = text(post(agent, "/v1/srs", "{'name':'s','path':'" + directory + "'}"), "sr");
        String disk = text(post(agent, "/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + BLOCKS * BLOCK_BYTES + "}"), "vdi");
        post(agent, "/v1/vdis/" + disk + "/attach", "{}");
        Random random = new Random(19);
        try (NbdClient client = NbdClient.connect(agent.runDirectory().resolve("nbd.sock"), disk)) {
            for (int block = 0; block < BLOCKS; block++) {
                byte[] some = new byte[1 << 16];
                random.nextBytes(some);
                client.write((long) block * BLOCK_BYTES + (block << 16), some);
            }
        }
        post(agent, "/v1/vdis/" + disk + "/detach", "{}");
        return text(
                post(agent, "/v1/vdis/snapshot", "{'vdis':['" + disk + "']}")
                        .getAsJsonArray()
                        .get(0),
                "vdi");
    }

    private static ControlClient client(AgentProcess agent) {
        return new ControlClient(agent.runDirectory().resolve("agent.sock"), DEADLINE);
    }

    private static JsonElement post(AgentProcess agent, String path, String body) {
        return client(agent)
                .post(path, JsonParser.parseString(body.replace('\'', '"')).getAsJsonObject());
    }

    private static long begin(AgentProcess here, ApiProcess there, String vdi, String copy, Path token)
            throws IOException {
        JsonElement job = here.cli(
                        "vdi",
                        "copy",
                        vdi,
                        "--to",
                        "https://localhost:" + there.port() + "/offsite",
                        "--uuid",
                        copy,
                        "--token-file",
                        token.toString(),
                        "--ca",
                        there.certificates.authority().toString(),
                        "--rate",
                        RATE)
                .json();
        return job.getAsJsonObject().get("job").getAsLong();
    }

    private static boolean isUnderWay(JsonObject job) {
        return job.get("doneBytes").getAsLong() > BLOCK_BYTES;
    }

    /** Whether the other agent knows for good how far it is. */
    private static boolean isNoted(ApiProcess there) {
        try {
            return temporary(there).stream().anyMatch(file -> file.toString().endsWith(".upload"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(AgentProcess agent, long job, Predicate<JsonObject> condition) {
        JsonObject now;
        do {
            now = job(agent, job, 20);
            assertThat(now.get("state").getAsString()).as("%s", now).isEqualTo("running");
        } while (!condition.test(now));
    }

    private static JsonObject awaitDone(AgentProcess agent, long job) {
        JsonObject now;
        do {
            now = job(agent, job, 30_000);
        } while (text(now, "state").equals("running"));
        assertThat(text(now, "state")).as("%s", now).isEqualTo("done");
        return now;
    }

    private static JsonObject job(AgentProcess agent, long job, int millis) {
        return client(agent).get("/v1/jobs/" + job + "?waitMillis=" + millis).getAsJsonObject();
    }

    private static List<Path> temporary(ApiProcess there) throws IOException {
        Path directory = there.directory.resolve("sr-offsite/.catena/tmp");
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private static List<String> disks(ApiProcess there) {
        JsonArray all = there.local().get("/v1/srs/offsite/vdis").getAsJsonArray();
        return all.asList().stream().map(one -> text(one, "vdi")).toList();
    }

    private static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }
}
