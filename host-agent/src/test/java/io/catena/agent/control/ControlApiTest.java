package io.catena.agent.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.Agent;
import io.catena.agent.control.client.ControlClient;
import io.catena.agent.host.MemorySrs;
import io.catena.agent.remedy.CommandWords;
import io.catena.api.SrError;
import io.catena.api.SrException;
import io.catena.api.SrId;
import io.catena.api.VdiId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every route of the control API, over a real socket, with SRs in memory. */
@Timeout(60)
@Tag("slow")
final class ControlApiTest {
    private final Path directory;
    private final Path runDirectory;
    private final Path socket;
    private final MemorySrs srs = new MemorySrs();
    private final Agent agent;
    private final ControlClient client;

    ControlApiTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        runDirectory = directory.resolve("run");
        socket = runDirectory.resolve("agent.sock");
        agent = Agent.start(runDirectory, parts -> srs.opener(parts.jobs()));
        client = new ControlClient(socket, Duration.ofSeconds(30));
    }

    @AfterEach
    void close() {
        srs.endGc();
        agent.close();
        assertThat(socket).doesNotExist();
    }

    @Test
    void onlyTheOwnerReachesTheSocket() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(runDirectory)))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
    }

    @Test
    void anSrIsCreatedListedDetachedAttachedAndDestroyed() {
        String uuid = "5f2d3a54-0f86-4f7e-9a0c-0d9f0a1b2c3d";
        JsonObject created = client.post(
                        "/v1/srs", json("{'name':'main','path':'" + path("main") + "','uuid':'" + uuid + "'}"))
                .getAsJsonObject();
        assertThat(created)
                .isEqualTo(json("{'sr':'" + uuid + "','name':'main','path':'" + path("main") + "','attached':true}"));
        assertThat(client.get("/v1/srs").getAsJsonArray()).containsExactly(created);
        assertThat(client.post("/v1/srs/main/detach", json("{'force':true}")))
                .isEqualTo(json("{'sr':'" + uuid + "','holds':[],'jobs':[]}"));
        JsonObject detached = client.get("/v1/srs").getAsJsonArray().get(0).getAsJsonObject();
        assertThat(detached.get("attached").getAsBoolean()).isFalse();
        assertThat(client.post("/v1/srs/attach", json("{'sr':'main'}"))).isEqualTo(created);
        assertThat(client.post("/v1/srs/attach", json("{'path':'" + path("main") + "'}")))
                .isEqualTo(created);
        assertThat(client.delete("/v1/srs/" + uuid)).isEqualTo(json("{'sr':'" + uuid + "'}"));
        assertThat(client.get("/v1/srs").getAsJsonArray()).isEmpty();
    }

    @Test
    void statAndScanAreFlatObjects() {
        String sr = createSr("main");
        for (JsonElement stat : new JsonElement[] {client.get("/v1/srs/main"), client.post("/v1/srs/main/scan")}) {
            JsonObject object = stat.getAsJsonObject();
            assertThat(object.get("sr").getAsString()).isEqualTo(sr);
            assertThat(object.get("chainLimit").getAsInt()).isEqualTo(30);
            assertThat(object.get("problems").getAsJsonArray()).isEmpty();
        }
    }

    @Test
    void aVdiHasTheShapeOfTheContract() {
        String sr = createSr("main");
        JsonElement created = client.post(
                "/v1/srs/main/vdis", json("{'sizeBytes':1048576,'name':'disk','description':'of Ann','raw':false}"));
        String vdi = id(created);
        JsonObject expected = json("{'vdi':'" + vdi + "','name':'disk','description':'of Ann','sr':'" + sr
                + "','file':'" + vdi
                + ".vhd','virtualSizeBytes':1048576,'physicalBytes':4096,'depth':1,'readOnly':false,'keys':{},"
                + "'resetOnBoot':false,'created':'1970-01-01T00:00:00Z','state':'detached','holds':[]}");
        assertThat(created).isEqualTo(expected);
        assertThat(client.get("/v1/vdis/disk")).isEqualTo(expected);
        assertThat(client.get("/v1/vdis/" + vdi)).isEqualTo(expected);
        assertThat(client.get("/v1/srs/main/vdis").getAsJsonArray()).containsExactly(expected);
    }

    @Test
    void aClientsOwnNameForADiskIsItsIdentityInThatSr() {
        SrId sr = SrId.parse(createSr("main"));
        String body = "{'sizeBytes':1048576,'name':'disk','clientName':'pvc-7'}";

        JsonElement created = client.post("/v1/srs/main/vdis", json(body));

        assertThat(id(created)).isEqualTo(VdiId.ofClientName(sr, "pvc-7").toString());
        refused(
                SrError.BAD_REQUEST,
                () -> client.post(
                        "/v1/srs/main/vdis",
                        json("{'sizeBytes':1048576,'clientName':'a','uuid':'5f2d3a54-0f86-4f7e-9a0c-0d9f0a1b2c3d'}")));
    }

    @Test
    void garbageCollectionTellsItsStateAndIsPausedAndSet() {
        createSr("main");
        assertThat(client.get("/v1/srs/main/gc").getAsJsonObject().get("state").getAsString())
                .isEqualTo("idle");
        assertThat(client.post("/v1/srs/main/gc/pause")
                        .getAsJsonObject()
                        .get("state")
                        .getAsString())
                .isEqualTo("paused");
        JsonObject settings = client.post(
                        "/v1/srs/main/gc/set",
                        json("{'leafCoalesce':false,'bytesPerSecond':1048576,'window':'22:00-06:00'}"))
                .getAsJsonObject()
                .getAsJsonObject("settings");
        assertThat(settings.get("leafCoalesce").getAsBoolean()).isFalse();
        assertThat(settings.get("bytesPerSecond").getAsLong()).isEqualTo(1048576);
        assertThat(settings.get("window").getAsString()).isEqualTo("22:00-06:00");
        assertThat(client.post("/v1/srs/main/gc/resume")
                        .getAsJsonObject()
                        .get("state")
                        .getAsString())
                .isEqualTo("idle");
    }

    @Test
    void attachPublishesAndDetachEnds() {
        createSr("main");
        String vdi = createVdi("main", "disk");
        JsonObject export =
                json("{'vdi':'" + vdi + "','mode':'ro','uri':'nbd+unix:///" + vdi + "?socket=/run/catena/nbd.sock'}");
        assertThat(client.post("/v1/vdis/disk/attach", json("{'mode':'ro','as':'nbd'}")))
                .isEqualTo(export);
        JsonObject stat = client.get("/v1/vdis/disk").getAsJsonObject();
        assertThat(stat.get("state").getAsString()).isEqualTo("active");
        assertThat(stat.get("export")).isEqualTo(export);
        refused(SrError.VDI_IN_USE, () -> client.post("/v1/vdis/disk/attach"));
        refused(SrError.SR_IN_USE, () -> client.post("/v1/srs/main/detach"));
        assertThat(client.post("/v1/vdis/disk/detach")).isEqualTo(json("{'vdi':'" + vdi + "'}"));
        refused(SrError.BAD_REQUEST, () -> client.post("/v1/vdis/disk/attach", json("{'as':'iscsi'}")));
        refused(SrError.BAD_REQUEST, () -> client.post("/v1/vdis/disk/attach", json("{'mode':'wr'}")));
    }

    @Test
    void snapshotsOfSeveralDisksAreOneAnswer() {
        createSr("main");
        String a = createVdi("main", "a");
        String b = createVdi("main", "b");
        JsonElement answer = client.post("/v1/vdis/snapshot", json("{'vdis':['a','" + b + "'],'name':'monday'}"));
        assertThat(answer.getAsJsonArray()).hasSize(2);
        JsonObject first = answer.getAsJsonArray().get(0).getAsJsonObject();
        assertThat(first.keySet()).containsExactly("vdi", "of", "pauseMicros");
        assertThat(first.get("of").getAsString()).isEqualTo(a);
        JsonObject snapshot = client.get("/v1/vdis/" + id(first)).getAsJsonObject();
        assertThat(snapshot.get("snapshotOf").getAsString()).isEqualTo(a);
        assertThat(snapshot.get("name").getAsString()).isEqualTo("monday");
    }

    @Test
    void aNameMeansTheDiskBeforeItsSnapshotsAndThoseWithoutANameGetOne() {
        createSr("main");
        String disk = createVdi("main", "disk");
        JsonElement unnamed = client.post("/v1/vdis/snapshot", json("{'vdis':['disk']}"));
        JsonElement namesake = client.post("/v1/vdis/snapshot", json("{'vdis':['disk'],'name':'disk'}"));
        String name = client.get("/v1/vdis/" + id(unnamed.getAsJsonArray().get(0)))
                .getAsJsonObject()
                .get("name")
                .getAsString();
        assertThat(name).matches("disk \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ");
        assertThat(id(client.get("/v1/vdis/disk"))).isEqualTo(disk);

        client.delete("/v1/vdis/" + disk);
        assertThat(id(client.get("/v1/vdis/disk")))
                .isEqualTo(id(namesake.getAsJsonArray().get(0)));
    }

    @Test
    void guestsAreRefusedWithoutAHypervisorAndWrongRequestsAreNamed() {
        createSr("main");
        createVdi("main", "disk");
        refused(SrError.HYPERVISOR_UNAVAILABLE, () -> client.get("/v1/guests"));
        refused(SrError.HYPERVISOR_UNAVAILABLE, () -> client.post("/v1/guests/debian/attach", json("{'vdi':'disk'}")));
        refused(SrError.HYPERVISOR_UNAVAILABLE, () -> client.post("/v1/guests/debian/detach", json("{'vdi':'disk'}")));
        refused(SrError.HYPERVISOR_UNAVAILABLE, () -> client.post("/v1/guests/debian/snapshot"));
        refused(SrError.VDI_MISSING, () -> client.post("/v1/guests/debian/attach", json("{'vdi':'none'}")));
        refused(
                SrError.BAD_REQUEST,
                () -> client.post("/v1/guests/debian/detach", json("{'vdi':'disk','timeoutSeconds':0}")));
        refused(SrError.BAD_REQUEST, () -> client.post("/v1/guests/debian/snapshot", json("{'freeze':'maybe'}")));
        refused(SrError.BAD_REQUEST, () -> client.post("/v1/vdis/disk/libvirt-xml", json("{'target':'/etc'}")));
    }

    @Test
    void snapshotsAcrossSrsAreRefused() {
        createSr("one");
        createSr("two");
        createVdi("one", "a");
        createVdi("two", "b");
        refused(SrError.BAD_REQUEST, () -> client.post("/v1/vdis/snapshot", json("{'vdis':['a','b']}")));
    }

    @Test
    void clonesAndTreesAndDestroys() {
        createSr("main");
        createVdi("main", "disk");
        String clone = id(client.post("/v1/vdis/disk/clone", json("{'name':'twin'}")));
        JsonObject root =
                client.get("/v1/srs/main/tree").getAsJsonArray().get(0).getAsJsonObject();
        assertThat(root.get("children").getAsJsonArray()).hasSize(2);
        assertThat(root.get("vdi").getAsString()).isNotEmpty();
        assertThat(client.delete("/v1/vdis/twin")).isEqualTo(json("{'vdi':'" + clone + "'}"));
        refused(SrError.VDI_MISSING, () -> client.get("/v1/vdis/" + clone));
        refused(SrError.VDI_MISSING, () -> client.get("/v1/vdis/twin"));
    }

    @Test
    void jobsAreShownWaitedForAndCancelled() {
        createSr("main");
        long first = client.post("/v1/srs/main/gc").getAsJsonObject().get("job").getAsLong();
        JsonObject running = client.get("/v1/jobs/" + first + "?waitMillis=1").getAsJsonObject();
        assertThat(running.get("state").getAsString()).isEqualTo("running");
        assertThat(running.has("ended")).isFalse();
        client.post("/v1/jobs/" + first + "/cancel");
        assertThat(state(client.get("/v1/jobs/" + first + "?waitMillis=20000"))).isEqualTo("cancelled");

        long second =
                client.post("/v1/srs/main/gc").getAsJsonObject().get("job").getAsLong();
        srs.endGc();
        JsonObject done = client.get("/v1/jobs/" + second + "?waitMillis=20000").getAsJsonObject();
        assertThat(state(done)).isEqualTo("done");
        assertThat(done.get("result").getAsString()).isEqualTo("merged 1 base copy");
        assertThat(client.get("/v1/jobs").getAsJsonArray()).hasSize(2);
        refused(SrError.BAD_REQUEST, () -> client.get("/v1/jobs/99"));
        refused(SrError.BAD_REQUEST, () -> client.get("/v1/jobs/first"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"waitMillis=", "waitMillis=-1", "waitMillis=30001", "waitMillis=x", "wait=1"})
    void aWrongQueryIsRefused(String query) {
        refused(SrError.BAD_REQUEST, () -> client.get("/v1/jobs/1?" + query));
    }

    @Test
    void ambiguousNamesListTheCandidates() {
        String one = createSr("twin");
        String two = id(client.post("/v1/srs", json("{'name':'twin','path':'" + path("twin2") + "'}")), "sr");
        assertThatThrownBy(() -> client.get("/v1/srs/twin"))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.BAD_REQUEST))
                .hasMessageContaining("2 SRs are called \"twin\"")
                .hasMessageContaining(one)
                .hasMessageContaining(two);
        String a = createVdi(one, "disk");
        String b = createVdi(two, "disk");
        assertThatThrownBy(() -> client.get("/v1/vdis/disk"))
                .hasMessageContaining("2 VDIs are called \"disk\"")
                .hasMessageContaining(a)
                .hasMessageContaining(b);
        assertThat(id(client.get("/v1/vdis/" + a))).isEqualTo(a);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a/b", "..", ".", "a b", "a+b", "ümlaut", "100%", "a?b=c", "%2e%2e", "a;b", "\"'<>"})
    void anyNameCanBeAsked(String name) {
        createSr("main");
        String vdi = createVdi("main", name);
        assertThat(id(client.get("/v1/vdis/" + ControlClient.part(name)))).isEqualTo(vdi);
    }

    @Test
    void anSrThatCannotAnswerDoesNotHideTheDisksOfOthers() {
        createSr("a");
        createSr("b");
        String vdi = createVdi("b", "disk");
        client.post("/v1/srs/a/detach");
        assertThat(id(client.get("/v1/vdis/disk"))).isEqualTo(vdi);
        refused(SrError.SR_UNAVAILABLE, () -> client.get("/v1/srs/a"));
        refused(SrError.SR_UNAVAILABLE, () -> client.get("/v1/srs/nowhere"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[]",
                "7",
                "{'name':'x'}",
                "{'name':7,'path':'/x'}",
                "{'name':'x','path':'relative'}",
                "{'name':'x','path':'/x\\u0000'}",
                "{'name':'x','path':'/x','uuid':'1-1-1-1-1'}",
                "{'name':'x','path':'/x','size':1}",
                "{name:'x'}",
                "{'name':'x','path':'/x'} trailing"
            })
    void malformedBodiesAreRefused(String body) throws IOException {
        String answer = raw("POST", "/v1/srs", body.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        assertThat(answer).startsWith("HTTP/1.1 400").contains("\"code\":\"BAD_REQUEST\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.5", "1e3", "99999999999999999999", "'1'", "true", "[]"})
    void aSizeThatIsNoWholeNumberIsRefused(String size) {
        createSr("main");
        refused(SrError.BAD_REQUEST, () -> client.post("/v1/srs/main/vdis", json("{'sizeBytes':" + size + "}")));
    }

    @Test
    void deeplyNestedJsonIsRefused() throws IOException {
        String answer = raw("POST", "/v1/srs", "[".repeat(200_000).getBytes(StandardCharsets.UTF_8));
        assertThat(answer).startsWith("HTTP/1.1 400").contains("BAD_REQUEST");
    }

    @Test
    void anOversizeBodyIsRefused() throws IOException {
        String answer = raw("POST", "/v1/srs", new byte[ControlHandler.MAX_BODY_BYTES + 1]);
        assertThat(answer).startsWith("HTTP/1.1 413").contains("more than 1048576 bytes");
    }

    @Test
    void unknownPathsAndMethodsAreRefused() throws IOException {
        assertThat(raw("GET", "/v2/srs", new byte[0]))
                .startsWith("HTTP/1.1 404")
                .contains("There is no /v2/srs");
        assertThat(raw("PUT", "/v1/srs", new byte[0]))
                .startsWith("HTTP/1.1 405")
                .contains("does not take PUT");
    }

    @Test
    void errorsCarryTheWholeTableEntry() throws IOException {
        createSr("main");
        assertThat(raw("GET", "/v1/vdis/none", new byte[0]))
                .startsWith("HTTP/1.1 404")
                .endsWith("{\"error\":{\"code\":\"VDI_MISSING\",\"number\":144,\"message\":\"There is no VDI called"
                        + " \\\"none\\\" in any attached SR\",\"correction\":\"See: catena sr ls and catena vdi ls SR\","
                        + "\"retryable\":false}}\n");
    }

    @Test
    void aBugIsAnInternalErrorAndTheAgentLives() {
        createSr("main");
        client.post("/v1/srs/main/detach");
        Path blocker = directory.resolve("main");
        srs.failUnexpectedly(blocker);
        refused(SrError.INTERNAL, () -> client.post("/v1/srs/attach", json("{'sr':'main'}")));
        assertThat(client.get("/v1/srs").getAsJsonArray()).hasSize(1);
    }

    @Test
    void everyErrorHasAStatusThatIsNoSuccess() {
        for (SrError error : SrError.values()) {
            assertThat(HttpStatusOf.error(error)).as(error.name()).isBetween(400, 599);
        }
    }

    @Test
    void withoutAnAgentTheClientSaysHowToStartIt() {
        ControlClient lost = new ControlClient(directory.resolve("none.sock"), Duration.ofSeconds(5));
        assertThatThrownBy(() -> lost.get("/v1/srs")).isInstanceOfSatisfying(SrException.class, e -> {
            assertThat(e.error()).isEqualTo(SrError.AGENT_UNREACHABLE);
            assertThat(CommandWords.orNull(e.advice())).isEqualTo("Start it: catena agent");
        });
    }

    @Test
    void anAgentThatDoesNotAnswerInTimeIsUnreachable() {
        createSr("main");
        long job = client.post("/v1/srs/main/gc").getAsJsonObject().get("job").getAsLong();
        ControlClient hasty = new ControlClient(socket, Duration.ofMillis(50));
        refused(SrError.AGENT_UNREACHABLE, () -> hasty.get("/v1/jobs/" + job + "?waitMillis=5000"));
    }

    @Test
    void aSecondAgentIsRefusedAndTheFirstServesOn() {
        assertThatThrownBy(() -> Agent.start(runDirectory, parts -> srs.opener(parts.jobs())))
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(SrError.TRY_AGAIN))
                .hasMessageContaining(
                        "Another agent (process " + ProcessHandle.current().pid() + ")");
        assertThat(client.get("/v1/srs").getAsJsonArray()).isEmpty();
    }

    @Test
    void aSocketPathThatIsTooLongIsRefusedWithItsLength() {
        Path deep = directory.resolve("x".repeat(120));
        assertThatThrownBy(() -> Agent.start(deep, parts -> srs.opener(parts.jobs())))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("at most 107");
    }

    private static void refused(SrError error, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        SrException.class, e -> assertThat(e.error()).isEqualTo(error));
    }

    private String createSr(String name) {
        return id(client.post("/v1/srs", json("{'name':'" + name + "','path':'" + path(name) + "'}")), "sr");
    }

    private String createVdi(String sr, String name) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", 1 << 20);
        body.addProperty("name", name);
        return id(client.post("/v1/srs/" + sr + "/vdis", body));
    }

    private Path path(String name) {
        return directory.resolve(name);
    }

    private static String id(JsonElement answer) {
        return id(answer, "vdi");
    }

    private static String id(JsonElement answer, String field) {
        return answer.getAsJsonObject().get(field).getAsString();
    }

    private static String state(JsonElement job) {
        return job.getAsJsonObject().get("state").getAsString();
    }

    private static JsonObject json(String withApostrophes) {
        return JsonParser.parseString(withApostrophes.replace('\'', '"')).getAsJsonObject();
    }

    /** What a client that is not ours gets, head and body. */
    private String raw(String method, String path, byte[] body) throws IOException {
        String head = method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
                + body.length + "\r\n\r\n";
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            channel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.UTF_8)));
            channel.write(ByteBuffer.wrap(body));
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            ByteBuffer in = ByteBuffer.allocate(4096);
            while (channel.read(in.clear()) >= 0) {
                answer.write(in.array(), 0, in.position());
            }
            return answer.toString(StandardCharsets.UTF_8);
        }
    }
}
