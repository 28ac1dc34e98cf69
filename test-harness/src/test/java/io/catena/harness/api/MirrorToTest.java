package io.catena.harness.api;

import static io.catena.harness.api.SourceAgent.json;
import static io.catena.harness.api.SourceAgent.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mirrors of disks that are written meanwhile, in an SR of the same agent and of another one. */
@Tag("slow")
@Timeout(120)
class MirrorToTest {
    private static final int SIZE_BYTES = SourceAgent.SIZE_BYTES;
    private static final String MARK = "catena_mirror_of";

    private final ApiFixture there;
    private final String theirSr;
    private final PeerOptions self;
    private final SourceAgent here;
    private final String disk;

    MirrorToTest(@TempDir Path directory) throws IOException {
        there = new ApiFixture(Files.createDirectory(directory.resolve("there")), true);
        theirSr = there.sr("offsite");
        TestCertificates own = there.certificates;
        own.certify("source", "source-host");
        self = new PeerOptions("https://unused.example", own.certificate("source"), own.key("source"), own.authority());
        here = new SourceAgent(directory, self, "'name':'a','keys':{'owner':'ann'}");
        disk = here.disk();
        here.post("/v1/srs", "{'name':'second','path':'" + directory.resolve("second") + "'}");
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
    }

    @Test
    void aDiskIsMirroredToAnotherAgentUnderItsWritesAndSwitched() throws IOException {
        String token = "'url':'https://localhost:" + there.port() + "','sr':'offsite','token':'"
                + there.token(Role.OPERATOR, theirSr) + "'";
        String copy = mirrorUnderWrites(token);

        assertThat(contentThere(copy)).isEqualTo(here.content(disk));
        JsonObject made = there.local().get("/v1/vdis/" + copy).getAsJsonObject();
        assertThat(text(made, "name")).isEqualTo("a");
        assertThat(text(made, "state")).isEqualTo("detached");
        assertThat(made.getAsJsonObject("keys")).isEqualTo(json("{'owner':'ann'}"));
    }

    @Test
    void aDiskIsMirroredToAnotherSrOfTheSameAgent() throws IOException {
        String copy = mirrorUnderWrites("'sr':'second'");

        assertThat(here.content(copy)).isEqualTo(here.content(disk));
        assertThat(here.get("/v1/vdis/" + copy).getAsJsonObject().getAsJsonObject("keys"))
                .isEqualTo(json("{'owner':'ann'}"));
    }

    /** The other agent ends and comes back: the disk goes on, and so does the mirror. */
    @Test
    void whatIsWrittenWhileTheOtherAgentIsAwayArrivesLater() throws IOException {
        here.post("/v1/vdis/" + disk + "/attach", "{}");
        String copy = UUID.randomUUID().toString();
        there.local().put("/v1/clients/source-host", json("{'role':'operator','everything':true}"));
        int port = there.port();
        String job = mirror("'url':'https://localhost:" + port + "','sr':'offsite','uuid':'" + copy + "'");
        await(job, one -> text(one, "phase").startsWith("in sync"));
        there.local().post("/v1/vdis/" + copy + "/detach", json("{}"));
        try (NbdClient client = here.connect()) {
            client.write(1 << 20, SourceAgent.bytes(1 << 16, new Random(1)));
            client.flush();
        }
        await(
                job,
                one -> mirrors().contains("\"state\":\"in-sync\"") && !mirrors().contains("broken"));
        switchOver();

        assertThat(contentThere(copy)).isEqualTo(here.content(disk));
    }

    @Test
    void aMirrorThatIsCancelledLeavesWhatCanBeGoneOnWith() throws IOException {
        here.post("/v1/vdis/" + disk + "/attach", "{}");
        String copy = UUID.randomUUID().toString();
        String to = "'sr':'second','uuid':'" + copy + "'";
        String job = mirror(to);
        await(job, one -> text(one, "phase").startsWith("in sync"));
        here.post("/v1/jobs/" + job + "/cancel", "{}");
        assertThat(text(here.job(job, 30_000), "state")).isEqualTo("cancelled");
        assertThat(text(here.get("/v1/vdis/" + copy).getAsJsonObject().getAsJsonObject("keys"), MARK))
                .isEqualTo(disk);
        try (NbdClient client = here.connect()) {
            client.write(0, SourceAgent.bytes(1 << 20, new Random(2)));
            client.trim(4 << 20, 1 << 20);
        }

        String again = mirror(to);
        await(again, one -> text(one, "phase").startsWith("in sync"));
        here.restart(self);
        assertThat(mirrors()).isEqualTo("[]");
        try (NbdClient client = here.connect()) {
            client.write(8 << 20, SourceAgent.bytes(1 << 20, new Random(3)));
        }
        String third = mirror(to);
        await(third, one -> text(one, "phase").startsWith("in sync"));
        switchOver();

        assertThat(here.content(copy)).isEqualTo(here.content(disk));
    }

    @Test
    void whatCannotBeMirroredIsTold() {
        assertThatThrownBy(() -> mirror("'sr':'second'"))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST))
                .hasMessageContaining("not active");
        assertThatThrownBy(() -> switchOver()).hasMessageContaining("not being mirrored");
        here.post("/v1/vdis/" + disk + "/attach", "{'mode':'ro'}");
        assertThatThrownBy(() -> mirror("'sr':'second'")).hasMessageContaining("for reading only");
        here.post("/v1/vdis/" + disk + "/detach", "{}");
        here.post("/v1/vdis/" + disk + "/attach", "{}");
        String other = text(here.post("/v1/srs/second/vdis", "{'sizeBytes':" + SIZE_BYTES + "}"), "vdi");
        JsonObject refused = here.job(mirror("'sr':'second','uuid':'" + other + "'"), 30_000);
        assertThat(refused.toString()).contains("VDI_EXISTS", "no unfinished mirror");
        String job = mirror("'sr':'second'");
        assertThatThrownBy(() -> mirror("'sr':'second'"))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.VDI_IN_USE));
        here.post("/v1/jobs/" + job + "/cancel", "{}");
    }

    private String mirrorUnderWrites(String to) throws IOException {
        here.post("/v1/vdis/" + disk + "/attach", "{}");
        Random random = new Random(19);
        try (NbdClient client = here.connect()) {
            for (int i = 0; i < 20; i++) {
                client.write((long) (1 << 20) * random.nextInt(23), SourceAgent.bytes(300_000 / 512 * 512, random));
            }
        }
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Integer> writer = CompletableFuture.supplyAsync(() -> writeUntil(over));
        String copy = UUID.randomUUID().toString();
        String job = mirror(to + ",'uuid':'" + copy + "'");
        await(job, one -> text(one, "phase").startsWith("in sync"));
        assertThat(mirrors()).contains("\"job\":" + job, copy);
        over.set(true);
        assertThat(writer.join()).isPositive();
        await(job, one -> mirrors().contains("in-sync"));
        String result = switchOver();
        assertThat(result).contains("complete in VDI " + copy);
        assertThat(mirrors()).isEqualTo("[]");
        return copy;
    }

    /** Writes, discards and flushes here and there; returns how often. */
    private int writeUntil(AtomicBoolean over) {
        Random random = new Random(5);
        int done = 0;
        try (NbdClient client = here.connect()) {
            for (; !over.get(); done++) {
                long offset = 512L * random.nextInt((SIZE_BYTES >> 9) - 512);
                if (done % 16 == 7) {
                    client.trim(offset, 512 * (1 + random.nextInt(512)));
                } else {
                    client.write(offset, SourceAgent.bytes(512 * (1 + random.nextInt(200)), random));
                }
            }
            client.flush();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return done;
    }

    private String mirror(String to) {
        JsonObject body = json("{" + to + "}");
        if (body.has("url")) {
            try {
                body.addProperty("authorities", Files.readString(there.certificates.authority()));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        return text(here.local().post("/v1/vdis/" + disk + "/mirror", body), "job");
    }

    private String switchOver() {
        return text(here.local().post("/v1/vdis/" + disk + "/switch", new JsonObject()), "result");
    }

    private String mirrors() {
        return here.get("/v1/mirrors").toString();
    }

    private void await(String job, Predicate<JsonObject> condition) {
        JsonObject now;
        do {
            now = here.job(job, 20);
            assertThat(text(now, "state")).as("%s", now).isEqualTo("running");
        } while (!condition.test(now));
    }

    private byte[] contentThere(String vdi) throws IOException {
        return SourceAgent.content(there.directory.resolve("run"), vdi);
    }
}
