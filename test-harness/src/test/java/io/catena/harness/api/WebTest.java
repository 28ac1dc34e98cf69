package io.catena.harness.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.catena.agent.control.Role;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.support.ui.WebDriverWait;

/** The web page, in Debian's Chromium. */
@Timeout(240)
@Tag("slow")
class WebTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ApiFixture api;
    private final ChromeDriver browser;

    WebTest(@TempDir Path directory) throws IOException {
        Programs.require("chromium");
        Programs.require("chromedriver");
        api = new ApiFixture(directory);
        ChromeOptions options = new ChromeOptions();
        options.setBinary("/usr/bin/chromium");
        options.setAcceptInsecureCerts(true);
        options.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--window-size=1440,900",
                "--user-data-dir=" + directory.resolve("browser"));
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(Path.of("/usr/bin/chromedriver").toFile())
                .usingAnyFreePort()
                .build();
        browser = new ChromeDriver(service, options);
    }

    @AfterEach
    void close() {
        browser.quit();
        api.close();
    }

    @Test
    void aDiskIsDeletedByTypingItsNameAndTheListFollowsByItself() {
        api.sr("main");
        disk("first");
        logIn(Role.ADMIN);
        await(1);
        disk("second");
        await(2);
        row("first").click();
        waitFor("#delete").click();
        WebElement yes = waitFor("#yes");
        assertThat(yes.isEnabled()).isFalse();
        waitFor("#typed").sendKeys("first");
        assertThat(yes.isEnabled()).isTrue();
        yes.click();
        await(1);

        assertThat(row("second").isDisplayed()).isTrue();
        assertThat(browser.manage().logs().get(LogType.BROWSER).getAll()).isEmpty();
    }

    @Test
    void aViewerSeesEverythingAndCanChangeNothing() {
        api.sr("main");
        disk("first");
        logIn(Role.VIEWER);
        await(1);
        row("first").click();
        waitFor(".detail dl");

        for (String button : List.of("#delete", "#snapshot", "#clone", "#gc-run", "#gc-pause")) {
            assertThat(browser.findElements(By.cssSelector(button))).as(button).isEmpty();
        }
    }

    private void disk(String name) {
        JsonObject body = new JsonObject();
        body.addProperty("sizeBytes", 2 << 20);
        body.addProperty("name", name);
        api.local().post("/v1/srs/main/vdis", body);
    }

    private void logIn(Role role) {
        browser.get(api.uri("/").toString());
        waitFor("#token").sendKeys(api.token(role));
        waitFor("#login").click();
    }

    private void await(int rows) {
        new WebDriverWait(browser, PATIENCE)
                .until(page -> page.findElements(By.cssSelector(".tree .row")).size() == rows);
    }

    private WebElement row(String name) {
        return new WebDriverWait(browser, PATIENCE)
                .until(page -> page.findElements(By.cssSelector(".tree .row")).stream()
                        .filter(row -> row.getText().contains(name))
                        .findFirst()
                        .orElse(null));
    }

    private WebElement waitFor(String selector) {
        return new WebDriverWait(browser, PATIENCE)
                .until(page -> page.findElements(By.cssSelector(selector)).stream()
                        .findFirst()
                        .orElse(null));
    }
}
