package io.catena.agent.demo;

import io.catena.agent.RunDirectory;
import io.catena.agent.control.client.ControlClient;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An agent in a process of its own, which ends with the tour.
 *
 * <p><b>Threads.</b> Used by the tour's thread; {@link #close} may be called by any, and ends what the tour is waiting
 * for.
 */
final class TourAgent implements Closeable {
    private static final Duration START_PATIENCE = Duration.ofSeconds(30);
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(10);
    private static final Duration ANSWER_PATIENCE = Duration.ofSeconds(60);

    private final List<String> command;
    private final Path runDirectory;
    private final Path log;

    /** Guarded by this. */
    private Process process;

    /** Guarded by this. */
    private boolean closed;

    private TourAgent(List<String> command, Path runDirectory, Path log) throws IOException {
        this.command = command;
        this.runDirectory = runDirectory;
        this.log = log;
        process = launch();
    }

    /**
     * Starts an agent and waits until it serves.
     *
     * @param agentCommand starts an agent, given a run directory
     * @param log takes its log
     */
    static TourAgent start(List<String> agentCommand, Path runDirectory, Path log) throws IOException {
        List<String> command = new ArrayList<>(agentCommand);
        command.addAll(List.of("--run-dir", runDirectory.toString()));
        TourAgent agent = new TourAgent(List.copyOf(command), runDirectory, log);
        try {
            agent.awaitReady();
            return agent;
        } catch (IOException e) {
            agent.close();
            throw e;
        }
    }

    private Process launch() throws IOException {
        return new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private void awaitReady() throws IOException {
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process().getInputStream(), StandardCharsets.UTF_8));
        CompletableFuture<String> firstLine = new CompletableFuture<>();
        Thread reader = new Thread(() -> firstLine.complete(readLine(out)), "agent-output");
        reader.setDaemon(true);
        reader.start();
        try {
            String line = firstLine.get(START_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (!line.equals("ready")) {
                throw new IOException("the agent says \"" + line + "\", expected \"ready\"; its log is " + log);
            }
        } catch (TimeoutException | ExecutionException e) {
            throw new IOException(
                    "the agent does not serve after " + START_PATIENCE.toSeconds() + " s; its log is " + log, e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Returns an empty line if the agent ends without one. */
    private static String readLine(BufferedReader out) {
        try {
            String line = out.readLine();
            return line == null ? "" : line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private synchronized Process process() {
        return process;
    }

    long pid() {
        return process().pid();
    }

    ControlClient control() {
        return new ControlClient(RunDirectory.controlSocket(runDirectory), ANSWER_PATIENCE);
    }

    /** Ends the process as {@code kill -9} would. */
    void kill() throws IOException {
        process().destroyForcibly();
        awaitEnd(STOP_PATIENCE);
    }

    /** Starts the agent again after a {@link #kill}. */
    void startAgain() throws IOException {
        synchronized (this) {
            if (closed) {
                throw new IOException("the tour is being ended");
            }
            process = launch();
        }
        awaitReady();
    }

    /** Asks the process to end; kills it if it does not. */
    @Override
    public void close() throws IOException {
        Process running;
        synchronized (this) {
            closed = true;
            running = process;
        }
        running.destroy();
        try {
            awaitEnd(STOP_PATIENCE);
        } catch (IOException e) {
            running.destroyForcibly();
            awaitEnd(STOP_PATIENCE);
        }
    }

    private void awaitEnd(Duration patience) throws IOException {
        try {
            if (!process().waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        "the agent, process " + pid() + ", did not end within " + patience.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static InterruptedIOException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        InterruptedIOException failure = new InterruptedIOException("interrupted while waiting for the agent");
        failure.initCause(e);
        return failure;
    }
}
