package io.catena.harness.api;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.harness.api.ApiFixture.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the agent says before disks are deleted or detached, to whom, and before a schedule is changed. */
@Timeout(120)
@Tag("slow")
class DeletionPlanTest {
    private static final String GONE = "00000000-0000-4000-8000-000000000000";

    private final ApiFixture api;
    private final String admin;
    private final String operator;
    private String sr = "";
    private String disk = "";

    DeletionPlanTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        admin = api.token(Role.ADMIN);
        operator = api.token(Role.OPERATOR);
    }

    @BeforeEach
    void makeDisk() throws IOException {
        sr = api.sr("main");
        disk = api.ask("POST", admin, "/v1/srs/main/vdis", "{'sizeBytes':33554432,'name':'disk'}")
                .text("vdi");
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void eachDiskIsToldWithWhatKeepsItAndTheSumIsOfThoseThatGo() throws IOException {
        String free = snapshot(admin);
        String held = snapshot(admin);
        api.ask("PUT", admin, "/v1/vdis/" + held + "/attachments/reader", "{'mode':'ro'}");
        JsonObject plan = plan(operator, disk, free, held, GONE, free);

        assertThat(blockers(plan))
                .satisfiesExactly(
                        ofDisk -> assertThat(ofDisk).contains("An operator may delete snapshots"),
                        ofFree -> assertThat(ofFree).isEmpty(),
                        ofHeld -> assertThat(ofHeld).contains("active ro for \\\"reader\\\""),
                        ofGone -> assertThat(ofGone).contains("not there any more"));
        assertThat(plan.get("confirm").getAsString()).isEqualTo("delete 1");
        long told = plan.get("freesAtOnceBytes").getAsLong();
        assertThat(told).isPositive();
        long before = physicalBytes();
        assertThat(api.ask("DELETE", operator, "/v1/vdis/" + free, null).status())
                .isEqualTo(200);
        assertThat(before - physicalBytes()).isEqualTo(told);
    }

    @Test
    void aBackupMayDeleteItsOwnSnapshotsOnlyAndIsToldSo() throws IOException {
        String backup = api.token(Role.BACKUP);
        String own = snapshot(backup);
        String other = snapshot(admin);
        JsonObject plan = plan(backup, own, other);

        assertThat(blockers(plan))
                .satisfiesExactly(
                        mine -> assertThat(mine).isEmpty(),
                        theirs -> assertThat(theirs).contains("the snapshots that it took itself"));
        assertThat(api.ask("DELETE", backup, "/v1/vdis/" + other, null).status())
                .isEqualTo(403);
    }

    @Test
    void disksOfTwoSrsArePlannedOneByOne() throws IOException {
        api.sr("other");
        String elsewhere = api.ask("POST", admin, "/v1/srs/other/vdis", "{'sizeBytes':4194304}")
                .text("vdi");

        assertThat(api.ask("POST", admin, "/v1/vdis/deletion-plan", "{'vdis':['" + disk + "','" + elsewhere + "']}")
                        .status())
                .isEqualTo(400);
    }

    @Test
    void aDetachIsToldWithWhoLosesTheDiskAndDoesNothing() throws IOException {
        api.ask("PUT", operator, "/v1/vdis/" + disk + "/attachments/vm-1", "{}");
        api.ask("PUT", operator, "/v1/vdis/" + disk + "/attachments/standby", "{'activate':false}");
        String path = "/v1/vdis/" + disk + "/detach?dryRun=true";
        JsonObject plan = api.ask("POST", operator, path, "{'holder':'vm-1'}").object();

        assertThat(plan.getAsJsonArray("effects").toString())
                .contains("vm-1")
                .contains("lose their connections")
                .contains("It stays attached rw for \\\"standby\\\"");
        assertThat(plan.get("confirm").getAsString()).isEqualTo("disk");
        assertThat(api.ask("POST", operator, path, "{'holder':'nobody'}").body())
                .contains("Nothing:")
                .doesNotContain("\"confirm\"");
        assertThat(api.get(operator, "/v1/vdis/" + disk).object().getAsJsonArray("holds"))
                .hasSize(2);
    }

    @Test
    void aChangeOfAScheduleIsPreviewedWithTheSnapshotsThatWouldGo() throws IOException, InterruptedException {
        schedule("'keepLast':5");
        for (int runs = 1; runs <= 2; runs++) {
            api.ask("POST", operator, "/v1/schedules/nightly/run", "{}");
            awaitRuns(runs);
        }
        Answer preview = api.ask("POST", operator, "/v1/schedules/nightly/preview?count=2", "{'keepLast':1}");

        assertThat(preview.status()).as(preview.body()).isEqualTo(200);
        assertThat(preview.object().get("mostKept").getAsInt()).isEqualTo(1);
        assertThat(stays(preview.object())).containsExactlyInAnyOrder(true, false);
        assertThat(stays(api.get(operator, "/v1/schedules/nightly/preview").object()))
                .as("nothing was changed")
                .containsExactly(true, true);
    }

    @Test
    void aRefusalNamesTheFieldThatIsToBeCorrected() throws IOException {
        assertThat(schedule("'timeZone':'Mars/Base','keepLast':1").text("field"))
                .isEqualTo("timeZone");
        assertThat(schedule("'cron':'x','keepLast':1").text("field")).isEqualTo("cron");
        assertThat(schedule("'cron':'0 0 31 2 *','keepLast':1").text("field")).isEqualTo("cron");
        assertThat(schedule("'keepLast':0,'keepDaily':-1").text("field")).isEqualTo("keepDaily");
        assertThat(schedule("'keepLast':'many'").text("field")).isEqualTo("keepLast");
        assertThat(schedule("'keepLast':1,'blackouts':['noon']").text("field")).isEqualTo("blackouts");
        assertThat(schedule("'keepLast':1,'mode':'one'").text("field")).isEqualTo("mode");
        assertThat(schedule("'keepLast':1,'retries':1000").text("field")).isEqualTo("retries");
    }

    private Answer schedule(String fields) throws IOException {
        String due = fields.contains("'cron'") ? "" : "'cron':'30 2 * * *',";
        return api.ask("POST", operator, "/v1/schedules", "{'name':'nightly','sr':'" + sr + "'," + due + fields + "}");
    }

    private void awaitRuns(int count) throws IOException, InterruptedException {
        until(
                count + " runs have ended",
                () -> api.get(operator, "/v1/schedules/nightly")
                                .object()
                                .getAsJsonObject("status")
                                .getAsJsonArray("runs")
                                .size()
                        >= count);
    }

    private static List<Boolean> stays(JsonObject preview) {
        List<Boolean> stays = new ArrayList<>();
        for (JsonElement snapshot : preview.getAsJsonArray("snapshots")) {
            stays.add(snapshot.getAsJsonObject().get("stays").getAsBoolean());
        }
        return stays;
    }

    private String snapshot(String token) throws IOException {
        Answer taken = api.ask("POST", token, "/v1/vdis/snapshot", "{'vdis':['" + disk + "'],'name':'snapshot'}");
        return taken.object()
                .getAsJsonArray("items")
                .get(0)
                .getAsJsonObject()
                .get("vdi")
                .getAsString();
    }

    private JsonObject plan(String token, String... vdis) throws IOException {
        Answer answer =
                api.ask("POST", token, "/v1/vdis/deletion-plan", "{'vdis':['" + String.join("','", vdis) + "']}");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.object();
    }

    private static List<String> blockers(JsonObject plan) {
        List<String> blockers = new ArrayList<>();
        for (JsonElement told : plan.getAsJsonArray("disks")) {
            blockers.add(String.join("", list(told.getAsJsonObject().getAsJsonArray("blockers"))));
        }
        return blockers;
    }

    private static List<String> list(Iterable<JsonElement> elements) {
        List<String> texts = new ArrayList<>();
        elements.forEach(element -> texts.add(element.toString()));
        return texts;
    }

    private long physicalBytes() throws IOException {
        return api.get(admin, "/v1/srs/main").object().get("physicalBytes").getAsLong();
    }
}
