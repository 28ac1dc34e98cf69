package io.catena.harness.peer;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An agent as users run it: a process of its own, spoken to through the command line, killed and started again at will.
 *
 * <p>Both are {@code host-agent/bin/catena} of the source tree named by the system property {@value #HOME_PROPERTY}.
 * For one test thread.
 */
public final class AgentProcess implements AutoCloseable {
    /** System property: the top directory of the source tree. */
    public static final String HOME_PROPERTY = "catena.home";

    /** Long enough for the launcher to build the jar when it is missing. */
    private static final Duration START_DEADLINE = Duration.ofMinutes(5);

    private static final Duration END_DEADLINE = Duration.ofSeconds(30);
    private static final Duration COMMAND_DEADLINE = Duration.ofMinutes(10);

    private final Path launcher;
    private final Path runDirectory;
    private final List<String> options;
    private final Map<String, String> environment;
    private BackgroundProgram agent;

    private AgentProcess(Path launcher, Path runDirectory, List<String> options, Map<String, String> environment)
            throws IOException {
        this.launcher = launcher;
        this.runDirectory = runDirectory;
        this.options = options;
        this.environment = environment;
        this.agent = startAgent(launcher, runDirectory, options, environment);
    }

    /**
     * Starts the agent of this source tree and waits until it serves.
     *
     * @param runDirectory its run directory; a short path, because the name of a socket in it has 107 bytes at most
     * @param options what follows {@code catena agent}
     * @throws IOException if it ends or is silent instead; the message holds its log
     */
    public static AgentProcess start(Path runDirectory, String... options) throws IOException {
        return start(home(), runDirectory, List.of(options));
    }

    /**
     * Starts an agent that lives for seconds at a time: its JVM compiles quickly, not well. That halves what each start costs, for tests
     * that start many or kill it again and again.
     *
     * @throws IOException if it ends or is silent instead; the message holds its log
     */
    public static AgentProcess startShortLived(Path runDirectory, String... options) throws IOException {
        return startShortLived(home(), runDirectory, List.of(options));
    }

    /** As {@link #startShortLived(Path, String...)}, of another source tree. */
    public static AgentProcess startShortLived(Path home, Path runDirectory, List<String> options) throws IOException {
        return new AgentProcess(
                launcher(home), runDirectory, options, Map.of("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1"));
    }

    /** Returns the top directory of this source tree. */
    public static Path home() {
        String home = System.getProperty(HOME_PROPERTY);
        if (home == null) {
            throw new IllegalStateException("the system property " + HOME_PROPERTY
                    + " is not set; it has to name the top directory of Catena's source tree");
        }
        return Path.of(home);
    }

    /** Starts the agent of another source tree. */
    static AgentProcess start(Path home, Path runDirectory) throws IOException {
        return start(home, runDirectory, List.of());
    }

    /** Starts the agent of another source tree, for instance one of a former version. */
    public static AgentProcess start(Path home, Path runDirectory, List<String> options) throws IOException {
        return new AgentProcess(launcher(home), runDirectory, options, Map.of());
    }

    private static Path launcher(Path home) throws IOException {
        return home.toRealPath().resolve("host-agent/bin/catena");
    }

    private static BackgroundProgram startAgent(
            Path launcher, Path runDirectory, List<String> options, Map<String, String> environment)
            throws IOException {
        List<String> command =
                new ArrayList<>(List.of(launcher.toString(), "agent", "--run-dir", runDirectory.toString()));
        command.addAll(options);
        BackgroundProgram agent = BackgroundProgram.start(command, environment);
        try {
            agent.awaitLine("ready"::equals, START_DEADLINE);
            return agent;
        } catch (IOException | RuntimeException e) {
            agent.kill9();
            throw e;
        }
    }

    public Path runDirectory() {
        return runDirectory;
    }

    /**
     * Runs one command against this agent, with {@code --json}, whatever its exit code.
     *
     * @param arguments for instance {@code vdi}, {@code ls}, {@code my-sr}
     * @throws IOException if the command is not done within ten minutes
     */
    public Outcome tryCli(String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(launcher.toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("--run-dir", runDirectory.toString(), "--json"));
        return Programs.tryRun(COMMAND_DEADLINE, command.toArray(String[]::new));
    }

    /**
     * Runs one command against this agent, with {@code --json}.
     *
     * @throws IOException if it fails; the message holds its output and the agent's log
     */
    public Outcome cli(String... arguments) throws IOException {
        Outcome outcome = tryCli(arguments);
        if (outcome.exitCode() != 0) {
            throw new IOException("failed: " + outcome + "\nthe agent: " + log());
        }
        return outcome;
    }

    /** Ends the agent as a crash of its process would. */
    public void kill9() throws IOException {
        agent.kill9();
    }

    /**
     * Asks the agent to end and waits for it.
     *
     * @return its exit code
     * @throws IOException if it does not end within 30 seconds
     */
    public int terminate() throws IOException {
        return agent.terminate(END_DEADLINE);
    }

    /** Starts the agent again, with the same run directory, and waits until it serves; ends it first if it still runs. */
    public void restart() throws IOException {
        if (agent.isAlive()) {
            terminate();
        }
        agent = startAgent(launcher, runDirectory, options, environment);
    }

    public boolean isAlive() {
        return agent.isAlive();
    }

    /** The process id of the launcher; the same as the agent's if the launcher hands over to it. */
    public long pid() {
        return agent.pid();
    }

    /** State and log of the agent since its last start, for failure messages. */
    public String log() {
        return agent.describe();
    }

    @Override
    public void close() throws IOException {
        agent.close();
    }
}
