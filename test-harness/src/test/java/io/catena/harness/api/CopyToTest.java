package io.catena.harness.api;

import static io.catena.harness.api.SourceAgent.json;
import static io.catena.harness.api.SourceAgent.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.agent.follow.PeerOptions;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.harness.peer.NbdClient;
import io.catena.harness.peer.TestCertificates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies of disks in the SR of another agent, over TLS. */
@Timeout(120)
@Tag("slow")
class CopyToTest {
    private static final int BLOCK_BYTES = 2 << 20;

    private final Path directory;
    private final ApiFixture there;
    private final String theirSr;
    private final SourceAgent here;
    private final Random random = new Random(19);

    CopyToTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        there = new ApiFixture(Files.createDirectory(directory.resolve("there")));
        theirSr = there.sr("offsite");
        here = new SourceAgent(directory, null, "'name':'a disk & more'");
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
    }

    @Test
    void aDiskAndThenWhatChangedArriveWhole() throws IOException {
        String monday = writtenAndCut(5);
        here.post("/v1/vdis/" + here.disk() + "/set", "{'keys':{'owner':'ann & bob','size':'50 %'}}");
        String tuesday = writtenAndCut(2);
        here.post("/v1/vdis/" + tuesday + "/set", "{'keys':{'app':'m\u00fcller'}}");
        String token = there.token(Role.OPERATOR, theirSr);

        String first = copied(monday, "'token':'" + token + "'");
        String second = copied(tuesday, "'token':'" + token + "','base':'" + monday + "','name':'tuesday'");

        assertThat(contentThere(first)).isEqualTo(here.content(monday));
        assertThat(contentThere(second)).isEqualTo(here.content(tuesday));
        assertThat(text(there.local().get("/v1/vdis/" + first), "name")).isEqualTo("monday");
        assertThat(text(there.local().get("/v1/vdis/" + second), "name")).isEqualTo("tuesday");
        assertThat(keysOf(there.local().get("/v1/vdis/" + first)).asMap()).isEmpty();
        assertThat(keysOf(there.local().get("/v1/vdis/" + second)))
                .isEqualTo(keysOf(here.get("/v1/vdis/" + tuesday)))
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
        here.restart(new PeerOptions(
                "https://unused.example", own.certificate("copier"), own.key("copier"), own.authority()));

        JsonObject body = json("{'url':'" + url() + "','sr':'offsite'}");
        String copy = made(here.local().post("/v1/vdis/" + here.disk() + "/copy-to", body));

        assertThat(contentThere(copy)).isEqualTo(new byte[SourceAgent.SIZE_BYTES]);
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

        String id = text(here.local().post("/v1/vdis/" + here.disk() + "/copy-to", body), "job");
        JsonObject job = waiting(id);

        assertThat(job.get("phase").getAsString()).contains("try 2", "cannot reach " + url());
        here.local().post("/v1/jobs/" + id + "/cancel", new JsonObject());
        assertThat(text(here.job(id, 30_000), "state")).isEqualTo("cancelled");
        assertThat(names()).isEmpty();
    }

    @Test
    void oneThatIsSlowedDownCanBeCancelledAndLeavesNothing() throws IOException {
        String monday = writtenAndCut(8);
        String token = "'token':'" + there.token(Role.OPERATOR) + "'";

        String id = text(copyTo(monday, token + ",'bytesPerSecond':1000000"), "job");
        JsonObject job;
        do {
            job = here.job(id, 20);
        } while (job.get("doneBytes").getAsLong() < 1 << 20);
        assertThat(job.get("totalBytes").getAsLong()).isGreaterThan(4L * BLOCK_BYTES);
        here.local().post("/v1/jobs/" + id + "/cancel", new JsonObject());

        assertThat(text(here.job(id, 30_000), "state")).isEqualTo("cancelled");
        assertThat(names()).isEmpty();
        assertNothingTemporary();
        String again = copied(monday, token);
        assertThat(contentThere(again)).isEqualTo(here.content(monday));
        assertNothingTemporary();
    }

    private void assertNothingTemporary() throws IOException {
        try (Stream<Path> temporary = Files.list(there.directory.resolve("sr-offsite/.catena/tmp"))) {
            assertThat(temporary).isEmpty();
        }
    }

    /** What has come is not sent again: of a whole disk, and of what changed since a base. */
    @Test
    void oneWhoseConnectionBreaksGoesOnWhereItWas() throws IOException {
        String monday = writtenAndCut(40);
        String tuesday = writtenAndCut(40);
        String token = "'token':'" + there.token(Role.OPERATOR) + "','bytesPerSecond':50000000";

        String first = copiedOverABrokenConnection(monday, token);
        String second = copiedOverABrokenConnection(tuesday, token + ",'base':'" + monday + "'");

        assertThat(contentThere(first)).isEqualTo(here.content(monday));
        assertThat(contentThere(second)).isEqualTo(here.content(tuesday));
        assertNothingTemporary();
    }

    private String copiedOverABrokenConnection(String vdi, String more) throws IOException {
        try (BreakingLink link = new BreakingLink(there.port(), 5 * BLOCK_BYTES)) {
            JsonElement begun = copyTo(vdi, more + ",'url':'https://localhost:" + link.port() + "'");
            String copy = made(begun);
            JsonObject job = job(begun);
            assertThat(link.hasBroken()).isTrue();
            assertThat(job.get("totalBytes").getAsLong()).isGreaterThan(7L * BLOCK_BYTES);
            assertThat(job.get("doneBytes").getAsLong())
                    .as("of %s", job)
                    .isGreaterThanOrEqualTo(job.get("totalBytes").getAsLong() - BLOCK_BYTES)
                    .isLessThan(SourceAgent.SIZE_BYTES + 3L * BLOCK_BYTES);
            return copy;
        }
    }

    private static JsonObject keysOf(JsonElement disk) {
        return disk.getAsJsonObject().getAsJsonObject("keys");
    }

    /** Waits until it tries again. */
    private JsonObject waiting(String id) {
        JsonObject job;
        do {
            job = here.job(id, 20);
            assertThat(job.get("state").getAsString()).isIn("queued", "running");
        } while (!job.get("phase").getAsString().contains("try 2"));
        return job;
    }

    /** Writes some pages here and there, and takes a snapshot. */
    private String writtenAndCut(int pages) throws IOException {
        here.local().post("/v1/vdis/" + here.disk() + "/attach", new JsonObject());
        try (NbdClient client = here.connect()) {
            for (int i = 0; i < pages; i++) {
                long block = random.nextInt(SourceAgent.SIZE_BYTES / BLOCK_BYTES);
                client.write(block * BLOCK_BYTES + 4096L * i, SourceAgent.bytes(4096, random));
            }
        }
        here.local().post("/v1/vdis/" + here.disk() + "/detach", new JsonObject());
        JsonElement cut = here.post("/v1/vdis/snapshot", "{'vdis':['" + here.disk() + "'],'name':'monday'}");
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
        return here.local().post("/v1/vdis/" + vdi + "/copy-to", body);
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
        return here.job(text(begun, "job"), 30_000);
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

    private byte[] contentThere(String vdi) throws IOException {
        return SourceAgent.content(there.directory.resolve("run"), vdi);
    }
}
