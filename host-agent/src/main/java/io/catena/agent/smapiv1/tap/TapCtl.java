package io.catena.agent.smapiv1.tap;

import io.catena.log.LogLine;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tapdisks by the program {@code tap-ctl} of blktap, in the steps of XenServer's own manager: allocate a number, spawn a process,
 * bring both together, open the image.
 */
final class TapCtl implements Tapdisks {
    private static final Logger LOG = Logger.getLogger(TapCtl.class.getName());

    /** More than tapdisk takes to close a disk, which waits for what is under way. */
    private static final int DEADLINE_SECONDS = 150;

    private static final Pattern LAST_NUMBER = Pattern.compile("(\\d+)\\D*$");
    private static final Pattern LISTED = Pattern.compile("pid=(\\d+) minor=(\\d+) .*?args=nbd:(\\S+)");

    private final String program;

    /**
     * @param program the name or path of {@code tap-ctl}
     */
    TapCtl(String program) {
        this.program = program;
    }

    @Override
    public Optional<Tap> find(Path socket) throws IOException {
        for (String line : run("list").lines().toList()) {
            Matcher listed = LISTED.matcher(line);
            if (listed.find() && listed.group(3).equals(socket.toString())) {
                return Optional.of(new Tap(Integer.parseInt(listed.group(1)), Integer.parseInt(listed.group(2))));
            }
        }
        return Optional.empty();
    }

    /** What was begun is undone in reverse order if a step fails. */
    @Override
    public Tap start(Path socket, boolean readOnly) throws IOException {
        int minor = number("allocate", run("allocate"));
        try {
            int pid = number("spawn", run("spawn"));
            Tap tap = new Tap(pid, minor);
            run("attach", "-p", "" + pid, "-m", "" + minor);
            try {
                open(tap, socket, readOnly);
                return tap;
            } catch (IOException e) {
                undo(e, "detach", "-p", "" + pid, "-m", "" + minor);
                throw e;
            }
        } catch (IOException e) {
            undo(e, "free", "-m", "" + minor);
            throw e;
        }
    }

    private void open(Tap tap, Path socket, boolean readOnly) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("open", "-p", "" + tap.pid(), "-m", "" + tap.minor(), "-a", "nbd:" + socket));
        if (readOnly) {
            arguments.add("-R");
        }
        run(arguments.toArray(String[]::new));
    }

    @Override
    public void reconnect(Tap tap, Path socket) throws IOException {
        run("pause", "-p", "" + tap.pid(), "-m", "" + tap.minor());
        run("unpause", "-p", "" + tap.pid(), "-m", "" + tap.minor(), "-a", "nbd:" + socket);
    }

    @Override
    public void stop(Tap tap) throws IOException {
        run("close", "-p", "" + tap.pid(), "-m", "" + tap.minor(), "-t", "120");
        run("detach", "-p", "" + tap.pid(), "-m", "" + tap.minor());
        run("free", "-m", "" + tap.minor());
    }

    private void undo(IOException reason, String... arguments) {
        try {
            run(arguments);
        } catch (IOException e) {
            reason.addSuppressed(e);
            LOG.log(Level.WARNING, LogLine.of("tap-ctl-undo-failed", "step", arguments[0]), e);
        }
    }

    /** Both a path that ends in a number and a number alone are answers of some version. */
    private static int number(String step, String output) throws IOException {
        Matcher number = LAST_NUMBER.matcher(output.strip());
        if (!number.find()) {
            throw new IOException("tap-ctl " + step + " says \"" + output.strip() + "\", expected a number");
        }
        return Integer.parseInt(number.group(1));
    }

    private String run(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile("catena-tap-ctl", ".out");
        try {
            // A tapdisk is a descendant that lives on; it must not hold a pipe that we wait for.
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
            if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("tap-ctl " + arguments[0] + " has not ended after " + DEADLINE_SECONDS + " s");
            }
            // The paths of others' disks are in it, which may have any bytes.
            String said = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw new IOException(
                        "tap-ctl " + arguments[0] + " failed with status " + process.exitValue() + ": " + said.strip());
            }
            return said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("tap-ctl " + arguments[0] + " was interrupted");
        } finally {
            Files.deleteIfExists(output);
        }
    }
}
