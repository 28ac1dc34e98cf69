package io.catena.harness.peer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A program that runs beside the test until closed. Its two outputs, as one sequence of lines, are kept for waiting on
 * and for failure messages; a thread of its own reads them.
 */
public final class BackgroundProgram implements AutoCloseable {
    private static final int MAX_LINES = 5_000;
    private static final Duration TERMINATE_DEADLINE = Duration.ofSeconds(10);
    private static final Duration OUTPUT_DEADLINE = Duration.ofSeconds(10);

    /** What still runs when the test's JVM ends before its tests do, because of a deadline or ^C. */
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> RUNNING.forEach(Process::destroyForcibly), "end of background programs"));
    }

    private final List<String> command;
    private final Process process;
    private final Thread reader;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** The newest lines; guarded by {@link #lock}. */
    private final Deque<String> lines = new ArrayDeque<>();

    /** Why the output could not be read to its end; guarded by {@link #lock}. */
    private @Nullable IOException readFailure;

    /** Whether the output has ended; guarded by {@link #lock}. */
    private boolean ended;

    private BackgroundProgram(List<String> command, Process process) {
        this.command = command;
        this.process = process;
        this.reader = new Thread(this::readOutput, "output of " + command.get(0) + " " + process.pid());
    }

    /**
     * Starts a program; its standard input stays open and empty until {@link #close}.
     *
     * @throws IOException if the program is missing
     */
    public static BackgroundProgram start(String... command) throws IOException {
        return start(List.of(command), Map.of());
    }

    /**
     * Starts a program as {@link #start(String...)} does.
     *
     * @param environment variables that it has besides those of the test
     */
    static BackgroundProgram start(List<String> command, Map<String, String> environment) throws IOException {
        Programs.require(command.get(0));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().putAll(environment);
        Process process = Traces.traced(builder).redirectErrorStream(true).start();
        BackgroundProgram program = new BackgroundProgram(command, process);
        RUNNING.add(process);
        program.reader.setDaemon(true);
        program.reader.start();
        return program;
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** The lines written so far, the newest last; of a long output only the end. */
    public List<String> output() {
        lock.lock();
        try {
            return List.copyOf(lines);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for a line and returns the first that fits, which may be one written before the call.
     *
     * @throws IOException if the output ends without it, or the deadline passes; the message holds the output
     */
    public String awaitLine(Predicate<String> wanted, Duration deadline) throws IOException {
        long left = deadline.toNanos();
        lock.lock();
        try {
            while (true) {
                for (String line : lines) {
                    if (wanted.test(line)) {
                        return line;
                    }
                }
                if (ended) {
                    throw new IOException("ended without the line waited for: " + describe(), readFailure);
                }
                if (left <= 0) {
                    throw new IOException("not the line waited for in " + deadline.toSeconds() + " s: " + describe());
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a line of " + command);
        } finally {
            lock.unlock();
        }
    }

    /** Ends the program and its children as a crash would, with SIGKILL, and waits until it is gone. */
    public void kill9() throws IOException {
        Programs.killTree(process);
        joinReader();
    }

    /**
     * Asks the program to end (end of input, SIGTERM) and returns its exit code.
     *
     * @throws IOException if it does not end in time; it is killed then
     */
    public int terminate(Duration deadline) throws IOException {
        process.getOutputStream().close();
        process.toHandle().destroy();
        if (!Programs.awaitEnd(process, deadline)) {
            Programs.killTree(process);
            throw new IOException("still there " + deadline.toSeconds() + " s after SIGTERM, killed: " + describe());
        }
        joinReader();
        return process.exitValue();
    }

    /** Ends the program if it is still running: asks, and after ten seconds kills. */
    @Override
    public void close() throws IOException {
        if (process.isAlive()) {
            terminate(TERMINATE_DEADLINE);
        }
    }

    /** The command, its state and its output, for failure messages. */
    public String describe() {
        String state = process.isAlive() ? "running as process " + process.pid() : "exit code " + process.exitValue();
        return String.join(" ", command) + "\n" + state + "\n" + String.join("\n", output());
    }

    private void joinReader() throws InterruptedIOException {
        RUNNING.remove(process);
        try {
            reader.join(OUTPUT_DEADLINE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading the rest of the output of " + command);
        }
    }

    private void readOutput() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                add(line);
            }
            end(null);
        } catch (IOException e) {
            end(e);
        }
    }

    private void add(String line) {
        lock.lock();
        try {
            if (lines.size() == MAX_LINES) {
                lines.removeFirst();
            }
            lines.addLast(line);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void end(@Nullable IOException failure) {
        lock.lock();
        try {
            readFailure = failure;
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
