package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a process is driven, with a shell script in the agent's place. */
class AgentProcessTest {
    private static final String SCRIPT = """
            #!/bin/sh
            if [ "$1" = agent ]; then
                echo starting "$@"
                echo ready
                exec cat
            fi
            if [ "$1" = fail ]; then
                echo no such thing >&2
                exit 1
            fi
            echo "{\\"arguments\\":\\"$*\\"}"
            """;

    @TempDir
    Path directory;

    @Test
    void speaksToItsAgentWithRunDirectoryAndJson() throws Exception {
        try (AgentProcess agent = AgentProcess.start(home(SCRIPT), directory.resolve("run"))) {
            assertThat(agent.cli("vdi", "ls", "x")
                            .json()
                            .getAsJsonObject()
                            .get("arguments")
                            .getAsString())
                    .isEqualTo("vdi ls x --run-dir " + directory.resolve("run") + " --json");
            assertThat(agent.log()).contains("starting agent --run-dir " + directory.resolve("run"));
        }
    }

    @Test
    void showsTheAgentsLogWhenACommandFails() throws Exception {
        try (AgentProcess agent = AgentProcess.start(home(SCRIPT), directory.resolve("run"))) {
            assertThat(agent.tryCli("fail").exitCode()).isEqualTo(1);
            assertThatThrownBy(() -> agent.cli("fail"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContainingAll("no such thing", "starting agent");
        }
    }

    @Test
    void startsAgainAfterAKill() throws Exception {
        try (AgentProcess agent = AgentProcess.start(home(SCRIPT), directory.resolve("run"))) {
            long first = agent.pid();
            agent.kill9();
            assertThat(agent.isAlive()).isFalse();
            agent.restart();
            assertThat(agent.isAlive()).isTrue();
            assertThat(agent.pid()).isNotEqualTo(first);
        }
    }

    @Test
    void saysWhatAnAgentThatDoesNotStartSaid() throws Exception {
        Path home = home("#!/bin/sh\necho address in use >&2\nexit 1\n");
        assertThatThrownBy(() -> AgentProcess.start(home, directory.resolve("run")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("address in use");
    }

    @Test
    void knowsTheSourceTreeItIsRunFrom() {
        assertThat(Path.of(System.getProperty(AgentProcess.HOME_PROPERTY)).resolve("test-harness/pom.xml"))
                .exists();
    }

    private Path home(String script) throws IOException {
        Path launcher = directory.resolve("home/host-agent/bin/catena");
        Files.createDirectories(launcher.getParent());
        Files.writeString(launcher, script);
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
        return directory.resolve("home");
    }
}
