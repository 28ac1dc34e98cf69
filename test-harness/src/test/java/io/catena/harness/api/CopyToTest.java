package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.RunDirectory;
import io.catena.agent.control.Role;
import io.catena.agent.control.client.ContentDownload;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.follow.PeerOptions;
import io.catena.agent.guest.NoHypervisor;
import io.catena.agent.nbd.NbdLimits;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.TestCertificates;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies of disks in the SR of another agent, over TLS. */
@Timeout(120)
@Tag("slow")
class CopyToTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int SIZE_BYTES = 24 << 20;
    private static final int BLOCK_BYTES = 2 << 20;

    private final Path directory;
    private final ApiFixture there;
    private final String theirSr;
    private final Random random = new Random(19);
    private Agent here;
    private String disk = "";

    CopyToTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        there = new ApiFixture(Files.createDirectory(directory.resolve("there")));
        theirSr = there.sr("offsite");
        here = start(null);
        String sr = text(post("/v1/srs", "{'name':'s','path':'" + directory.resolve("sr") + "'}"), "sr");
        disk = text(post("/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + SIZE_BYTES + ",'name':'a disk & more'}"), "vdi");
    }

    private Agent start(@Nullable PeerOptions peers) throws IOException {
        return Agent.start(
                directory.resolve("run"),
                new Agent.Options(
                        NbdLimits.DEFAULT, null, false, null, directory.resolve("state"), List.of(), null, peers),
                nbdSocket -> new NoHypervisor());
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
    }

    @Test
    void aDiskAndThenWhatChangedArriveWhole() throws IOException {
        String monday = writtenAndCut(5);
        post("/v1/vdis/" + disk + "/set", "{'keys':{'owner':'ann & bob','size':'50 %'}}");
        String tuesday = writtenAndCut(2);
        post("/v1/vdis/" + tuesday + "/set", "{'keys':{'app':'m\u00fcller'}}");
        String token = there.token(Role.OPERATOR, theirSr);

        String first = copied(monday, "'token':'" + token + "'");
        String second = copied(tuesday, "'token':'" + token + "','base':'" + monday + "','name':'tuesday'");

        assertThat(content(there.directory.resolve("run"), first)).isEqualTo(content(directory.resolve("run"), monday));
        assertThat(content(there.directory.resolve("run"), second))
                .isEqualTo(content(directory.resolve("run"), tuesday));
        assertThat(text(there.local().get("/v1/vdis/" + first), "name")).isEqualTo("monday");
        assertThat(text(there.local().get("/v1/vdis/" + second), "name")).isEqualTo("tuesday");
        assertThat(keysOf(there.local().get("/v1/vdis/" + first)).asMap()).isEmpty();
        assertThat(keysOf(there.local().get("/v1/vdis/" + second)))
                .isEqualTo(keysOf(local().get("/v1/vdis/" + tuesday)))
                .isEqualTo(json("{'owner':'ann & bob','app':'m\u00fcller'}"));
        assertThat(there.local()
                        .get("/v1/vdis/" + second)
                        .getAsJsonObject()
                        .get("physicalBytes")
                        .getAsLong())
                .as("only what changed went there")
                .isLessThan(3L * BLOCK_BYTES);
    }

    @Test
    void aHostsCertificateLetsItIn() throws IOException {
        TestCertificates own = there.certificates;
        own.certify("copier", "copying-host");
        there.local().put("/v1/clients/copying-host", json("{'role':'operator','everything':true}"));
        here.close();
        here = start(new PeerOptions(
                "https://unused.example", own.certificate("copier"), own.key("copier"), own.authority()));

        JsonObject body = json("{'url':'" + url() + "','sr':'offsite'}");
        String copy = made(local().post("/v1/vdis/" + disk + "/copy-to", body));

        assertThat(content(there.directory.resolve("run"), copy)).isEqualTo(new byte[SIZE_BYTES]);
    }

    @Test
    void whatIsRefusedIsTold() throws IOException {
        String monday = writtenAndCut(1);
        String tuesday = writtenAndCut(1);
        String token = "'token':'" + there.token(Role.OPERATOR) + "'";

        assertThat(problem(monday, "'token':'" + there.token(Role.VIEWER) + "'"))
                .contains("operator");
        assertThat(problem(monday, "'token':'nonsense'")).contains("refuses the disk");
        assertThat(problem(tuesday, token + ",'base':'" + monday + "'"))
                .contains("which no disk of SR offsite is known");
        String uuid = "'uuid':'" + UUID.randomUUID() + "'";
        assertThat(text(job(copyTo(monday, token + "," + uuid)), "state")).isEqualTo("done");
        assertThat(problem(monday, token + "," + uuid)).contains("has a VDI");
        assertThat(problem(monday, token + ",'sr':'nowhere'")).contains("nowhere");
        assertThatThrownBy(() -> copyTo(monday, token + ",'url':'http://localhost'"))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST));
        assertThatThrownBy(() -> copyTo(monday, token + ",'base':'" + UUID.randomUUID() + "'"))
                .isInstanceOf(SrException.class);
        assertThat(names()).containsExactly("monday");
    }

    @Test
    void whoIsNotTrustedGetsNothing() throws IOException {
        String authorities = Files.readString(new TestCertificates(directory.resolve("others")).authority());
        JsonObject body = json("{'url':'" + url() + "','sr':'offsite','token':'" + there.token(Role.ADMIN) + "'}");
        body.addProperty("authorities", authorities);

        String id = text(local().post("/v1/vdis/" + disk + "/copy-to", body), "job");
        JsonObject job = waiting(id);

        assertThat(job.get("phase").getAsString()).contains("try 2", "cannot reach " + url());
        local().post("/v1/jobs/" + id + "/cancel", new JsonObject());
        assertThat(text(job(id, 30_000), "state")).isEqualTo("cancelled");
        assertThat(names()).isEmpty();
    }

    @Test
    void oneThatIsSlowedDownCanBeCancelledAndLeavesNothing() throws IOException {
        String monday = writtenAndCut(8);
        String token = "'token':'" + there.token(Role.OPERATOR) + "'";

        String id = text(copyTo(monday, token + ",'bytesPerSecond':1000000"), "job");
        JsonObject job;
        do {
            job = job(id, 20);
        } while (job.get("doneBytes").getAsLong() < 1 << 20);
        assertThat(job.get("totalBytes").getAsLong()).isGreaterThan(4L * BLOCK_BYTES);
        local().post("/v1/jobs/" + id + "/cancel", new JsonObject());

        assertThat(text(job(id, 30_000), "state")).isEqualTo("cancelled");
        assertThat(names()).isEmpty();
        String again = copied(monday, token);
        assertThat(content(there.directory.resolve("run"), again)).isEqualTo(content(directory.resolve("run"), monday));
        try (Stream<Path> temporary = Files.list(there.directory.resolve("sr-offsite/.catena/tmp"))) {
            assertThat(temporary).isEmpty();
        }
    }

    private static JsonObject keysOf(JsonElement disk) {
        return disk.getAsJsonObject().getAsJsonObject("keys");
    }

    /** Waits until it tries again. */
    private JsonObject waiting(String id) {
        JsonObject job;
        do {
            job = job(id, 20);
            assertThat(job.get("state").getAsString()).isIn("queued", "running");
        } while (!job.get("phase").getAsString().contains("try 2"));
        return job;
    }

    /** Writes some pages here and there, and takes a snapshot. */
    private String writtenAndCut(int pages) throws IOException {
        local().post("/v1/vdis/" + disk + "/attach", new JsonObject());
        try (NbdClient client = NbdClient.connect(directory.resolve("run/nbd.sock"), disk)) {
            for (int i = 0; i < pages; i++) {
                byte[] page = new byte[4096];
                random.nextBytes(page);
                client.write((long) BLOCK_BYTES * random.nextInt(SIZE_BYTES / BLOCK_BYTES) + 4096L * i, page);
            }
        }
        local().post("/v1/vdis/" + disk + "/detach", new JsonObject());
        JsonElement cut = post("/v1/vdis/snapshot", "{'vdis':['" + disk + "'],'name':'monday'}");
        return text(cut.getAsJsonArray().get(0), "vdi");
    }

    private String url() {
        return "https://localhost:" + there.port();
    }

    private JsonElement copyTo(String vdi, String more) {
        JsonObject body = json("{'url':'" + url() + "','sr':'offsite'," + more + "}");
        try {
            body.addProperty("authorities", Files.readString(there.certificates.authority()));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return local().post("/v1/vdis/" + vdi + "/copy-to", body);
    }

    private String copied(String vdi, String more) {
        return made(copyTo(vdi, more));
    }

    /** Returns the disk that a job has made. */
    private String made(JsonElement begun) {
        JsonObject job = job(begun);
        assertThat(job.get("state").getAsString()).as("%s", job).isEqualTo("done");
        String result = job.get("result").getAsString();
        return result.substring("copied to VDI ".length(), result.indexOf(" at "));
    }

    private JsonObject job(JsonElement begun) {
        return job(text(begun, "job"), 30_000);
    }

    /** Returns a job when it has ended, or some time is over. */
    private JsonObject job(String id, int millis) {
        return local().get("/v1/jobs/" + id + "?waitMillis=" + millis).getAsJsonObject();
    }

    private String problem(String vdi, String more) {
        JsonObject job = job(copyTo(vdi, more));
        assertThat(text(job, "state")).isEqualTo("failed");
        return job.toString();
    }

    private List<String> names() {
        JsonArray all = there.local().get("/v1/srs/offsite/vdis").getAsJsonArray();
        return all.asList().stream().map(one -> text(one, "name")).toList();
    }

    private static byte[] content(Path run, String vdi) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new ContentDownload(run.resolve("agent.sock"))
                .fetch("/v1/vdis/" + vdi + "/content?format=raw", Channels.newChannel(bytes), (done, of) -> {});
        return bytes.toByteArray();
    }

    private ControlClient local() {
        return new ControlClient(RunDirectory.controlSocket(directory.resolve("run")), DEADLINE);
    }

    private JsonElement post(String path, String body) {
        return local().post(path, json(body));
    }

    private static JsonObject json(String text) {
        return JsonParser.parseString(text.replace('\'', '"')).getAsJsonObject();
    }

    private static String text(JsonElement object, String field) {
        return object.getAsJsonObject().get(field).getAsString();
    }
}
