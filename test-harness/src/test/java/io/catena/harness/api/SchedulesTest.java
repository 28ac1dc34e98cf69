package io.catena.harness.api;

import static io.catena.harness.Waiting.until;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.harness.api.ApiFixture.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Schedules of an agent with a real SR. */
@Tag("slow")
@Timeout(120)
class SchedulesTest {
    private final ApiFixture api;
    private final String operator;
    private final String sr;
    private final String disk;

    SchedulesTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        operator = api.token(Role.OPERATOR);
        sr = api.sr("main");
        disk = api.ask("POST", operator, "/v1/srs/main/vdis", "{'sizeBytes':4194304,'name':'disk'}")
                .text("vdi");
    }

    @AfterEach
    void close() {
        api.close();
    }

    private Answer create(String fields) throws IOException {
        return create("nightly", fields);
    }

    private Answer create(String name, String fields) throws IOException {
        return api.ask(
                "POST",
                operator,
                "/v1/schedules",
                "{'name':'" + name + "','sr':'main','cron':'30 2 * * *'," + fields + "}");
    }

    private JsonObject schedule() throws IOException {
        return api.get(operator, "/v1/schedules/nightly").object();
    }

    private long good() throws IOException {
        return schedule().getAsJsonObject("status").get("ok").getAsLong();
    }

    /** Begins a run, waits for its end, and for the next second: two of one second would be one. */
    private void run() throws IOException, InterruptedException {
        long before = good();
        String last = lastDue();
        until(
                "another second has begun",
                () -> !Instant.now().truncatedTo(ChronoUnit.SECONDS).toString().equals(last));
        assertThat(api.ask("POST", operator, "/v1/schedules/nightly/run", "{}").status())
                .isEqualTo(200);
        until("it has run", () -> good() > before);
    }

    private String lastDue() throws IOException {
        JsonElement last = schedule().getAsJsonObject("status").get("lastOk");
        return last == null ? "" : last.getAsString();
    }

    private List<String> snapshots() throws IOException {
        List<String> snapshots = new ArrayList<>();
        for (JsonElement vdi : api.get(operator, "/v1/srs/main/vdis").object().getAsJsonArray("items")) {
            JsonElement of = vdi.getAsJsonObject().get("snapshotOf");
            if (of != null && of.getAsString().equals(disk)) {
                snapshots.add(vdi.getAsJsonObject().get("vdi").getAsString());
            }
        }
        return snapshots;
    }

    @Test
    void oldSnapshotsGoWhenNewOnesAreThereAndPinnedOnesAndThoseOfOthersStay() throws IOException, InterruptedException {
        api.ask("POST", operator, "/v1/vdis/snapshot", "{'vdis':['" + disk + "'],'name':'by hand'}");
        assertThat(create("'keepLast':2").status()).isEqualTo(201);
        run();
        String pinned = schedule()
                .getAsJsonObject("status")
                .getAsJsonArray("runs")
                .get(0)
                .getAsJsonObject()
                .getAsJsonArray("snapshots")
                .get(0)
                .getAsString();
        api.ask("PATCH", operator, "/v1/vdis/" + pinned, "{'keys':{'keep':'audit'}}");
        run();
        run();
        run();

        // A run has ended when its snapshots are there; what is too old goes after it.
        until(
                "one by hand, one pinned and the last two are left",
                () -> snapshots().size() == 4);
        assertThat(snapshots()).contains(pinned);
        JsonObject preview =
                api.get(operator, "/v1/schedules/nightly/preview?count=3").object();
        assertThat(preview.getAsJsonArray("due")).hasSize(3);
        assertThat(preview.toString()).contains("pinned by its key");
        assertThat(api.ask("DELETE", operator, "/v1/schedules/nightly?purge=true", null)
                        .status())
                .isEqualTo(200);
        assertThat(snapshots()).hasSize(2).contains(pinned);
    }

    @Test
    void aScheduleAndItsRunsAreThereAfterARestartOfTheAgent() throws IOException, InterruptedException {
        create("'keepLast':2");
        run();
        JsonObject before = schedule();
        api.restart();

        assertThat(schedule()).isEqualTo(before);
        assertThat(snapshots()).hasSize(1);
    }

    @Test
    void whatDoesNotFitIntoTheChainIsRefusedWithTheArithmetic() throws IOException {
        Answer refused = create("'keepLast':300");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body()).contains("up to 300 snapshots").contains("limit is");
        assertThat(create("'partial':false").body()).contains("fills its SR");
        assertThat(create("'keepLast':1,'timeZone':'Mars/Base'").body()).contains("Mars/Base");
    }

    @Test
    void blackoutsEndWithAnEmptyList() throws IOException {
        create("'keepLast':2,'blackouts':['08:00-18:00']");
        assertThat(schedule().getAsJsonArray("blackouts")).hasSize(1);
        Answer changed = api.ask("PATCH", operator, "/v1/schedules/nightly", "{'blackouts':[]}");

        assertThat(changed.status()).as(changed.body()).isEqualTo(200);
        assertThat(schedule().getAsJsonArray("blackouts")).isEmpty();
    }

    @Test
    void aScheduleThatHasNoRoomIsNotKept() throws IOException {
        String reserve = "{'reserveBytes':" + (1L << 60) + "}";
        assertThat(api.ask("POST", operator, "/v1/srs/main/gc/set", reserve).status())
                .isEqualTo(200);
        Answer refused = create("'keepLast':2");

        assertThat(refused.status()).as(refused.body()).isEqualTo(507);
        assertThat(refused.body()).contains("beside the reserve");
    }

    /** They were allowed when they were made; since then the space, the chain or the quota was used up. */
    @Test
    void whatIsNotAllowedAnyMoreWhenItIsDueIsRefusedWithTheReasonAndTakesNothing()
            throws IOException, InterruptedException {
        String admin = api.token(Role.ADMIN);
        for (String cause : List.of("quota", "chain", "space")) {
            assertThat(create(cause, "'keepLast':2,'retries':0").status()).isEqualTo(201);
        }
        api.ask("PATCH", admin, "/v1/vdis/" + disk, "{'keys':{'owner':'ann'}}");
        api.ask("POST", operator, "/v1/vdis/snapshot", "{'vdis':['" + disk + "'],'name':'by hand'}");
        done(api.ask("PUT", admin, "/v1/srs/main/quotas/ann", "{'snapshots':1}"));
        refusedRun("quota", "QUOTA_EXCEEDED");
        done(api.ask("PATCH", admin, "/v1/srs/main", "{'chainLimit':4,'chainWarning':4}"));
        refusedRun("chain", "SNAPSHOT_CHAIN_TOO_LONG: the chain of VDI " + disk);
        done(api.ask("PATCH", admin, "/v1/srs/main", "{'chainLimit':250}"));
        done(api.ask("POST", operator, "/v1/srs/main/gc/set", "{'reserveBytes':" + (1L << 60) + "}"));
        refusedRun("space", "SR_NO_SPACE: beside the reserve there are");

        assertThat(snapshots()).as("only the one by hand").hasSize(1);
    }

    private static void done(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    }

    private void refusedRun(String name, String reason) throws IOException, InterruptedException {
        done(api.ask("POST", operator, "/v1/schedules/" + name + "/run", "{}"));
        until("the refusal is told", () -> status(name).has("reason"));
        assertThat(status(name).get("reason").getAsString()).contains(reason);
        assertThat(status(name).get("ok").getAsLong()).isZero();
    }

    private JsonObject status(String name) throws IOException {
        return api.get(operator, "/v1/schedules/" + name).object().getAsJsonObject("status");
    }

    @Test
    void disksOfTwoSrsShareNoInstantAndNoSchedule() throws IOException {
        api.sr("other");
        String elsewhere = api.ask("POST", operator, "/v1/srs/other/vdis", "{'sizeBytes':4194304,'name':'log'}")
                .text("vdi");
        String both = "{'vdis':['" + disk + "','" + elsewhere + "']}";
        Answer refused = api.ask("POST", operator, "/v1/vdis/snapshot", both);
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body()).contains("different SRs, which share no instant", "SR by SR");
        assertThat(api.ask("POST", operator, "/v1/vdis/snapshot?dryRun=true", both)
                        .body())
                .contains("share no instant");
        Answer unmade = create("'keepLast':2,'vdis':['" + disk + "','" + elsewhere + "']");
        assertThat(unmade.status()).as(unmade.body()).isEqualTo(404);
        assertThat(unmade.body()).contains(elsewhere).contains(sr);

        assertThat(snapshots()).isEmpty();
        assertThat(api.get(operator, "/v1/srs/other/vdis").object().getAsJsonArray("items"))
                .hasSize(1);
    }

    @Test
    void aChangeOfSomebodyWhoLookedTooLongAgoIsRefusedAndAPausedOneIsNotDue() throws IOException, InterruptedException {
        create("'keepLast':2");
        String tag = api.get(operator, "/v1/schedules/nightly").header("ETag");
        run();
        Answer changed = api.ask("PATCH", operator, "/v1/schedules/nightly", "{'keepLast':3}", "If-Match", tag);
        assertThat(changed.status()).as("a run is no change").isEqualTo(200);
        assertThat(api.ask("PATCH", operator, "/v1/schedules/nightly", "{'keepLast':4}", "If-Match", tag)
                        .status())
                .isEqualTo(412);
        JsonObject paused =
                api.ask("POST", operator, "/v1/schedules/nightly/pause", "{}").object();
        assertThat(paused.getAsJsonObject("status").get("health").getAsString()).isEqualTo("paused");
        assertThat(paused.getAsJsonObject("status").has("nextDue")).isFalse();
    }

    @Test
    void aCallerOfAnotherSrSeesNoSchedule() throws IOException {
        create("'keepLast':2");
        api.sr("other");
        String theirs = api.token(Role.OPERATOR, "other");
        assertThat(api.get(theirs, "/v1/schedules").object().getAsJsonArray("items"))
                .isEmpty();
        assertThat(api.get(theirs, "/v1/schedules/nightly").status()).isEqualTo(404);
        assertThat(api.get(operator, "/metrics").body()).isNotEmpty();
        assertThat(api.get(api.token(Role.METRICS), "/metrics").body())
                .contains("catena_schedule_health{name=\"nightly\"")
                .contains(sr);
    }
}
