package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramsTest {
    private static final Duration DEADLINE = Duration.ofSeconds(30);

    @Test
    void keepsBothOutputsAndTheExitCode() throws Exception {
        Outcome outcome = Programs.tryRun(DEADLINE, "sh", "-c", "echo '{\"a\":1}'; echo oops >&2; exit 3");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.json().getAsJsonObject().get("a").getAsInt()).isEqualTo(1);
        assertThat(outcome.stderr()).isEqualTo("oops\n");
    }

    @Test
    void takesAnotherExitCodeThanZeroForAFailureAndShowsAll() {
        assertThatThrownBy(() -> Programs.run(DEADLINE, "sh", "-c", "echo out; echo oops >&2; exit 3"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("exit code 3", "stdout: out", "stderr: oops");
    }

    @Test
    void killsAProgramAndItsChildrenAtTheDeadline(@TempDir Path directory) throws Exception {
        Path child = directory.resolve("child");
        String script = "echo started; sleep 60 & echo $! >" + child + "; wait";
        assertThatThrownBy(() -> Programs.run(Duration.ofMillis(500), "sh", "-c", script))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("killed", "exit code 137", "stdout: started");
        long pid = Long.parseLong(Files.readString(child).trim());
        Optional<ProcessHandle> left = ProcessHandle.of(pid);
        if (left.isPresent()) {
            left.get().onExit().get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void aDaemonThatKeepsTheOutputOpenDoesNotHoldTheCallerUp() throws Exception {
        Outcome outcome = Programs.run(Duration.ofSeconds(20), "sh", "-c", "sleep 60 & echo $!");
        ProcessHandle daemon =
                ProcessHandle.of(Long.parseLong(outcome.stdout().trim())).orElseThrow();
        assertThat(daemon.destroyForcibly()).isTrue();
    }

    @Test
    void saysHowToInstallWhatIsMissing() {
        assertThatThrownBy(() -> Programs.require("no-such-program-as-this"))
                .isInstanceOf(IOException.class)
                .hasMessage("no-such-program-as-this is not installed: apt-get install -y no-such-program-as-this");
        assertThat(Programs.installLine("vhdimount")).isEqualTo("apt-get install -y libvhdi-utils");
        assertThat(Programs.installLine("fio")).isEqualTo("apt-get install -y fio");
    }
}
