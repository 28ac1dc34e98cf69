package io.catena.harness.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.catena.harness.peer.Outcome;
import io.catena.harness.peer.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may not ask the agent is told so, and not to start one that runs. */
class UnprivilegedTest {
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final int SOMEBODY_ELSE = 65534;

    @TempDir
    private Path directory;

    private Path run;

    @BeforeEach
    void makeTheRunDirectoryOfAnother() throws IOException {
        run = Files.createDirectory(directory.resolve("run"));
        Files.createFile(run.resolve("agent.sock"));
    }

    /** Asks as a user to whom permissions mean something. */
    private Outcome ask() throws IOException {
        return Programs.tryRun(
                DEADLINE,
                "setpriv",
                "--bounding-set=-dac_override,-dac_read_search",
                "--inh-caps=-dac_override,-dac_read_search",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "io.catena.agent.cli.Catena",
                "sr",
                "ls",
                "--run-dir",
                run.toString());
    }

    /** It itself, or the directory that it is in. */
    @ParameterizedTest
    @ValueSource(strings = {"run", ""})
    void aRunDirectoryOfAnotherIsClosed(String closed) throws IOException {
        Path path = directory.resolve(closed);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
        Files.setAttribute(path, "unix:uid", SOMEBODY_ELSE);

        Outcome outcome = ask();

        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.stderr())
                .contains("Only the user who runs the agent may ask it")
                .doesNotContain("Start it");
    }

    @Test
    void whereNobodyAnswersAnAgentCanBeStarted() throws IOException {
        Files.delete(run.resolve("agent.sock"));

        assertThat(ask().stderr()).contains("Start it").doesNotContain("Only the user");
    }
}
