package io.catena.harness.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.harness.peer.AgentProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** A schedule of all disks of an SR that runs when it is told to, and what comes of it. */
record ScheduleRuns(AgentProcess agent, String sr, String name) {
    void create() throws IOException {
        agent.cli(
                "schedule", "create", name, "--sr", sr, "--cron", "@monthly", "--keep-last", "9", "--quiesce", "never");
    }

    /** Has it run; returns a moment before which it does not. */
    Instant runNow() throws IOException {
        Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        agent.cli("schedule", "run", name);
        return now;
    }

    /** Whether a run has ended that was due then or later, and nothing is left to do. */
    boolean isDoneSince(Instant due) {
        try {
            return told("due").stream().map(Instant::parse).anyMatch(run -> !run.isBefore(due))
                    && !status().has("reason");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void assertEachRunHasItsSnapshotOnce() throws IOException {
        List<String> dues = snapshotDues();
        assertThat(dues).doesNotHaveDuplicates();
        assertThat(dues).containsExactlyInAnyOrderElementsOf(told("due"));
        assertThat(told("outcome")).containsOnly("ok");
    }

    /** Returns what is told of each run that has ended. */
    private List<String> told(String what) throws IOException {
        List<String> told = new ArrayList<>();
        for (JsonElement run : status().getAsJsonArray("runs")) {
            told.add(run.getAsJsonObject().get(what).getAsString());
        }
        return told;
    }

    private JsonObject status() throws IOException {
        return json("schedule", "show", name).getAsJsonObject().getAsJsonObject("status");
    }

    private List<String> snapshotDues() throws IOException {
        List<String> dues = new ArrayList<>();
        for (JsonElement vdi : json("vdi", "ls", sr).getAsJsonArray()) {
            JsonElement due = vdi.getAsJsonObject().getAsJsonObject("keys").get("catena.due");
            if (due != null) {
                dues.add(due.getAsString());
            }
        }
        return dues;
    }

    private JsonElement json(String... words) throws IOException {
        return JsonParser.parseString(agent.cli(words).stdout());
    }
}
