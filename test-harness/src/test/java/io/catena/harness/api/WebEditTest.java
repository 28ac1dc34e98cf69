package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.support.ui.Select;

/** What is done on the web page to several disks, to schedules and to attachments. Writes {@code target/screenshots}. */
@Timeout(240)
@Tag("slow")
class WebEditTest {
    private final ApiFixture api;
    private final Browser browser;
    private final String admin;

    WebEditTest(@TempDir Path directory) throws IOException {
        api = new ApiFixture(directory);
        browser = new Browser(directory);
        admin = api.token(Role.ADMIN);
        api.sr("main");
        api.ask("POST", admin, "/v1/srs/main/vdis", "{'sizeBytes':33554432,'name':'database','keys':{'group':'shop'}}");
    }

    @AfterEach
    void close() {
        browser.close();
        api.close();
    }

    @Test
    void snapshotsThatAreSelectedAreDeletedTogetherAndOneThatIsInUseStays() throws IOException {
        for (int i = 1; i <= 4; i++) {
            snapshot("nightly " + i);
        }
        snapshot("by hand");
        api.ask("PUT", admin, "/v1/vdis/nightly%202/attachments/reader", "{'mode':'ro'}");
        browser.logIn(api, Role.OPERATOR);
        browser.row("by hand");
        browser.waitFor("#filter").sendKeys("nightly");
        browser.awaitRows(4);
        WebElement tree = browser.waitFor(".tree");
        browser.row("nightly 1").click();
        tree.sendKeys(Keys.chord(Keys.CONTROL, "a"));
        browser.waitFor("#delete-picked");
        browser.screenshot("picked");
        assertThat(browser.barriers()).isEmpty();
        tree.sendKeys(Keys.DELETE);
        browser.waitFor("#typed").sendKeys("delete 2");
        assertThat(browser.waitFor("#yes").isEnabled()).isFalse();
        assertThat(browser.waitFor("tr.disk").getText()).contains("nightly 2", "active ro");
        browser.dark(true);
        browser.screenshot("delete-many-dark");
        assertThat(browser.barriers()).isEmpty();
        browser.dark(false);
        browser.screenshot("delete-many");
        assertThat(browser.barriers()).isEmpty();
        WebElement typed = browser.waitFor("#typed");
        typed.clear();
        typed.sendKeys("delete 3");
        browser.waitFor("#yes").click();
        browser.waitFor("#close");
        assertThat(browser.waitFor("#deleted").getText()).isEqualTo("3 of 3 deleted");
        browser.screenshot("deleted-many");
        browser.waitFor("#close").click();
        browser.awaitRows(1);
        browser.waitUntil(() -> focused("className").equals("tree"));

        assertThat(browser.row("nightly 2").isDisplayed()).isTrue();
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    void whatIsRefusedMeanwhileIsToldOfEachAndTheOthersGo() throws IOException {
        snapshot("one");
        snapshot("two");
        browser.logIn(api, Role.ADMIN);
        browser.row("one").findElement(By.className("pick")).click();
        browser.row("two").findElement(By.className("pick")).click();
        browser.waitFor("#delete-picked").click();
        browser.waitFor("#typed").sendKeys("delete 2");
        api.ask("PATCH", admin, "/v1/vdis/one", "{'description':'to be kept'}");
        browser.waitFor("#yes").click();
        browser.waitFor("#close");

        assertThat(browser.waitFor("#deleted").getText()).isEqualTo("1 of 2 deleted, 1 refused");
        assertThat(browser.waitFor("tr.disk .problem").getText()).isNotBlank();
        assertThat(api.get(admin, "/v1/vdis/one").status()).isEqualTo(200);
        assertThat(api.get(admin, "/v1/vdis/two").status()).isEqualTo(404);
    }

    @Test
    void aBackupSelectsItsOwnSnapshotsAndAViewerNothing() throws IOException {
        snapshot("of an administrator");
        browser.logIn(api, Role.BACKUP);
        browser.row("of an administrator").click();
        browser.waitFor(".detail dl");
        assertThat(browser.all(".pick")).isEmpty();
        assertThat(browser.all("#delete")).isEmpty();
        browser.waitFor("#tab-schedules").click();
        browser.waitFor("[aria-label=Schedules]");
        assertThat(browser.all("#new-schedule")).isEmpty();
    }

    @Test
    void aScheduleIsMadeWithWhatIsWrongToldAtItsFieldThenChangedAndDeleted() throws IOException {
        browser.logIn(api, Role.OPERATOR);
        browser.row("database");
        browser.waitFor("#tab-schedules").click();
        browser.waitFor("#new-schedule").click();
        browser.waitFor("#preview time");
        fill("name", "nightly");
        fill("timeZone", "Mars/Base");
        assertThat(browser.waitFor("#timeZone-problem").getText()).contains("Mars/Base");
        assertThat(browser.waitFor("#f-timeZone").getDomAttribute("aria-invalid"))
                .isEqualTo("true");
        browser.screenshot("schedule-wrong");
        assertThat(browser.barriers()).isEmpty();
        fill("timeZone", "Europe/Berlin");
        fill("keepDaily", "300");
        assertThat(browser.waitFor("#refused").getText()).contains("up to 305 snapshots");
        fill("keepDaily", "5");
        new Select(browser.waitFor("#f-target")).selectByValue("group");
        fill("group", "shop");
        browser.waitUntil(() -> browser.all("#preview").stream()
                .anyMatch(shown -> shown.getText().contains("database")));
        for (boolean dark : new boolean[] {false, true}) {
            browser.dark(dark);
            browser.screenshot("schedule-editor" + (dark ? "-dark" : ""));
            assertThat(browser.barriers()).as("dark: %s", dark).isEmpty();
        }
        browser.dark(false);
        browser.waitFor("#yes").click();
        browser.waitUntil(() -> browser.all("dialog").isEmpty());
        assertThat(browser.waitFor("tr.schedule").getText()).contains("nightly", "group shop", "5 daily, 4 weekly");

        browser.waitFor("tr.schedule .edit").click();
        browser.waitFor("#preview time");
        fill("keepWeekly", "");
        fill("blackouts", "08:00-18:00");
        browser.waitFor("#yes").click();
        browser.waitUntil(() -> browser.all("dialog").isEmpty());
        JsonObject changed = api.get(admin, "/v1/schedules/nightly").object();
        assertThat(changed.has("keepWeekly")).isFalse();
        assertThat(changed.get("group").getAsString()).isEqualTo("shop");
        assertThat(changed.getAsJsonArray("blackouts")).hasSize(1);

        browser.waitFor("tr.schedule .remove").click();
        browser.waitFor("dialog #yes").click();
        browser.waitUntil(() -> browser.all("tr.schedule").isEmpty());
        assertThat(browser.complaints().stream().filter(said -> !said.contains("status of 400")))
                .isEmpty();
    }

    @Test
    void anAddressLeadsToAViewAndToASchedule() throws IOException {
        String id = api.ask(
                        "POST",
                        admin,
                        "/v1/schedules",
                        "{'name':'nightly','sr':'main','cron':'30 2 * * *','keepDaily':7}")
                .text("id");
        browser.logIn(api, Role.OPERATOR);
        browser.row("database");
        browser.waitFor("#tab-schedules").click();
        browser.waitFor("tr.schedule .edit").click();
        browser.waitFor("#preview time");
        browser.waitUntil(() -> fragment().endsWith("/schedules/" + id));
        browser.reload();
        browser.waitFor("#preview time");
        assertThat(browser.waitFor("dialog h2").getText()).isEqualTo("Change nightly");
        browser.waitFor("#no").click();
        browser.waitUntil(() -> fragment().endsWith("/schedules"));
        assertThat(browser.all("dialog")).isEmpty();

        browser.waitFor("#tab-schedules").sendKeys(Keys.ARROW_RIGHT);
        browser.waitFor("#tab-space[aria-selected=true]");
        assertThat(focused("id")).isEqualTo("tab-space");
        browser.waitFor("#tab-space").sendKeys(Keys.ARROW_LEFT);
        browser.waitFor("#tab-schedules[aria-selected=true]");

        assertThat(addressWhenShown("space")).endsWith("/space");
        assertThat(addressWhenShown("schedules")).endsWith("/schedules");
        browser.script("location.hash = location.hash + '/new'; return true");
        assertThat(browser.waitFor("dialog h2").getText()).isEqualTo("New schedule");
        browser.script("location.hash = location.hash.split('/')[0] + '/events'; return true");
        browser.waitFor("#tab-events[aria-selected=true]");
        browser.waitUntil(() -> browser.all("dialog").isEmpty());
        browser.script("location.hash = location.hash.split('/')[0] + '/schedules/gone'; return true");
        assertThat(browser.waitFor(".notice").getText()).contains("gone");
        assertThat(browser.complaints().stream().filter(said -> !said.contains("status of 404")))
                .isEmpty();
    }

    private String focused(String property) {
        return String.valueOf(browser.script("return document.activeElement." + property));
    }

    /** Chooses a view, and returns the address as it is at the moment in which the view is marked as shown. */
    private String addressWhenShown(String view) {
        return String.valueOf(browser.asyncScript("""
                const done = arguments[arguments.length - 1]
                const tab = document.getElementById('tab-' + arguments[0])
                const shown = new MutationObserver(() => { shown.disconnect(); done(location.hash) })
                shown.observe(tab, { attributeFilter: ['aria-selected'] })
                tab.click()""", view));
    }

    private String fragment() {
        return String.valueOf(browser.script("return location.hash"));
    }

    @Test
    void aScheduleIsDeletedWithItsSnapshotsByTypingItsName() throws IOException {
        api.ask("POST", admin, "/v1/schedules", "{'name':'nightly','sr':'main','cron':'30 2 * * *','keepDaily':7}");
        api.ask("POST", admin, "/v1/schedules/nightly/run", "{}");
        browser.logIn(api, Role.OPERATOR);
        browser.row("database 20");
        browser.waitFor("#tab-schedules").click();
        browser.waitFor("tr.schedule .remove").click();
        browser.waitFor("#purge").click();
        WebElement yes = browser.waitFor("#yes");
        assertThat(yes.isEnabled()).isFalse();
        browser.waitFor("#typed").sendKeys("nightly");
        browser.screenshot("schedule-delete");
        assertThat(browser.barriers()).isEmpty();
        yes.click();
        browser.waitUntil(() -> browser.all("tr.schedule").isEmpty());

        assertThat(api.get(admin, "/v1/srs/main/vdis").object().getAsJsonArray("items"))
                .hasSize(1);
    }

    @Test
    void aDetachShowsWhoLosesTheDiskBeforeItIsDone() throws IOException {
        api.ask("PUT", admin, "/v1/vdis/database/attachments/vm-7", "{}");
        browser.logIn(api, Role.OPERATOR);
        browser.row("database");
        browser.waitFor("#tab-attachments").click();
        browser.waitFor("tbody button.danger").click();
        assertThat(browser.waitFor("dialog ul").getText()).contains("vm-7", "lose their connections");
        browser.screenshot("detach");
        assertThat(browser.barriers()).isEmpty();
        browser.waitFor("#typed").sendKeys("database");
        browser.waitFor("#yes").click();
        browser.waitUntil(() -> browser.all("tbody button.danger").isEmpty());

        assertThat(api.get(admin, "/v1/vdis/database").object().getAsJsonArray("holds"))
                .isEmpty();
        assertThat(browser.complaints()).isEmpty();
    }

    private void fill(String field, String text) {
        WebElement input = browser.waitFor("#f-" + field);
        input.sendKeys(Keys.chord(Keys.CONTROL, "a"), text.isEmpty() ? Keys.DELETE : text);
    }

    private void snapshot(String name) throws IOException {
        String body = "{'vdis':['database'],'name':'" + name + "'}";
        assertThat(List.of(200, 201))
                .contains(api.ask("POST", admin, "/v1/vdis/snapshot", body).status());
    }
}
