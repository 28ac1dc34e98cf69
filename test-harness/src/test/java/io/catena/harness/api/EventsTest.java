package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.catena.agent.control.Role;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stream of events: its order, and that nobody misses one without being told. */
@Timeout(120)
@Tag("slow")
class EventsTest {
    private final Path directory;
    private final ApiFixture api;
    private final String viewer;

    EventsTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        api = new ApiFixture(directory);
        viewer = api.token(Role.VIEWER);
    }

    @AfterEach
    void close() {
        api.close();
    }

    @Test
    void whatTheCommandLineDoesIsTold() throws IOException {
        String sr = api.sr("main");
        String vdi = disk(api, sr);
        JsonObject names = new JsonObject();
        JsonArray list = new JsonArray();
        list.add(vdi);
        names.add("vdis", list);
        api.local().post("/v1/vdis/snapshot", names);
        api.local().post("/v1/vdis/" + vdi + "/attach", new JsonObject());
        api.local().post("/v1/vdis/" + vdi + "/detach", new JsonObject());
        api.local().delete("/v1/vdis/" + vdi);

        assertThat(kinds(api.get(viewer, "/v1/events?kinds=sr,vdi,snapshot").object()))
                .containsExactly(
                        "sr.created", "vdi.created", "snapshot.created", "vdi.attached", "vdi.detached", "vdi.deleted");
    }

    @Test
    void aReaderGoesOnWhereItWasAfterARestart() throws IOException, InterruptedException {
        String sr = api.sr("main");
        long last = api.get(viewer, "/v1/events").object().get("last").getAsLong();
        disk(api, sr);
        api.restart();
        disk(api, sr);

        List<String> lines = stream(api, viewer, Long.toString(last), 2);

        assertThat(lines.stream().filter(line -> line.startsWith("event: vdi.created")))
                .hasSize(2);
        assertThat(lines).noneMatch(line -> line.equals("event: reset"));
        assertThat(ids(lines)).isSorted().doesNotHaveDuplicates();
    }

    private static List<Long> ids(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("id: "))
                .map(line -> Long.valueOf(line.substring(4)))
                .toList();
    }

    private static String lastId(List<String> lines) {
        List<Long> ids = ids(lines);
        return Long.toString(ids.get(ids.size() - 1));
    }

    /** Those that were made, in order. */
    private static List<String> disks(List<String> lines) {
        return lines.stream()
                .filter(line -> line.startsWith("data: ") && line.contains("vdi.created"))
                .map(line -> JsonParser.parseString(line.substring(6))
                        .getAsJsonObject()
                        .get("vdi")
                        .getAsString())
                .toList();
    }

    @Test
    void noEventIsLostOrToldTwiceWhenTheAgentIsKilled() throws IOException, InterruptedException {
        try (ApiProcess killed = new ApiProcess(directory.resolve("killed"))) {
            String token = killed.token(Role.VIEWER);
            String sr = killed.sr("main");
            List<String> made = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                made.add(disk(killed, sr));
            }
            List<String> before = stream(killed, token, "0", 2);
            killed.agent().kill9();
            killed.agent().restart();
            made.add(disk(killed, sr));

            List<String> after = stream(killed, token, lastId(before), 2);

            before.addAll(after);
            assertThat(before).doesNotContain("event: reset");
            assertThat(disks(before)).containsExactlyElementsOf(made);
            assertThat(ids(before)).isSorted().doesNotHaveDuplicates();
        }
    }

    @Test
    void aReaderWhoseEventsAreGoneIsTold() throws IOException, InterruptedException {
        String sr = api.sr("main");

        assertThat(stream(api, viewer, "999999999", 0)).contains("event: reset");
        assertThat(api.get(viewer, "/v1/events?since=999999999")
                        .object()
                        .get("reset")
                        .getAsBoolean())
                .isTrue();
        assertThat(api.get(viewer, "/v1/events?sr=" + sr).object().get("reset").getAsBoolean())
                .isFalse();
    }

    @Test
    void aReaderWhoseTokenIsRevokedIsToldNothingMore() throws IOException, InterruptedException {
        String sr = api.sr("main");
        try (BufferedReader in = open(api, viewer, "0")) {
            disk(api, sr);
            readTo(in, "event: vdi.created");
            api.local().delete("/v1/tokens/" + viewer.split("_", 3)[1]);
            String unseen = disk(api, sr);

            assertThat(rest(in)).doesNotContain(unseen);
        }
    }

    private static void readTo(BufferedReader in, String wanted) throws IOException {
        String line = "";
        while (!line.equals(wanted)) {
            line = Objects.requireNonNull(in.readLine(), "the stream ended");
        }
    }

    /** Returns what comes until the stream ends, or is cut off. */
    private static String rest(BufferedReader in) {
        StringBuilder rest = new StringBuilder();
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                rest.append(line).append('\n');
            }
        } catch (IOException e) {
            rest.append("cut off");
        }
        return rest.toString();
    }

    /** Reads until so many disks were made, or the stream's beginning is over. */
    private static List<String> stream(ApiClients from, String token, String lastId, int created)
            throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        int found = 0;
        try (BufferedReader in = open(from, token, lastId)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line);
                found += line.equals("event: vdi.created") ? 1 : 0;
                if (line.isEmpty() && found >= created) {
                    return lines;
                }
            }
        }
        return lines;
    }

    private static BufferedReader open(ApiClients from, String token, String lastId)
            throws IOException, InterruptedException {
        HttpResponse<InputStream> answer = from.client()
                .send(
                        from.request(
                                "GET",
                                token,
                                "/v1/events",
                                null,
                                "Accept",
                                "text/event-stream",
                                "Last-Event-ID",
                                lastId),
                        HttpResponse.BodyHandlers.ofInputStream());
        return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
    }

    private static List<String> kinds(JsonObject page) {
        List<String> kinds = new ArrayList<>();
        for (JsonElement event : page.getAsJsonArray("events")) {
            kinds.add(event.getAsJsonObject().get("kind").getAsString());
        }
        return kinds;
    }

    private static String disk(ApiClients on, String sr) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", 2 << 20);
        return on.local()
                .post("/v1/srs/" + sr + "/vdis", body)
                .getAsJsonObject()
                .get("vdi")
                .getAsString();
    }
}
