package io.catena.agent.mount;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the system's programs. To mount by {@code mount(8)} and not by {@code mount(2)} leaves it to {@code mount.nfs} to look up the
 * server and to agree with it on what both can do; and a call that the kernel does not let go of is another process's, not a thread
 * of this one that never ends.
 */
@FunctionalInterface
interface Programs {
    /** How much of the output of a program is read. */
    int MOST_BYTES = 1 << 20;

    /**
     * What a program ended with.
     *
     * @param output what it wrote, at most {@link #MOST_BYTES} of it, without blanks at its ends
     */
    record Result(int exitCode, String output) {}

    /**
     * Runs a program to its end.
     *
     * @throws IOException if there is none, or it has not ended after {@code limit}
     */
    Result run(Duration limit, List<String> command) throws IOException;

    /** Returns what runs real programs. */
    static Programs real() {
        return Programs::runReal;
    }

    /** Its output goes to a file, since reading from a pipe could not be given up. */
    private static Result runReal(Duration limit, List<String> command) throws IOException {
        Path output = Files.createTempFile("catena-mount", ".out");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            builder.environment().put("LC_ALL", "C");
            Process process = builder.start();
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new IOException(command.get(0) + " has not ended after " + limit.toSeconds() + " s");
            }
            return new Result(process.exitValue(), beginningOf(output));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(command.get(0) + " was not waited for");
        } finally {
            Files.deleteIfExists(output);
        }
    }

    /** A server tells as much as it likes, in any bytes. */
    private static String beginningOf(Path output) throws IOException {
        try (InputStream in = Files.newInputStream(output)) {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8).strip();
        }
    }
}
