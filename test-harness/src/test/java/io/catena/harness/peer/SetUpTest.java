package io.catena.harness.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where nothing is set up, {@code e2e} says what is missing, or sets it up and packages the agent, before it tests anything. */
@Timeout(60)
class SetUpTest {
    private static final Path HOME = Path.of(System.getProperty(AgentProcess.HOME_PROPERTY));

    /** What every system has. */
    private static final List<String> BASICS = List.of("dirname", "readlink", "sed");

    @TempDir
    private Path directory;

    private Path programs;
    private Path said;

    @BeforeEach
    void makeSystem() throws IOException {
        programs = Files.createDirectory(directory.resolve("bin"));
        said = Files.createFile(directory.resolve("said"));
        for (String basic : BASICS) {
            Files.createSymbolicLink(programs.resolve(basic), Path.of("/usr/bin", basic));
        }
    }

    private void program(String name, String script) throws IOException {
        Path file = programs.resolve(name);
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** Notes how it was called. */
    private void notedProgram(String name) throws IOException {
        program(name, "echo \"$0 $*\" >>'" + said + "'");
    }

    private int e2e(String scenario) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(HOME.resolve("test-harness/bin/e2e").toString(), scenario);
        builder.environment().clear();
        builder.environment().put("PATH", programs.toString());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(said.toFile()))
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Process process = builder.start();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private String said() throws IOException {
        return Files.readString(said).replace(programs + "/", "");
    }

    @Test
    void whoIsNotRootIsToldWhatToInstall() throws Exception {
        program("id", "echo 1000");

        assertThat(e2e("nbd")).isEqualTo(1);

        assertThat(said())
                .startsWith("e2e: missing; install with: sudo apt-get install -y")
                .contains(" maven ", " qemu-utils ", " libnbd-bin ");
    }

    @Test
    void rootGetsWhatIsMissingAndThePackagedAgent() throws Exception {
        program("id", "echo 0");
        for (String name : List.of("apt-get", "apt-cache", "useradd", "mvn")) {
            notedProgram(name);
        }

        assertThat(e2e("nbd")).as(said()).isZero();

        assertThat(said().lines().filter(line -> line.startsWith("apt-get") || line.startsWith("mvn")))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("apt-get update"),
                        line -> assertThat(line).startsWith("apt-get install").contains(" qemu-utils"),
                        line -> assertThat(line).startsWith("mvn").contains(" package ", "host-agent"),
                        line -> assertThat(line).startsWith("mvn").contains(" verify ", "KernelNbdTest"));
    }

    @Test
    void aScenarioThatIsNoneIsToldBeforeAnythingIsSetUp() throws Exception {
        assertThat(e2e("nonsense")).isEqualTo(2);

        assertThat(said()).contains("no scenario \"nonsense\"; there are: ");
    }
}
