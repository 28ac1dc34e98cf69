package io.catena.harness.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A foreign program that a test runs.
 *
 * @param install the command line that brings the program, for whoever lacks it
 */
public record Tool(String program, String install) {
    /**
     * Runs the program and returns what it printed.
     *
     * @throws AssertionError if it is not installed, fails, or has not ended after {@code deadline}
     */
    public String run(Duration deadline, String... arguments) throws IOException, InterruptedException {
        Run run = start(deadline, arguments);
        if (run.exitCode() != 0) {
            throw new AssertionError(
                    program + " " + List.of(arguments) + " exits with " + run.exitCode() + ":\n" + run.output());
        }
        return run.output();
    }

    /** Like {@link #run}, for a program that may fail. */
    public Run start(Duration deadline, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("catena-tool", ".txt");
        try {
            Process process = launch(command, output);
            try {
                if (!process.waitFor(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new AssertionError(
                            command + " has not ended after " + deadline + ":\n" + Files.readString(output));
                }
            } finally {
                process.destroyForcibly();
            }
            return new Run(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private Process launch(List<String> command, Path output) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new AssertionError(program + " cannot be run; install it with: " + install, e);
        }
    }

    /** How a program ended, and all that it printed. */
    public record Run(int exitCode, String output) {}
}
