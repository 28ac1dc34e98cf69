package io.catena.harness.api;

import io.catena.agent.control.Role;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.support.ui.WebDriverWait;

/** Debian's Chromium with the web page in it. For one test thread. */
final class Browser implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    private final ChromeDriver driver;

    Browser(Path directory) throws IOException {
        Programs.require("chromium");
        Programs.require("chromedriver");
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
        driver = new ChromeDriver(service, options);
        driver.manage().timeouts().scriptTimeout(PATIENCE);
    }

    /** Opens the page and logs in. */
    void logIn(ApiClients api, Role role) {
        driver.get(api.uri("/").toString());
        waitFor("#token").sendKeys(api.token(role));
        waitFor("#login").click();
        waitFor("#live.on");
    }

    void resize(int width, int height) {
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
    }

    void reload() {
        driver.navigate().refresh();
    }

    WebElement waitFor(String selector) {
        return new WebDriverWait(driver, PATIENCE)
                .until(page -> all(selector).stream().findFirst().orElse(null));
    }

    void waitUntil(BooleanSupplier condition) {
        new WebDriverWait(driver, PATIENCE)
                .ignoring(StaleElementReferenceException.class)
                .until(page -> condition.getAsBoolean());
    }

    List<WebElement> all(String selector) {
        return driver.findElements(By.cssSelector(selector));
    }

    /** Waits for so many rows of the tree. */
    void awaitRows(int rows) {
        waitUntil(() -> all(".tree .row").size() == rows);
    }

    /** Waits for the row of a disk. */
    WebElement row(String name) {
        return new WebDriverWait(driver, PATIENCE)
                .until(page -> all(".tree .row").stream()
                        .filter(row -> row.getText().contains(name))
                        .findFirst()
                        .orElse(null));
    }

    Object script(String text) {
        return Objects.requireNonNull(driver.executeScript(text));
    }

    /** Runs a script that calls its last argument with what it returns. */
    Object asyncScript(String text, Object... arguments) {
        return Objects.requireNonNull(driver.executeAsyncScript(text, arguments));
    }

    /** Returns how many nodes of documents are held, in the page or not, after garbage was collected. */
    long nodesHeld() {
        driver.executeCdpCommand("HeapProfiler.collectGarbage", Map.of());
        driver.executeCdpCommand("HeapProfiler.collectGarbage", Map.of());
        Map<String, Object> counters = driver.executeCdpCommand("Memory.getDOMCounters", Map.of());
        return ((Number) Objects.requireNonNull(counters.get("nodes"))).longValue();
    }

    void dark(boolean dark) {
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    }

    /** For people to look at. */
    void screenshot(String name) throws IOException {
        Files.createDirectories(SCREENSHOTS);
        Files.write(SCREENSHOTS.resolve(name + ".png"), driver.getScreenshotAs(OutputType.BYTES));
    }

    /** Returns what the page has complained of, but for connections that could not be made. */
    List<String> complaints() {
        return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::getMessage)
                .filter(message -> !message.contains("net::ERR_"))
                .toList();
    }

    /** Returns what axe-core finds wrong with the page as it is, of what is serious or worse. */
    List<?> barriers() throws IOException {
        try (InputStream axe = Browser.class.getResourceAsStream("/axe.min.js")) {
            byte[] text = Objects.requireNonNull(axe, "axe.min.js").readAllBytes();
            driver.executeScript(new String(text, StandardCharsets.UTF_8));
        }
        return (List<?>) asyncScript("""
                const done = arguments[arguments.length - 1]
                const grave = found => ['serious', 'critical'].includes(found.impact)
                const text = found => found.id + ': ' + found.nodes.map(node => node.html + ' ' + node.failureSummary)
                axe.run().then(all => done(all.violations.filter(grave).map(text)), e => done([String(e)]))""");
    }

    @Override
    public void close() {
        driver.quit();
    }
}
