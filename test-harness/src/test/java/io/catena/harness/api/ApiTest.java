package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.harness.api.ApiFixture.Answer;
import java.io.IOException;
import java.net.Socket;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who is let in, and what a request and its answer look like, over TLS to an agent with a real SR. */
@Timeout(120)
@Tag("slow")
class ApiTest {
    private static final String MIB_64 = "67108864";

    private final ApiFixture api;
    private final String admin;

    ApiTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        admin = api.token(Role.ADMIN);
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void nobodyComesInWithoutAToken() throws IOException {
        Answer answer = api.get("", "/v1/srs");

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.text("code")).isEqualTo("UNAUTHENTICATED");
        assertThat(api.get("ctn_00000000_wrong", "/v1/srs").status()).isEqualTo(401);
    }

    @Test
    void anAddressWithTooManyWrongTokensIsNotListenedTo() throws IOException {
        for (int i = 0; i < 10; i++) {
            assertThat(api.get("ctn_00000000_wrong", "/v1/srs").status()).isEqualTo(401);
        }
        Answer answer = api.get(admin, "/v1/srs");

        assertThat(answer.status()).isEqualTo(429);
        assertThat(Long.parseLong(answer.header("Retry-After"))).isBetween(1L, 60L);
    }

    @Test
    void aRoleMayDoItsOwnThingsAndNoMore() throws IOException {
        String sr = api.sr("main");
        String body = "{'sizeBytes':" + MIB_64 + ",'name':'disk'}";
        String viewer = api.token(Role.VIEWER);
        assertThat(api.get(viewer, "/v1/srs/" + sr).status()).isEqualTo(200);
        assertThat(api.get(api.token(Role.METRICS), "/v1/srs").status()).isEqualTo(403);
        assertThat(api.get(api.token(Role.METRICS), "/metrics").status()).isEqualTo(200);
        Answer refused = api.ask("POST", viewer, "/v1/srs/" + sr + "/vdis", body);
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.text("detail")).contains("viewer").contains("operator");

        Answer made = api.ask("POST", api.token(Role.OPERATOR), "/v1/srs/" + sr + "/vdis", body);

        assertThat(made.status()).isEqualTo(201);
        assertThat(api.get(api.token(Role.OPERATOR), "/v1/tokens").status()).isEqualTo(403);
    }

    /** A program follows what a failure recommends, and then succeeds. */
    @Test
    void aMisspelledDryRunDestroysNothing() throws IOException {
        String disk = api.ask("POST", admin, "/v1/srs/" + api.sr("main") + "/vdis", "{'sizeBytes':" + MIB_64 + "}")
                .text("vdi");
        Answer refused = api.ask("DELETE", admin, "/v1/vdis/" + disk + "?dry_run=true", null);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.text("correction")).isEqualTo("Is \"dryRun\" meant?");
        assertThat(api.get(admin, "/v1/srs/main/vdis?nmae=x").status()).isEqualTo(400);
        assertThat(api.get(admin, "/v1/vdis/" + disk).status()).isEqualTo(200);
    }

    @Test
    void aBodyThatIsNoJsonIsRefusedWithItsPlaceInOurWords() throws IOException {
        Answer refused = api.ask("POST", admin, "/v1/srs", "{'name':}");

        assertThat(refused.text("detail")).matches("The request body is not JSON: it is wrong at line 1, column \\d+");
    }

    @Test
    void whoMakesOrChangesSomethingGetsItsPlaceAndItsTag() throws IOException {
        Answer made = api.ask("POST", admin, "/v1/srs/" + api.sr("main") + "/vdis", "{'sizeBytes':" + MIB_64 + "}");
        String place = made.header("Location");
        assertThat(place).isEqualTo("/v1/vdis/" + made.text("vdi"));
        Answer changed = api.ask("PATCH", admin, place, "{'name':'disk'}", "If-Match", made.header("ETag"));
        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.header("ETag"))
                .isEqualTo(api.get(admin, place).header("ETag"))
                .isNotEqualTo(made.header("ETag"));
        Answer refused = api.ask("PUT", admin, place, "{}");
        assertThat(refused.status()).isEqualTo(405);
        assertThat(refused.header("Allow").split(", ")).contains("GET", "PATCH", "DELETE");
    }

    @Test
    void aFailureNamesTheRequestThatHelps() throws IOException {
        String vdis = "/v1/srs/" + api.sr("main") + "/vdis";
        String disk =
                api.ask("POST", admin, vdis, "{'sizeBytes':" + MIB_64 + "}").text("vdi");
        assertThat(api.ask("POST", admin, "/v1/vdis/" + disk + "/attach", "{}").status())
                .isEqualTo(200);

        Answer refused = api.ask("DELETE", admin, "/v1/vdis/" + disk, null);
        JsonObject remedy = refused.object().getAsJsonArray("remedy").get(0).getAsJsonObject();
        assertThat(refused.text("correction")).isEqualTo("Detach it first: POST /v1/vdis/" + disk + "/detach");
        assertThat(remedy.get("verb").getAsString()).isEqualTo("vdi detach");

        String method = remedy.get("method").getAsString();
        assertThat(api.ask(method, admin, remedy.get("path").getAsString(), "{}")
                        .status())
                .isEqualTo(200);
        assertThat(api.ask("DELETE", admin, "/v1/vdis/" + disk, null).status()).isEqualTo(200);
    }

    @Test
    void aRefusalBeforeTheBodyIsReadCostsNoOtherRequest() throws IOException {
        String viewer = api.token(Role.VIEWER);
        String body = "{'name':'" + "x".repeat(200_000) + "'}";
        for (int i = 0; i < 100; i++) {
            assertThat(api.ask("POST", viewer, "/v1/srs", body).status()).isEqualTo(403);
        }
    }

    @Test
    void aCallThatTakesLongIsLoggedWithWhereItsTimeWent() throws Exception {
        String head = "POST /v1/srs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n"
                + "Authorization: Bearer " + admin + "\r\n\r\n";
        try (LogCapture log = new LogCapture("io.catena.agent.control.SlowCalls");
                Socket socket = api.client().sslContext().getSocketFactory().createSocket("localhost", api.port())) {
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            TimeUnit.SECONDS.sleep(2); // what is slow here is the client
            socket.getOutputStream().write("{}".getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().readAllBytes();

            log.await(
                    Pattern.compile("slow-call call=createSr of=\"\" read-ms=\\d{4,} work-ms=\\d+"),
                    Duration.ofSeconds(20));
        }
        try (LogCapture log = new LogCapture("io.catena.agent.control.SlowCalls")) {
            assertThat(api.get(admin, "/v1/srs").status()).isEqualTo(200);

            assertThat(log.text()).isEmpty();
        }
    }

    /** Jetty refuses such a path before any of our code sees it, and ends the connection. */
    @Test
    void aPathThatIsNoneIsRefusedAsAnyOtherMistakeAndCostsNoOtherRequest() throws IOException {
        for (int i = 0; i < 10; i++) {
            Answer refused = api.get(admin, "/v1/vdis/%00");

            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(refused.text("code")).isEqualTo("BAD_REQUEST");
            assertThat(refused.header("Connection")).isEqualToIgnoringCase("close");
            assertThat(api.ask("POST", admin, "/v1/srs", "{}").status()).isEqualTo(400);
        }
    }

    @Test
    void toDetachADiskThatIsGoneIsDoneAlready() throws IOException {
        String disk = disk(api.sr("main"), "disk");
        assertThat(api.ask("DELETE", admin, "/v1/vdis/" + disk, null).status()).isEqualTo(200);

        assertThat(api.ask("DELETE", admin, "/v1/vdis/" + disk + "/attachments/host", null)
                        .status())
                .isEqualTo(204);
    }

    /** What comes after it on the connection would be taken for the rest of the body. */
    @Test
    void aRefusalBeforeALargeBodyTellsThatTheConnectionEnds() throws IOException {
        String head = "POST /v1/srs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\nAuthorization: Bearer "
                + api.token(Role.VIEWER) + "\r\n\r\n";
        try (Socket socket = api.client().sslContext().getSocketFactory().createSocket("localhost", api.port())) {
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answer).startsWith("HTTP/1.1 403 ").containsIgnoringCase("\r\nConnection: close\r\n");
        }
    }

    @Test
    void aBackupDeletesTheSnapshotsThatItTookAndNoOthers() throws IOException {
        String vdi = disk(api.sr("main"), "disk");
        String backup = api.token(Role.BACKUP);
        String others = snapshot(admin, vdi);
        String own = snapshot(backup, vdi);

        assertThat(api.ask("DELETE", backup, "/v1/vdis/" + others, null).status())
                .isEqualTo(403);
        assertThat(api.ask("DELETE", backup, "/v1/vdis/" + vdi, null).status()).isEqualTo(403);
        assertThat(api.ask("DELETE", backup, "/v1/vdis/" + own, null).status()).isEqualTo(200);
        String operator = api.token(Role.OPERATOR);
        assertThat(api.ask("DELETE", operator, "/v1/vdis/" + vdi, null).status())
                .isEqualTo(403);
        assertThat(api.ask("DELETE", operator, "/v1/vdis/" + others, null).status())
                .isEqualTo(200);
    }

    /** Nobody waits for the next second before he takes another. */
    @Test
    void eachSnapshotThatWasGivenNoNameCanBeCalledByItsOwn() throws IOException {
        String vdi = disk(api.sr("main"), "disk");
        List<String> taken = List.of(snapshot(admin, vdi), snapshot(admin, vdi), snapshot(admin, vdi));
        for (String snapshot : taken) {
            String name = api.get(admin, "/v1/vdis/" + snapshot).text("name");
            assertThat(name).startsWith("disk 20");
            String path = "/v1/vdis/"
                    + URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
            assertThat(api.get(admin, path).text("vdi")).as(name).isEqualTo(snapshot);
        }
    }

    @Test
    void aCertificateWithARoleNeedsNoToken() throws IOException {
        Answer session = api.ask(api.client("client"), "GET", "", "/v1/session", null);

        assertThat(session.status()).isEqualTo(200);
        assertThat(session.text("name")).isEqualTo("certificate backup-host");
        assertThat(session.text("role")).isEqualTo("backup");
    }

    @Test
    void aCertificateThatWasGivenARoleForAnSrSeesThatSr() throws IOException {
        String mine = api.sr("mine");
        String other = api.sr("other");
        api.certificates.certify("node", "node-9");
        assertThat(api.ask(api.client("node"), "GET", "", "/v1/srs", null).status())
                .isEqualTo(401);
        assertThat(api.ask("PUT", admin, "/v1/clients/node-9", "{'role':'viewer','srs':['mine']}")
                        .status())
                .isEqualTo(200);

        Answer srs = api.ask(api.client("node"), "GET", "", "/v1/srs", null);
        assertThat(srs.body()).contains(mine).doesNotContain(other);
        assertThat(api.ask("PUT", admin, "/v1/clients/node-9", "{'role':'admin','srs':['mine']}")
                        .status())
                .isEqualTo(400);
        assertThat(api.ask("DELETE", admin, "/v1/clients/node-9", null).status())
                .isEqualTo(200);
        assertThat(api.ask(api.client("node"), "GET", "", "/v1/srs", null).status())
                .isEqualTo(401);
    }

    @Test
    void aTokenForOneSrDoesNotSeeTheOthers() throws IOException {
        String mine = api.sr("mine");
        String other = api.sr("other");
        String hidden = disk(other, "hidden");
        String token = api.token(Role.OPERATOR, mine);

        JsonArray srs = api.get(token, "/v1/srs").object().getAsJsonArray("items");

        assertThat(srs).hasSize(1);
        assertThat(api.get(token, "/v1/srs/" + other).status()).isEqualTo(404);
        assertThat(api.get(token, "/v1/vdis/" + hidden).status()).isEqualTo(404);
        assertThat(api.get(token, "/v1/events").body()).doesNotContain(other);
        assertThat(api.get(token, "/metrics").status()).isEqualTo(404);
    }

    @Test
    void aRevokedTokenEndsItsSessions() throws IOException {
        String sr = api.sr("main");
        Answer login = api.ask("POST", "", "/v1/session", "{'token':'" + admin + "'}");
        assertThat(login.status()).isEqualTo(200);
        String cookie = login.header("Set-Cookie");
        assertThat(cookie).contains("HttpOnly").contains("Secure").contains("SameSite=Strict");
        String pair = cookie.substring(0, cookie.indexOf(';'));
        assertThat(api.get("", "/v1/srs", "Cookie", pair).status()).isEqualTo(200);
        assertThat(api.ask("POST", "", "/v1/srs/" + sr + "/scan", "{}", "Cookie", pair)
                        .status())
                .isEqualTo(401);
        assertThat(api.ask("POST", "", "/v1/srs/" + sr + "/scan", "{}", "Cookie", pair, "X-Catena", "1")
                        .status())
                .isEqualTo(200);

        api.local().delete("/v1/tokens/" + admin.split("_", 3)[1]);

        assertThat(api.get("", "/v1/srs", "Cookie", pair).status()).isEqualTo(401);
        assertThat(api.get(admin, "/v1/srs").status()).isEqualTo(401);
    }

    @Test
    void listsComeInPagesThatMissNothing() throws IOException {
        String sr = api.sr("main");
        for (int i = 0; i < 5; i++) {
            disk(sr, "disk-" + i);
        }
        List<String> names = new ArrayList<>();
        String cursor = "";
        do {
            JsonObject page =
                    api.get(admin, "/v1/srs/" + sr + "/vdis?limit=2" + cursor).object();
            page.getAsJsonArray("items")
                    .forEach(vdi -> names.add(vdi.getAsJsonObject().get("name").getAsString()));
            cursor = page.has("next") ? "&cursor=" + page.get("next").getAsString() : "";
            disk(sr, "a-new-one-" + names.size());
        } while (!cursor.isEmpty());

        assertThat(names)
                .contains("disk-0", "disk-1", "disk-2", "disk-3", "disk-4")
                .doesNotHaveDuplicates();
        Answer bad = api.get(admin, "/v1/srs/" + sr + "/vdis?cursor=eA");
        assertThat(bad.status()).isEqualTo(400);
        assertThat(bad.text("code")).isEqualTo("BAD_CURSOR");
    }

    @Test
    void aStalePageCannotChangeADisk() throws IOException {
        String vdi = disk(api.sr("main"), "disk");
        Answer seen = api.get(admin, "/v1/vdis/" + vdi);
        String tag = seen.header("ETag");
        assertThat(api.get(admin, "/v1/vdis/" + vdi, "If-None-Match", tag).status())
                .isEqualTo(304);
        assertThat(api.ask("PATCH", admin, "/v1/vdis/" + vdi, "{'name':'new','keys':{'a':'b'}}", "If-Match", tag)
                        .status())
                .isEqualTo(200);

        Answer stale = api.ask("DELETE", admin, "/v1/vdis/" + vdi, null, "If-Match", tag);

        assertThat(stale.status()).isEqualTo(412);
        assertThat(api.get(admin, "/v1/vdis/" + vdi).text("name")).isEqualTo("new");
        assertThat(api.ask("PATCH", admin, "/v1/vdis/" + vdi, "{'keys':{'a':null}}")
                        .object()
                        .getAsJsonObject("keys")
                        .size())
                .isZero();
    }

    @Test
    void theSameKeyIsDoneOnce() throws IOException {
        String sr = api.sr("main");
        String body = "{'sizeBytes':" + MIB_64 + ",'name':'disk'}";
        String path = "/v1/srs/" + sr + "/vdis";

        Answer first = api.ask("POST", admin, path, body, "Idempotency-Key", "k1");
        Answer again = api.ask("POST", admin, path, body, "Idempotency-Key", "k1");
        Answer other = api.ask("POST", admin, path, body.replace("disk", "x"), "Idempotency-Key", "k1");

        assertThat(again.status()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(other.status()).isEqualTo(422);
        assertThat(api.get(admin, path).object().getAsJsonArray("items")).hasSize(1);
        api.restart();
        assertThat(api.ask("POST", admin, path, body, "Idempotency-Key", "k1").body())
                .isEqualTo(first.body());
    }

    @Test
    void whatIsGoneIsDeletedAndANameOfTheClientsOwnIsTheSameDisk() throws IOException {
        String sr = api.sr("main");
        String path = "/v1/srs/" + sr + "/vdis/by-client-name/pvc-1";
        String body = "{'sizeBytes':" + MIB_64 + "}";

        String made = api.ask("PUT", admin, path, body).text("vdi");

        assertThat(api.ask("PUT", admin, path, body).text("vdi")).isEqualTo(made);
        assertThat(api.ask("PUT", admin, path, "{'sizeBytes':1048576}").status())
                .isEqualTo(409);
        assertThat(api.ask("DELETE", admin, "/v1/vdis/" + made, null).status()).isEqualTo(200);
        assertThat(api.ask("DELETE", admin, "/v1/vdis/" + made, null).status()).isEqualTo(204);
    }

    @Test
    void attachmentsTellHowToConnect() throws IOException {
        String vdi = disk(api.sr("main"), "disk");
        String path = "/v1/vdis/" + vdi + "/attachments/vm-7";

        Answer attached = api.ask("PUT", admin, path, "{}");

        assertThat(attached.status()).isEqualTo(200);
        assertThat(attached.object()
                        .getAsJsonObject("connection")
                        .get("nbdUnix")
                        .getAsString())
                .startsWith("nbd+unix:///" + vdi);
        assertThat(api.ask("PUT", admin, path, "{}").object()).isEqualTo(attached.object());
        assertThat(api.get(admin, "/v1/vdis/" + vdi + "/attachments").body()).contains("vm-7");
        assertThat(api.ask("DELETE", admin, path, null).status()).isEqualTo(200);
        assertThat(api.ask("DELETE", admin, path, null).status()).isEqualTo(200);
    }

    @Test
    void whatADeleteWouldDoIsToldAndNotDone() throws IOException {
        String vdi = disk(api.sr("main"), "disk");

        Answer plan = api.ask("DELETE", admin, "/v1/vdis/" + vdi + "?dryRun=true", null);

        assertThat(plan.status()).isEqualTo(200);
        assertThat(plan.text("confirm")).isEqualTo("disk");
        assertThat(plan.object().get("losesContent").getAsBoolean()).isTrue();
        assertThat(api.get(admin, "/v1/vdis/" + vdi).status()).isEqualTo(200);
        assertThat(api.ask("POST", admin, "/v1/vdis/" + vdi + "/copy?dryRun=true", "{}")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void whatALimitWouldRefuseIsToldAndNotDone() throws IOException {
        String sr = api.sr("main");
        String vdi = api.ask(
                        "POST",
                        admin,
                        "/v1/srs/" + sr + "/vdis",
                        "{'sizeBytes':" + MIB_64 + ",'name':'disk','keys':{'owner':'ann'}}")
                .text("vdi");
        String path = "/v1/vdis/" + vdi;
        List<String> asked = List.of(
                "POST /v1/srs/" + sr + "/vdis {'sizeBytes':" + MIB_64 + ",'keys':{'owner':'ann'}}",
                "PUT /v1/srs/" + sr + "/vdis/by-client-name/pvc {'sizeBytes':" + MIB_64 + ",'keys':{'owner':'ann'}}",
                "POST " + path + "/clone {}",
                "POST /v1/vdis/snapshot {'vdis':['disk']}",
                "POST " + path + "/resize {'sizeBytes':134217728}");
        for (String one : asked) {
            assertThat(blockers(one)).as(one).isEmpty();
        }
        String quota = "{'virtualBytes':" + MIB_64 + ",'vdis':1,'snapshots':1}";
        assertThat(api.ask("PUT", admin, "/v1/srs/" + sr + "/quotas/ann", quota).status())
                .isEqualTo(200);
        assertThat(blockers(asked.get(3))).isEmpty();
        api.ask("POST", admin, "/v1/vdis/snapshot", "{'vdis':['disk'],'name':'first'}");

        for (String one : asked) {
            assertThat(blockers(one)).as(one).singleElement().asString().contains("QUOTA_EXCEEDED", "allowed are");
        }
        assertThat(api.get(admin, "/v1/srs/" + sr + "/vdis").object().getAsJsonArray("items"))
                .hasSize(2);
    }

    private List<JsonElement> blockers(String request) throws IOException {
        String[] parts = request.split(" ", 3);
        Answer plan = api.ask(parts[0], admin, parts[1] + "?dryRun=true", parts[2]);
        assertThat(plan.status()).as(plan.body()).isEqualTo(200);
        assertThat(plan.object().getAsJsonArray("effects")).isNotEmpty();
        return plan.object().getAsJsonArray("blockers").asList();
    }

    @Test
    void manyWaitForAJobWithoutAThreadEach() throws Exception {
        String sr = api.sr("main");
        List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            waiting.add(api.client()
                    .sendAsync(
                            api.request("POST", admin, "/v1/srs/" + sr + "/gc", "{}", "Prefer", "wait=30"),
                            HttpResponse.BodyHandlers.ofString()));
        }
        for (CompletableFuture<HttpResponse<String>> answer : waiting) {
            assertThat(answer.get().statusCode()).isEqualTo(200);
            assertThat(answer.get().body()).contains("\"state\":\"done\"");
        }
        assertThat(Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().matches("api-[0-9]+.*")))
                .hasSizeLessThanOrEqualTo(40);
    }

    @Test
    void whatIsDoneIsWrittenDown() throws IOException {
        disk(api.sr("main"), "disk");

        String audit = api.get(admin, "/v1/audit").body();

        assertThat(audit)
                .contains("\"operation\":\"createVdi\"")
                .contains("\"status\":201")
                .doesNotContain(admin);
    }

    @Test
    void aNewCertificateIsTakenWithoutARestart() throws Exception {
        String before = serial();
        api.certificates.certify("server", "localhost");
        Path certificate = api.certificates.certificate("server");
        Files.setLastModifiedTime(certificate, FileTime.from(Instant.now().plusSeconds(60)));
        Instant deadline = Instant.now().plus(Duration.ofSeconds(30));
        while (serial().equals(before)) {
            assertThat(Instant.now()).isBefore(deadline);
            Thread.sleep(200);
        }
        assertThat(Files.exists(certificate)).isTrue();
    }

    private String serial() throws IOException {
        Answer answer = api.ask(api.client("client"), "GET", "", "/healthz", null);
        return answer.whole()
                .sslSession()
                .map(session -> {
                    try {
                        return ((X509Certificate) session.getPeerCertificates()[0])
                                .getSerialNumber()
                                .toString();
                    } catch (SSLPeerUnverifiedException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .orElseThrow();
    }

    private String disk(String sr, String name) throws IOException {
        return api.ask("POST", admin, "/v1/srs/" + sr + "/vdis", "{'sizeBytes':" + MIB_64 + ",'name':'" + name + "'}")
                .text("vdi");
    }

    private String snapshot(String token, String vdi) throws IOException {
        Answer answer = api.ask("POST", token, "/v1/vdis/snapshot", "{'vdis':['" + vdi + "']}");
        assertThat(answer.status()).isEqualTo(201);
        return answer.object()
                .getAsJsonArray("items")
                .get(0)
                .getAsJsonObject()
                .get("vdi")
                .getAsString();
    }
}
