package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The tour as users run it: {@code catena demo}, a program of its own. */
@Timeout(600)
@Tag("slow")
class DemoTest {
    private static final Path LAUNCHER =
            Path.of(System.getProperty(AgentProcess.HOME_PROPERTY, "..")).resolve("host-agent/bin/catena");

    /** Longer than the tour may take, because the launcher may have to build the jar first. */
    private static final Duration DEADLINE = Duration.ofMinutes(5);

    private static final Duration END_DEADLINE = Duration.ofSeconds(30);

    @TempDir
    Path temporary;

    @Test
    void allChecksPassWithinAMinuteAndNothingIsLeftBehind() throws IOException {
        Outcome outcome = Programs.tryRun(DEADLINE, command("--json"));

        assertThat(outcome.exitCode()).as("%s", outcome).isZero();
        JsonObject tour = outcome.json().getAsJsonObject();
        assertThat(tour.get("passed").getAsBoolean()).isTrue();
        assertThat(tour.get("millis").getAsLong()).isBetween(1L, 60_000L);
        List<JsonObject> checks = checks(tour);
        assertThat(checks)
                .hasSizeGreaterThanOrEqualTo(12)
                .allMatch(check -> check.get("passed").getAsBoolean());
        assertThat(checks)
                .extracting(check -> check.get("check").getAsString())
                .contains("monday-one-instant", "disk-after-kill", "disk-at-end", "tuesday-at-end", "twin-at-end");
        assertNothingIsLeft(tour);
    }

    @Test
    void anInterruptedTourCleansUp() throws IOException {
        try (BackgroundProgram demo = BackgroundProgram.start(command())) {
            demo.awaitLine(line -> line.contains("Take a snapshot"), DEADLINE);
            assertThat(left()).isNotEmpty();

            assertThat(demo.terminate(END_DEADLINE)).isNotZero();
        }
        assertThat(left()).isEmpty();
    }

    /** The launcher hands the options of the environment on to the JVM, so that the test has a temporary directory of its own. */
    private String[] command(String... options) {
        List<String> command = new ArrayList<>(
                List.of("env", "JDK_JAVA_OPTIONS=-Djava.io.tmpdir=" + temporary, LAUNCHER.toString(), "demo"));
        command.addAll(List.of(options));
        return command.toArray(String[]::new);
    }

    private void assertNothingIsLeft(JsonObject tour) throws IOException {
        assertThat(left()).isEmpty();
        List<Long> agents = steps(tour)
                .map(step -> step.getAsJsonObject("facts").get("agentPid"))
                .filter(pid -> pid != null)
                .map(JsonElement::getAsLong)
                .toList();
        assertThat(agents).as("the agent before and after its kill").hasSize(2);
        assertThat(agents).allMatch(pid -> ProcessHandle.of(pid).isEmpty());
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> file.getFileName().toString().startsWith("catena"))
                    .toList();
        }
    }

    private static List<JsonObject> checks(JsonObject tour) {
        return steps(tour)
                .flatMap(step -> step.getAsJsonArray("checks").asList().stream())
                .map(JsonElement::getAsJsonObject)
                .toList();
    }

    private static Stream<JsonObject> steps(JsonObject tour) {
        return tour.getAsJsonArray("steps").asList().stream().map(JsonElement::getAsJsonObject);
    }
}
