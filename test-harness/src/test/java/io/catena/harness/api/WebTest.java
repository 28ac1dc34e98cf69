package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.agent.nbd.client.NbdDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.support.ui.Select;

/** The web page, in Debian's Chromium. Writes {@code target/screenshots}. */
@Timeout(240)
@Tag("slow")
class WebTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int MIB = 1 << 20;
    private static final List<String> TABS = List.of("chains", "attachments", "schedules", "space", "events");

    private final ApiFixture api;
    private final Browser browser;

    WebTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        browser = new Browser(directory);
    }

    @AfterEach
    void close() {
        browser.close();
        api.close();
    }

    @Test
    void aDiskIsDeletedByTypingItsNameAndTheListFollowsByItself() throws IOException {
        api.sr("main");
        disk("first");
        browser.logIn(api, Role.ADMIN);
        browser.awaitRows(1);
        disk("second");
        browser.awaitRows(2);
        browser.row("first").click();
        browser.waitFor("#delete").click();
        WebElement yes = browser.waitFor("#yes");
        assertThat(yes.isEnabled()).isFalse();
        browser.waitFor("#typed").sendKeys("first");
        assertThat(yes.isEnabled()).isTrue();
        browser.screenshot("delete");
        assertThat(browser.barriers()).isEmpty();
        yes.click();
        browser.awaitRows(1);

        assertThat(browser.row("second").isDisplayed()).isTrue();
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void aViewerSeesEverythingAndCanChangeNothing() {
        api.sr("main");
        disk("first");
        browser.logIn(api, Role.VIEWER);
        browser.awaitRows(1);
        browser.row("first").click();
        browser.waitFor(".detail dl");

        for (String button : List.of("#delete", "#snapshot", "#clone", "#gc-run", "#gc-pause")) {
            assertThat(browser.all(button)).as(button).isEmpty();
        }
    }

    /** Nothing that is not shown any more is held: the page may be open for weeks. */
    @Test
    void aPageThatStaysOpenDoesNotGrow() {
        api.sr("main");
        disk("first");
        disk("second");
        browser.logIn(api, Role.VIEWER);
        browser.awaitRows(2);
        filter(20);
        long before = browser.nodesHeld();
        filter(200);

        assertThat(browser.nodesHeld()).isLessThan(before + 400);
    }

    @Test
    void disksAreGroupedByALabelAndFoundByIt() throws IOException {
        api.sr("main");
        disk("database", "ann");
        snapshot("database", "backup");
        disk("mail", "ben");
        disk("build");
        browser.logIn(api, Role.VIEWER);
        browser.row("backup");
        new Select(browser.waitFor("#group")).selectByValue("owner");
        browser.awaitRows(7);
        assertThat(browser.all(".row.group").stream().map(WebElement::getText))
                .satisfiesExactly(
                        ann -> assertThat(ann).contains("owner: ann", "1 disk, 1 snapshot"),
                        ben -> assertThat(ben).contains("owner: ben", "1 disk, 0 snapshots"),
                        rest -> assertThat(rest).contains("without owner", "1 disk, 0 snapshots"));
        browser.screenshot("grouped");
        assertThat(browser.barriers()).isEmpty();

        browser.waitFor(".row.group .twist").click();
        browser.awaitRows(5);
        browser.waitFor("#filter").sendKeys("owner:ben");
        browser.awaitRows(2);
        assertThat(browser.row("mail").isDisplayed()).isTrue();
        assertThat(browser.complaints()).isEmpty();
    }

    /** Lets rows go and come back. */
    private void filter(int times) {
        browser.asyncScript("""
                const done = arguments[arguments.length - 1]
                const box = document.getElementById('filter')
                const type = async text => {
                  box.value = text
                  box.dispatchEvent(new Event('input', { bubbles: true }))
                  await new Promise(shown => setTimeout(shown))
                }
                const run = async () => {
                  for (let i = 0; i < %s; i++) {
                    await type(i % 2 ? 'first' : 'second')
                    await type('')
                  }
                  done(true)
                }
                run()""".replace("%s", Integer.toString(times)));
    }

    @Test
    void aJobIsSeenToGetOnAndIsCancelled() throws IOException {
        api.sr("main");
        try (NbdDisk disk = attached("disk")) {
            for (int i = 0; i < 3; i++) {
                write(disk, 4 * i, 4 * MIB);
                snapshot("disk", "snapshot " + i);
            }
        }
        JsonObject slowly = new JsonObject();
        slowly.addProperty("bytesPerSecond", MIB / 4);
        api.local().post("/v1/srs/main/gc/set", slowly);
        browser.logIn(api, Role.OPERATOR);
        browser.row("snapshot 0");
        api.local().delete("/v1/vdis/snapshot%200");
        api.local().delete("/v1/vdis/snapshot%201");
        api.local().post("/v1/srs/main/gc");

        browser.waitFor(".job progress");
        assertThat(browser.waitFor("#running").getText()).startsWith("1 job");
        browser.waitFor("ol.plan li .why");
        assertThat(String.valueOf(browser.script("return document.querySelector('ol.plan').textContent")))
                .doesNotContainPattern("(?:move|need) \\d{5,}");
        double before = progress();
        browser.waitUntil(() -> progress() > before);
        browser.screenshot("job");
        browser.waitFor(".job button.cancel").click();
        browser.waitUntil(() -> browser.all(".job progress").isEmpty());

        assertThat(browser.waitFor(".job .badge").getText()).isEqualTo("cancelled");
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void collectionIsLimitedByWhoMayAndAWrongTimeIsTold() throws IOException {
        api.sr("main");
        browser.logIn(api, Role.OPERATOR);
        browser.waitFor("#gc-limits").click();
        browser.waitFor("#rate").sendKeys("1.5");
        WebElement hours = browser.waitFor("#hours");
        hours.sendKeys("late");
        browser.screenshot("limits");
        assertThat(browser.barriers()).isEmpty();
        browser.waitFor("#yes").click();
        assertThat(browser.waitFor("dialog .problem").getText()).contains("late");
        hours.clear();
        hours.sendKeys("22:00-06:00");
        browser.waitFor("#yes").click();
        browser.waitUntil(() -> browser.all("dialog").isEmpty());

        JsonObject settings =
                api.local().get("/v1/srs/main/gc").getAsJsonObject().getAsJsonObject("settings");
        assertThat(settings.get("bytesPerSecond").getAsLong()).isEqualTo(3L * MIB / 2);
        assertThat(settings.get("window").getAsString()).isEqualTo("22:00-06:00");
        browser.waitUntil(
                () -> browser.waitFor("[aria-label=Collection]").getText().contains("Works 22:00-06:00 UTC"));
    }

    /** The samples are made up, since the agent's come every five minutes. */
    @Test
    void aFileSystemThatFillsUpIsToldOfWhereverOneLooks() throws IOException {
        api.sr("main");
        browser.logIn(api, Role.VIEWER);
        browser.waitFor("#tab-events").click();
        browser.script("""
                const real = window.fetch
                const day = 86400000
                window.fetch = async (path, options) => {
                  const answer = await real(path, options)
                  if (!String(path).endsWith('/space')) return answer
                  const space = await answer.json()
                  const samples = [...Array(200).keys()].map(i => ({ time: new Date(Date.now() - (200 - i) * day / 28).toISOString(),
                    usedBytes: i * 2 ** 30 + (i % 7) * 2 ** 28, physicalBytes: i * 2 ** 29, virtualBytes: 0 }))
                  return new Response(JSON.stringify({ ...space, samples, bytesPerDay: 28 * 2 ** 30, daysUntilFull: 9.4 }))
                }
                return true""");
        api.sr("other");
        browser.waitFor("#tab-space").click();
        browser.waitFor(".u-over");
        browser.waitFor("nav .sr small.high");
        for (boolean dark : new boolean[] {false, true}) {
            browser.dark(dark);
            browser.screenshot("forecast" + (dark ? "-dark" : "-light"));
            assertThat(browser.barriers()).as("dark: %s", dark).isEmpty();
        }

        assertThat(browser.waitFor(".forecast b").getText()).isEqualTo("full in 9 days");
        assertThat(browser.waitFor(".tile.wide b.high").getText()).isEqualTo("full in 9 days");
        assertThat(browser.complaints()).isEmpty();
    }

    /** Asked of the page at one instant: the element may be another one the next moment. */
    private double progress() {
        return ((Number) browser.script("return document.querySelector('.job progress')?.value ?? -1")).doubleValue();
    }

    @Test
    void longNamesAndNarrowWindowsFit() throws IOException {
        api.sr("main");
        disk("a-disk-with-a-name-that-somebody-made-of-three-others-and-the-date-2026-11-27T12:00:00Z");
        browser.logIn(api, Role.ADMIN);
        browser.row("a-disk").click();
        browser.waitFor(".detail dl");
        for (int width : new int[] {1100, 640, 400}) {
            browser.resize(width, 800);
            browser.screenshot("narrow-" + width);
            assertThat(browser.script("return document.documentElement.scrollWidth <= window.innerWidth"))
                    .as("at %s pixels nothing sticks out", width)
                    .isEqualTo(true);
            assertThat(browser.barriers()).isEmpty();
        }
    }

    @Test
    void aScheduleIsSeenWithItsRunsAndRunByWhoMay() throws IOException {
        api.sr("main");
        disk("first");
        api.ask(
                "POST",
                api.token(Role.OPERATOR),
                "/v1/schedules",
                "{'name':'nightly','sr':'main','cron':'30 2 * * *','keepDaily':7}");
        browser.logIn(api, Role.OPERATOR);
        browser.row("first");
        browser.waitFor("#tab-schedules").click();
        assertThat(browser.waitFor("tr.schedule").getText()).contains("nightly", "30 2 * * *", "7 daily", "ok");
        browser.waitFor("tr.schedule button.run").click();
        browser.waitFor("tr.schedule button.link").click();
        browser.waitFor("#schedule tr.run");
        browser.screenshot("schedules-run");

        assertThat(browser.barriers()).isEmpty();
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void everybodyCanReadItInDarkAndInLight() throws IOException {
        api.sr("main");
        NbdDisk disk = attached("database");
        try (disk) {
            for (int i = 0; i < 3; i++) {
                write(disk, i, MIB);
                snapshot("database", "backup " + i);
            }
            disk("mail");
            browser.logIn(api, Role.ADMIN);
            browser.row("database").click();
            browser.waitFor(".detail dl");
            for (boolean dark : new boolean[] {false, true}) {
                browser.dark(dark);
                for (String tab : TABS) {
                    browser.waitFor("#tab-" + tab).click();
                    browser.waitFor("#tab-" + tab + "[aria-selected=true]");
                    browser.screenshot(tab + (dark ? "-dark" : "-light"));
                    assertThat(browser.barriers()).as("%s, dark: %s", tab, dark).isEmpty();
                }
            }
            assertThat(browser.complaints()).isEmpty();
        }
    }

    @Test
    void thePageComesBackAfterTheAgentWasKilled(@TempDir Path directory) throws IOException {
        try (ApiProcess killed = new ApiProcess(directory)) {
            String sr = killed.sr("main");
            browser.logIn(killed, Role.ADMIN);
            killed.agent().kill9();
            browser.waitFor("#live.off");
            browser.screenshot("reconnecting");
            killed.agent().restart();
            browser.waitFor("#live.on");
            disk(killed, sr, "later");

            assertThat(browser.row("later").isDisplayed()).isTrue();
            assertThat(browser.complaints()).isEmpty();
        }
    }

    private NbdDisk attached(String name) throws IOException {
        disk(name);
        String uri = api.ask("PUT", api.token(Role.ADMIN), "/v1/vdis/" + name + "/attachments/test", "{}")
                .object()
                .getAsJsonObject("connection")
                .get("nbdUnix")
                .getAsString();
        return NbdDisk.connect(uri, DEADLINE);
    }

    private static void write(NbdDisk disk, int blocks, int lengthBytes) throws IOException {
        byte[] block = new byte[MIB];
        Arrays.fill(block, (byte) (blocks + 1));
        for (int at = 0; at < lengthBytes; at += MIB) {
            disk.write((long) blocks * 2 * MIB + at, ByteBuffer.wrap(block));
        }
    }

    private void snapshot(String vdi, String name) {
        JsonObject body = new JsonObject();
        JsonArray vdis = new JsonArray();
        vdis.add(vdi);
        body.add("vdis", vdis);
        body.addProperty("name", name);
        api.local().post("/v1/vdis/snapshot", body);
    }

    private void disk(String name) {
        disk(api, "main", name);
    }

    private void disk(String name, String owner) {
        JsonObject keys = new JsonObject();
        keys.addProperty("owner", owner);
        JsonObject body = body(name);
        body.add("keys", keys);
        api.local().post("/v1/srs/main/vdis", body);
    }

    private static void disk(ApiClients on, String sr, String name) {
        on.local().post("/v1/srs/" + sr + "/vdis", body(name));
    }

    private static JsonObject body(String name) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", 32 * MIB);
        body.addProperty("name", name);
        return body;
    }
}
